/**
 * The UNet compiled for one picture size and one plan: evaluates the guided prediction without creating anything. In canvas mode
 * it is recorded once for every size of canvas.
 *
 * @module
 */
import type { Device } from "../gpu/device.ts";
import { Graph } from "../gpu/graph.ts";
import type { Program } from "../gpu/program.ts";
import type { StreamedProgram } from "../gpu/streamed_program.ts";
import { writeFloats, writeTensor } from "../gpu/storage.ts";
import { padChannels, type Tensor } from "../gpu/tensor.ts";
import { sinusoids, timeDim, unet, type UNetConfig } from "../nn/unet.ts";
import { callInput, callWords, guide, latentsIn, rescale } from "../ops/latents.ts";
import type { Evaluate } from "../sample/types.ts";
import { type Batch, type Conditioning, joinContext, type PromptKey } from "./conditioning.ts";
import type { EncodedPrompt } from "./encode_prompts.ts";
import type { DeviceLatents, Slot } from "./latent_space.ts";
import type { Model } from "./model.ts";

/** What a denoiser is compiled for. */
export interface DenoiserOptions {
  conditioning: Conditioning;
  embedding: (key: PromptKey) => EncodedPrompt;
  cfgScale: number;
  /** φ of guidance rescale; 0 is off. */
  guidanceRescale: number;
  /** SDXL: original height and width, crop top and left, target height and width. */
  sizes: number[];
}

/** A compiled UNet. */
export class Denoiser {
  private constructor(
    readonly device: Device,
    readonly program: Program | StreamedProgram,
    readonly prompts: Program | StreamedProgram,
    readonly evaluate: Evaluate<Slot>,
  ) {}

  /** Records, compiles, and computes all that depends on the prompts only. */
  static async create(model: Model, latents: DeviceLatents, options: DenoiserOptions): Promise<Denoiser> {
    const { device, unetConfig: config, unetWeights: weights, precision } = model;
    const { conditioning, embedding, guidanceRescale, cfgScale } = options;
    const { height, width, channels } = latents.size;
    const context = joinContext(conditioning.seen, embedding);
    const dim = context.values.length / context.tokens;

    const promptGraph = new Graph(device, "prompts", precision);
    const g = new Graph(device, "unet", precision);
    const contextTensor = promptGraph.input("context", [1, context.tokens, dim]);
    const call = callInput(g);
    const padded = padChannels(channels);
    const affine = {
      multiply: g.constant("ones", new Float32Array(padded).fill(1)),
      add: g.constant("zeros", new Float32Array(padded)),
    };
    const keys = new Map<string, Tensor>();
    const rescaled = guidanceRescale > 0 && cfgScale > 1;
    const batches = conditioning.batches(height, width);
    const inputs = batches.map((batch, i) => {
      const n = batch.entries.length;
      const time = g.input("time", [n, 1, timeDim(config)]);
      const guidance = config.guidanceDim ? g.input("guidance", [n, 1, config.guidanceDim]) : undefined;
      const added = config.addedDim ? promptGraph.input("added", [n, 1, config.addedDim]) : undefined;
      const origins = g.constant("origins", Uint32Array.from(batch.origins.flat()));
      const windows = { batch: n, height: batch.height, width: batch.width, origins };
      const prediction = unet(g, weights, config, {
        latents: latentsIn(g, latents.tensor, call, windows, affine),
        time,
        guidance,
      }, {
        graph: promptGraph,
        context: contextTensor,
        added,
        keys,
        map: (h, w) => batch.map(h, w, context.rows),
      });
      const sum = (share: Float32Array<ArrayBuffer>, scratch: boolean) =>
        guide(g, prediction, origins, g.constant("share", share), call, latents.tensor, { scratch, more: i > 0 });
      sum(batch.share, false);
      if (rescaled) sum(batch.conditionalShare, true);
      return { batch, time, guidance, added };
    });
    if (rescaled) rescale(g, call, latents.tensor, guidanceRescale, channels);

    const stream = model.unetStream;
    const compiled = (graph: Graph) => stream ? graph.compileStreamed(stream) : graph.compile();
    const prompts = await compiled(promptGraph);
    writeFloats(device, contextTensor, context.values);
    for (const { batch, added } of inputs) {
      if (added) writeFloats(device, added, addedEmbeddings(config, batch, options));
    }
    const program = await compiled(g);
    await prompts.run();
    for (const { batch, guidance } of inputs) {
      if (!guidance) continue;
      // Distilled guidance (LCM, arXiv 2310.04378): sinusoids of 1000·(s − 1).
      const one = sinusoids([(cfgScale - 1) * 1000], config.guidanceDim, { flipSinToCos: false, freqShift: 1 });
      writeFloats(device, guidance, repeat(one, batch.entries.length));
    }
    return new Denoiser(device, program, prompts, async (x, { timestep, inputScale }) => {
      const out = latents.take();
      writeTensor(device, call, callWords({ slot: x, scale: inputScale, out }));
      const sinusoid = sinusoids([timestep], timeDim(config), config);
      for (const { batch, time } of inputs) writeFloats(device, time, repeat(sinusoid, batch.entries.length));
      await program.run();
      return out;
    });
  }

  /** Frees the activations. */
  destroy(): void {
    this.program.destroy();
    this.prompts.destroy();
  }
}

/** SDXL's added embeddings of each entry: pooled prompt, then sinusoids of the six sizes [entries, addedDim]. */
function addedEmbeddings(config: UNetConfig, { entries }: Batch, options: DenoiserOptions): Float32Array {
  const out = new Float32Array(entries.length * config.addedDim);
  const sizes = sinusoids(options.sizes, config.addedTimeDim, config);
  entries.forEach(({ pooled }, i) => {
    const vector = options.embedding(pooled).pooled!;
    out.set(vector, i * config.addedDim);
    out.set(sizes, i * config.addedDim + vector.length);
  });
  return out;
}

function repeat(row: Float32Array, count: number): Float32Array {
  const out = new Float32Array(row.length * count);
  for (let i = 0; i < count; i++) out.set(row, i * row.length);
  return out;
}
