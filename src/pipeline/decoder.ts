/**
 * Latents to pixels, whole or in tiles.
 *
 * @module
 */
import { GpuError } from "../errors.ts";
import { Graph } from "../gpu/graph.ts";
import { writeTensor } from "../gpu/storage.ts";
import { padChannels, type Tensor } from "../gpu/tensor.ts";
import { type TaesdConfig, taesdDecode } from "../nn/taesd.ts";
import { decode, type VaeConfig } from "../nn/vae.ts";
import { pixels } from "../ops/elementwise.ts";
import type { Picture } from "../picture/picture.ts";
import { callInput, callWords, latentsIn } from "../ops/latents.ts";
import type { Drawing } from "./drawing.ts";
import { type DeviceLatents, type LatentSize, latentsTensor, type Slot } from "./latent_space.ts";
import type { Model } from "./model.ts";
import { declareDecoder, type Networks } from "./networks.ts";
import type { Part } from "./part.ts";
import type { Stage } from "./stage.ts";
import { blendTiles, OVERLAP, type Tile, tilesOf, tileWindow, type TilingOptions, type Window } from "./tiles.ts";

/** What turns latents into pixels: the model's VAE, or a TAESD in its place. */
export type Decoder = Part<VaeConfig> | Part<TaesdConfig>;

/** What decodes a drawing's finished latents. */
export function decoderOf(
  { decoder }: Pick<Networks, "decoder">,
  { tiny, settings }: Pick<Drawing, "tiny" | "settings">,
): Decoder {
  return tiny && !settings.taesdPreviewOnly ? tiny : decoder;
}

/** The same drawing, decoded by the model's own VAE. */
export function byVae({ decoder }: Pick<Networks, "decoder">, drawing: Drawing): Drawing {
  const window = decodingWindow(decoder, drawing.size, drawing.settings);
  const stages = { ...drawing.stages, decoding: decodingStage({ decoder }, drawing.size, window) };
  return { ...drawing, tiny: undefined, window, stages };
}

/** Decoding, whole or tile by tile. */
export function decodingStage({ decoder }: { decoder: Decoder }, size: LatentSize, window: Window): Stage {
  const latents = latentsTensor(size);
  return {
    name: "decoding",
    parts: [decoder],
    heldBytes: latents.bytes,
    record: () => [[recordDecoder(decoder, latents, window).graph]],
  };
}

/**
 * Makes ready what decodes, for when the device has steps to compute meanwhile: its pipelines, and its weights unless
 * memory is scarce. Then they come when they are needed, even where they may stay: no memory plan has room for what
 * travels beside a step's activations.
 */
export async function readyDecoder(
  model: Model,
  { stages: { decoding }, offload }: Pick<Drawing, "stages" | "offload">,
  signal?: AbortSignal,
): Promise<void> {
  if (!offload && !model.offload) await model.load(decoding.parts, { signal });
  for (const graph of decoding.record().flat()) await graph.pipelines(signal);
}

/**
 * Decodes a slot. A picture in which the VAE overflows f16 is decoded anew in f32; the next one finds it in f16 again.
 * @throws GpuError where the latents, or the picture even in f32, hold values that are no numbers
 */
export async function decodePicture(
  model: Model,
  { stages, window, offload, settings, tiny }: Drawing,
  latents: DeviceLatents,
  slot: Slot,
  signal?: AbortSignal,
): Promise<Picture> {
  const { decoder } = model;
  if (tiny && decoderOf(model, { tiny, settings }) === tiny) {
    return await decodeTiny(model, tiny, offload, latents, slot, signal);
  }
  {
    using _there = await model.hold(stages.decoding, offload, signal);
    const picture = await decodeWith(model, decoder, latents, slot, window, signal);
    if (picture) return picture;
  }
  if (!(await latents.read(slot)).every(Number.isFinite)) {
    const way = model.precision === "f32" ? "Lower the guidance, or what LoRAs weigh." : "Try --type f32.";
    throw new GpuError(`The latents hold NaN or Inf values, so there is no picture. ${way}`);
  }
  if (decoder.weights.precision === "f16") {
    decoder.weights.release();
    const wide = declareDecoder(model.device, "f32", decoder.network, decoder.source);
    const tile = decodingWindow(wide, latents.size, settings);
    using _there = await model.hold(decodingStage({ decoder: wide }, latents.size, tile), true, signal);
    const picture = await decodeWith(model, wide, latents, slot, tile, signal);
    if (picture) return picture;
  }
  throw new GpuError("The picture holds NaN or Inf values, so it was discarded. Try another seed or sampler.");
}

