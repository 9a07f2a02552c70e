/**
 * Where a model sees things in a picture: the picture's latents are noised to a few levels in the middle of the
 * schedule, the backbone looks at them with a caption, and its cross-attention says where each word was seen (DAAM,
 * Tang et al., arXiv 2210.04885).
 *
 * @module
 */
import { orCancelled } from "../errors.ts";
import { Graph } from "../gpu/graph.ts";
import type { Program } from "../gpu/program.ts";
import { placeAlone, releasePlace, writeFloats, writeTensor } from "../gpu/storage.ts";
import type { Tensor } from "../gpu/tensor.ts";
import type { StreamedProgram } from "../gpu/streamed_program.ts";
import { vectorInputs } from "../nn/backbone.ts";
import { HeatSums } from "../nn/heat.ts";
import { callInput, callWords } from "../ops/latents.ts";
import { filled, type Picture } from "../picture/picture.ts";
import { stretched } from "../picture/stretched.ts";
import { noised } from "../sample/level.ts";
import { noiseGenerator } from "../sample/noise.ts";
import { runOf } from "../sample/scaling.ts";
import { tokenize } from "../text/chunks.ts";
import { nounPositions } from "../text/positions.ts";
import { shownOf } from "./beginning.ts";
import { reader, shownTensor } from "./denoiser.ts";
import type { Drawing } from "./drawing.ts";
import { encodePictures, sampleLatents } from "./encoder.ts";
import { beginPrompts, encodingStages, tokenizePrompts } from "./encode_prompts.ts";
import { DeviceLatents, latentsTensor } from "./latent_space.ts";
import type { Model } from "./model.ts";
import type { Networks } from "./networks.ts";
import { prepare } from "./prepare.ts";
import type { Stage } from "./stage.ts";

/** Where each phrase was seen. */
export interface Heat {
  /** Width of the maps: that of the latents. */
  width: number;
  height: number;
  /** For each phrase, mean attention to its noun at each place [height·width], 0 … 1. */
  maps: Float32Array[];
}

/** A look that is prepared. */
export interface Look {
  /** Its sampling stage does the looking. */
  readonly drawing: Drawing;
  /** How much each token of the caption counts for each phrase. */
  readonly words: readonly Float32Array[];
}

/** The picture is looked at in these steps of a schedule of so many. */
const STEPS = 20;
const LEVELS = [8, 10, 12, 14];

/**
 * Settles a look, as `prepare` settles a drawing; its stages tell the memory plan what it needs.
 *
 * @param caption what the picture shows; phrases that it lacks are added to it
 * @throws UsageError where the model cannot draw pictures of this size
 */
export async function prepareLook(
  networks: Networks,
  picture: Picture,
  caption: string,
  phrases: readonly string[],
): Promise<Look> {
  const { checkpoint: { tokenizers: [tokenizer], preset }, backbone, decoder } = networks;
  const positions = (text: string, phrase: string) =>
    nounPositions(tokenizer, tokenize(tokenizer, text).chunks, phrase);
  const unsaid = phrases.filter((phrase) => positions(caption, phrase).length === 0);
  const said = [caption, ...unsaid].filter(Boolean).join(", ");
  const { factor, latentChannels } = decoder.network;
  const scale = Math.min(1, 2 * Math.max(preset.width, preset.height) / Math.max(picture.width, picture.height));
  const side = (pixels: number) => Math.max(1, Math.round(pixels * scale / factor)) * factor;
  // Networks for inpainting want a mask; what they are shown here is the whole picture.
  const inpaints = backbone.network.inChannels > latentChannels;
  const drawing = await prepare(networks, {
    prompt: "",
    initImage: picture,
    ...(inpaints ? { mask: filled(picture.width, picture.height, [255, 255, 255, 255]) } : {}),
    width: side(picture.width),
    height: side(picture.height),
    strength: 1,
    steps: STEPS,
    cfgScale: 1,
  });
  const { prompts } = tokenizePrompts(networks, [said], drawing.settings);
  const [{ chunks: [chunks] }] = prompts.texts;
  const tokens = chunks.length * tokenizer.maxLength;
  const words = phrases.map((phrase) => {
    const at = positions(said, phrase);
    return Float32Array.from({ length: tokens }, (_, i) => at.includes(i) ? 1 / at.length : 0);
  });
  const stages = {
    ...drawing.stages,
    encoding: encodingStages(networks, prompts),
    sampling: lookingStage(networks, drawing, words),
  };
  return { drawing: { ...drawing, prompts, stages }, words };
}

/** Looking: the backbone over the whole picture, without guidance, and the sums of what it sees. */
function lookingStage(networks: Networks, { size }: Drawing, words: readonly Float32Array[]): Stage {
  const latents = latentsTensor(size);
  const shown = shownTensor(networks, size);
  return {
    name: "looking",
    parts: [networks.backbone],
    streams: true,
    heldBytes: latents.bytes + (shown?.bytes ?? 0),
    record() {
      const { prompts, looking } = recordLooking(networks, latents, shown, words);
      return [[prompts, looking]];
    },
  };
}

