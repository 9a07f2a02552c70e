/**
 * The UNet compiled for one picture size and one plan: evaluates the guided prediction without creating anything.
 *
 * @module
 */
import type { Device } from "../gpu/device.ts";
import { Graph } from "../gpu/graph.ts";
import type { Program } from "../gpu/program.ts";
import type { StreamedProgram } from "../gpu/streamed_program.ts";
import { writeFloats, writeTensor } from "../gpu/storage.ts";
import { padChannels } from "../gpu/tensor.ts";
import { sinusoids, timeDim, unet, type UNetConfig } from "../nn/unet.ts";
import type { AttentionMap } from "../ops/attention.ts";
import { callInput, callWords, guide, latentsIn, rescale } from "../ops/latents.ts";
import type { Evaluate } from "../sample/types.ts";
import { type Conditioning, joinContext, type PromptKey } from "./conditioning.ts";
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
    const { conditioning, embedding } = options;
    const { height, width } = latents.size;
    const batch = conditioning.entries.length;
    const context = joinContext(conditioning.seen, embedding);
    const dim = context.values.length / context.tokens;

    const promptGraph = new Graph(device, "prompts", precision);
    const g = new Graph(device, "unet", precision);
    const contextTensor = promptGraph.input("context", [1, context.tokens, dim]);
    const added = config.addedDim ? promptGraph.input("added", [batch, 1, config.addedDim]) : undefined;
    const call = callInput(g);
    const time = g.input("time", [batch, 1, timeDim(config)]);
    const guidance = config.guidanceDim ? g.input("guidance", [batch, 1, config.guidanceDim]) : undefined;
    const channels = padChannels(latents.size.channels);
    const affine = {
      multiply: g.constant("ones", new Float32Array(channels).fill(1)),
      add: g.constant("zeros", new Float32Array(channels)),
    };
    const maps = new Map<string, AttentionMap>();
    const prediction = unet(g, weights, config, {
      latents: latentsIn(g, latents.tensor, call, batch, affine),
      time,
      guidance,
    }, {
      graph: promptGraph,
      context: contextTensor,
      added,
      map(h, w) {
        const key = `${h}×${w}`;
        if (!maps.has(key)) maps.set(key, conditioning.map(h, w, context.rows));
        return maps.get(key)!;
      },
    });
    guide(g, prediction, g.constant("share", conditioning.share(height, width)), call, latents.tensor);
    if (options.guidanceRescale > 0 && options.cfgScale > 1) {
      const share = g.constant("conditional share", conditioning.conditionalShare(height, width));
      guide(g, prediction, share, call, latents.tensor, true);
      rescale(g, call, latents.tensor, options.guidanceRescale, latents.size.channels);
    }

    const stream = model.unetStream;
    const compiled = (graph: Graph) => stream ? graph.compileStreamed(stream) : graph.compile();
    const prompts = await compiled(promptGraph);
    writeFloats(device, contextTensor, context.values);
    if (added) writeFloats(device, added, addedEmbeddings(config, conditioning, options));
    const program = await compiled(g);
    await prompts.run();
    if (guidance) {
      // Distilled guidance (LCM, arXiv 2310.04378): sinusoids of 1000·(s − 1).
      const one = sinusoids([(options.cfgScale - 1) * 1000], config.guidanceDim, { flipSinToCos: false, freqShift: 1 });
      writeFloats(device, guidance, repeat(one, batch));
    }
    return new Denoiser(device, program, prompts, async (x, { timestep, inputScale }) => {
      const out = latents.take();
      writeTensor(device, call, callWords({ slot: x, scale: inputScale, out }));
      writeFloats(device, time, repeat(sinusoids([timestep], timeDim(config), config), batch));
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
function addedEmbeddings(config: UNetConfig, conditioning: Conditioning, options: DenoiserOptions): Float32Array {
  const out = new Float32Array(conditioning.entries.length * config.addedDim);
  const sizes = sinusoids(options.sizes, config.addedTimeDim, config);
  conditioning.entries.forEach(({ pooled }, i) => {
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