/** Decodes a slot by a TAESD. @throws GpuError where the picture holds values that are no numbers */
export async function decodeTiny(
  model: Model,
  tiny: Part<TaesdConfig>,
  offload: Drawing["offload"],
  latents: DeviceLatents,
  slot: Slot,
  signal?: AbortSignal,
): Promise<Picture> {
  const window = decodingWindow(tiny, latents.size, {});
  using _there = await model.hold(decodingStage({ decoder: tiny }, latents.size, window), offload, signal);
  const picture = await decodeWith(model, tiny, latents, slot, window, signal);
  if (picture) return picture;
  throw new GpuError("The picture holds NaN or Inf values, so it was discarded. Leave out --taesd.");
}

/** The picture, or nothing where it holds values that are no numbers. */
async function decodeWith(
  model: Model,
  decoder: Decoder,
  latents: DeviceLatents,
  slot: Slot,
  window: Window,
  signal?: AbortSignal,
): Promise<Picture | undefined> {
  const { device } = latents;
  const { factor } = decoder.network;
  const { height, width } = latents.size;
  const { graph, call, origin, out } = recordDecoder(decoder, latents.tensor, window);
  const program = await graph.compile(signal);
  try {
    const decoded: { tile: Tile; data: Uint8Array }[] = [];
    for (const tile of tilesOf(latents.size, window, OVERLAP)) {
      model.expectOpen();
      writeTensor(device, call, callWords({ slot, scale: 1 }));
      writeTensor(device, origin, Uint32Array.of(tile.x, tile.y));
      const bytes = await program.read(out, signal);
      const data = new Uint8Array(bytes, 0, tile.width * tile.height * factor * factor * 4);
      for (let i = 3; i < data.length; i += 4) if (data[i] === 0) return undefined;
      decoded.push({ tile, data });
    }
    const data = decoded.length === 1 ? decoded[0].data : blendTiles(decoded, width, height, factor, OVERLAP);
    return { width: width * factor, height: height * factor, data };
  } finally {
    program.destroy();
  }
}

/** Records the decoder over a window of the latents. */
function recordDecoder({ network, weights }: Decoder, latents: Tensor, window: Window) {
  const graph = new Graph(weights.device, "vae decoder", weights.precision);
  const call = callInput(graph);
  const origin = graph.input("origin", [1, 2], "u32", "plain");
  const { multiply, add } = isTiny(network) ? asTheyAre(network) : latentAffine(network);
  const affine = { multiply: graph.constant("multiply", multiply), add: graph.constant("add", add) };
  const input = latentsIn(graph, latents, call, { batch: 1, ...window, origins: origin }, affine);
  const decoded = isTiny(network)
    ? pixels(graph, taesdDecode(graph, weights, network, input), 0)
    : pixels(graph, decode(graph, weights, network, input));
  const out = graph.output(decoded);
  return { graph, call, origin, out };
}

function isTiny(network: VaeConfig | TaesdConfig): network is TaesdConfig {
  return "decoder" in network;
}

/** A TAESD takes latents as the denoiser has them. */
function asTheyAre({ latentChannels }: TaesdConfig) {
  const channels = padChannels(latentChannels);
  return { multiply: new Float32Array(channels).fill(1), add: new Float32Array(channels) };
}

/** What is decoded at once: the whole picture, or a tile of it. In latents. */
export function decodingWindow(decoder: Decoder, size: LatentSize, options: TilingOptions): Window {
  return tileWindow(size, decoder.network.factor, options, (window) => {
    recordDecoder(decoder, latentsTensor(size), window);
  });
}

/** Per channel, z = latents · std / scaling factor + mean + shift. */
export function latentAffine({ latentChannels: c, scalingFactor, shiftFactor, latentsMean, latentsStd }: VaeConfig) {
  const multiply = new Float32Array(padChannels(c));
  const add = new Float32Array(padChannels(c));
  for (let i = 0; i < c; i++) {
    multiply[i] = latentsStd[i] / scalingFactor;
    add[i] = latentsMean[i] + shiftFactor;
  }
  return { multiply, add };
}