function recordLooking(
  { backbone: { network, weights } }: Networks,
  latents: Tensor,
  shown: Tensor | undefined,
  words: readonly Float32Array[],
) {
  const { device, precision } = weights;
  const [, height, width] = latents.shape;
  const tokens = words[0].length;
  const prompts = new Graph(device, "prompts", precision);
  const context = prompts.input("context", [1, tokens, network.contextDim]);
  const g = new Graph(device, "looking", precision);
  const sums = new HeatSums(g, words);
  const call = callInput(g);
  const windows = { batch: 1, height, width, origins: g.constant("origins", new Uint32Array(2)) };
  const { input } = reader(g, latents, shown, call)(windows);
  const step = vectorInputs(g, network.stepVectors, 1);
  const entry = vectorInputs(g, network.entryVectors, 1);
  const sights = [{ start: 0, count: tokens }];
  network.record(g, weights, { latents: input, step, entry }, {
    graph: prompts,
    context,
    keys: new Map(),
    watch: sums.watch,
    map: (h, w) => ({ regionOfRow: new Uint32Array(h * w), sights }),
  });
  return { prompts, looking: g, context, call, step, entry, sums };
}

/**
 * Looks. Nothing is read back before the last evaluation.
 *
 * @throws CancelledError when `signal` aborts
 */
export async function look(model: Model, prepared: Look, signal?: AbortSignal): Promise<Heat> {
  try {
    return await heatOf(model, prepared, signal);
  } catch (error) {
    throw orCancelled(error, signal);
  }
}

async function heatOf(model: Model, { drawing, words }: Look, signal?: AbortSignal): Promise<Heat> {
  const { device, backbone: { network }, decoder: { network: vae } } = model;
  const { stages, offload, size, schedule, prompts, settings: { width, height, cfgScale } } = drawing;
  using _turn = await model.turn(signal);
  model.adapt([]);
  await using encoding = await beginPrompts(model, drawing, signal);
  const [posterior] = await encodePictures(model, drawing, [{ picture: drawing.start!.picture }], signal);
  const mean = sampleLatents(posterior, vae, { normal: (count) => new Float32Array(count) });
  using latents = await DeviceLatents.create(device, size, noiseGenerator("cpu", 0));
  using _there = await model.hold(stages.sampling, offload, signal);
  const shown = shownTensor(model, size);
  const recorded = recordLooking(model, latents.tensor, shown, words);
  const stream = offload === "stream" ? model.streamOf(stages.sampling, signal) : undefined;
  const programs: (Program | StreamedProgram)[] = [];
  try {
    const nothing = new Float32Array(size.height * size.width);
    if (shown) writeFloats(device, placeAlone(device, shown), shownOf(nothing, mean, size));
    for (const graph of [recorded.prompts, recorded.looking]) {
      programs.push(await (stream ? graph.compileStreamed(stream, signal) : graph.compile(signal)));
    }
    const encoded = (await encoding.encoded).get(prompts.texts[0].prompt)!;
    writeFloats(device, recorded.context, encoded.states);
    const sizes = [height, width, 0, 0, height, width];
    for (const [name, tensor] of Object.entries(recorded.entry)) {
      writeFloats(device, tensor, network.entryVectors[name].of({ pooled: encoded.pooled, sizes }));
    }
    recorded.sums.clear();
    await programs[0].run();
    const { predict } = runOf(latents, async (x, { timestep, inputScale }) => {
      writeTensor(device, recorded.call, callWords({ slot: x, scale: inputScale }));
      for (const [name, { of }] of Object.entries(network.stepVectors)) {
        writeFloats(device, recorded.step[name], of({ timestep, guidance: cfgScale }));
      }
      await programs[1].run();
      return x;
    }, schedule);
    const original = latents.hold(latents.write(mean));
    for (const level of LEVELS.map((step) => schedule.strides[step].from)) {
      await predict(latents.combine(noised(level, original, latents.noise())), level);
      latents.keepOnly([]);
      await device.finished(signal);
    }
    return together(await recorded.sums.read(), size);
  } finally {
    programs.forEach((program) => program.destroy());
    if (shown) releasePlace(device, shown);
  }
}

/** The mean over the layers of all sizes, each brought to the latents' size. */
function together(sums: Awaited<ReturnType<HeatSums["read"]>>, { height, width }: Drawing["size"]): Heat {
  const layers = sums.reduce((total, sum) => total + sum.layers, 0) * LEVELS.length;
  const maps = sums[0].maps.map(() => new Float32Array(height * width));
  for (const { maps: own, height: h, width: w } of sums) {
    own.forEach((map, k) => {
      const large = stretched(map, w, h, width, height);
      large.forEach((value, i) => maps[k][i] += value / layers);
    });
  }
  return { height, width, maps };
}
