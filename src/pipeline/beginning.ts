/**
 * Sampling that starts from a picture and keeps some of it.
 *
 * @module
 */
import { Graph } from "../gpu/graph.ts";
import type { Program } from "../gpu/program.ts";
import { placeAlone, releasePlace, writeFloats, writeTensor } from "../gpu/storage.ts";
import { describeTensor, padChannels, type Tensor } from "../gpu/tensor.ts";
import { blend, BLEND_WORDS, blendWords } from "../ops/latents.ts";
import { latentMask, type Mask } from "../picture/inpaint.ts";
import { noised } from "../sample/level.ts";
import { startLevel } from "../sample/samplers.ts";
import type { Level, Run } from "../sample/types.ts";
import type { Drawing } from "./drawing.ts";
import { encodePictures, sampleLatents } from "./encoder.ts";
import type { DeviceLatents, LatentSize, Slot } from "./latent_space.ts";
import type { Model } from "./model.ts";

/**
 * What an inpainting network reads: latents, the mask, and the latents of the picture without what is to be painted.
 */
export function inpaintingChannels(latentChannels: number): number {
  return 2 * latentChannels + 1;
}

/** What sampling begins with. */
export interface Beginning extends Disposable {
  x: Slot;
  /** First step that runs. */
  first: number;
  /** What an inpainting network is shown beside latents [height, width, channels padded to 4]. */
  shown?: Float32Array;
  /** The run, with the original around what is painted wherever the network looks. */
  around(run: Run<Slot>): Run<Slot>;
  /** The finished latents, with the original's where they are kept. */
  finished(x: Slot): Slot;
}

/** Latents to begin with: noise, or a picture's with noise. Draws from the generator in diffusers' order. */
export async function begin(
  model: Model,
  drawing: Drawing,
  latents: DeviceLatents,
  signal?: AbortSignal,
): Promise<Beginning> {
  const { start, schedule, settings, size } = drawing;
  if (!start) {
    const noise = latents.noise();
    const scale = schedule.initialScale;
    const x = scale === 1 ? noise : latents.combine([[scale, noise]]); // the device may still be at the prompts
    return { x, first: 0, around: (run) => run, finished: (x) => x, [Symbol.dispose]() {} };
  }
  const { mask, first, pure } = start;
  const { decoder: { network: vae }, backbone } = model;
  const shows = backbone.network.inChannels > size.channels;
  // A network that is shown the picture needs no latents of it where it begins with noise alone.
  const seesOriginal = !(mask && pure && shows);
  const wanted = [
    ...(seesOriginal && !start.latents ? [{ picture: start.picture }] : []),
    ...(shows ? [{ picture: start.picture, hidden: mask }] : []),
  ];
  const posteriors = wanted.length ? await encodePictures(model, drawing, wanted, signal) : [];
  const draw = () => sampleLatents(posteriors.shift()!, vae, latents.generator);
  const original = seesOriginal ? latents.hold(latents.write(start.latents ?? draw())) : undefined;
  const noise = latents.hold(latents.noise());
  const begins = mask && pure
    ? [[schedule.initialScale, noise] as const]
    : noised(startLevel(settings.samplingMethod, schedule, first), original!, noise);
  const shown = shows ? shownOf(latentMask(mask!, mask!.width / size.width), draw(), size) : undefined;
  const keeper = mask && !shows ? await Keeper.create(latents, mask, original!, noise) : undefined;
  return {
    x: latents.combine(begins),
    first,
    shown,
    around: (run) => keeper ? keeper.around(run, pure) : run,
    finished: (x) => keeper?.over(x, { alpha: 1, sigma: 0 }) ?? x,
    [Symbol.dispose]: () => keeper?.[Symbol.dispose](),
  };
}

/**
 * What an inpainting network is shown, pixel by pixel: the mask, then the latents of the picture without what is
 * hidden.
 */
export function shownOf(white: Float32Array, hidden: Float32Array, { height, width, channels }: LatentSize) {
  const area = height * width;
  const stride = padChannels(1 + channels);
  const out = new Float32Array(area * stride);
  for (let i = 0; i < area; i++) {
    out[i * stride] = white[i];
    for (let c = 0; c < channels; c++) out[i * stride + 1 + c] = hidden[c * area + i];
  }
  return out;
}

/** Puts what is kept, at any level of noise, around what is being painted. Made once; sampling only writes numbers. */
class Keeper implements Disposable {
  private constructor(
    readonly latents: DeviceLatents,
    readonly kept: Slot,
    readonly noise: Slot,
    readonly mask: Tensor,
    readonly call: Tensor,
    readonly program: Program,
  ) {}

  /** @param kept the original's latents, and @param noise what they are noised with; both slots are held */
  static async create(latents: DeviceLatents, mask: Mask, kept: Slot, noise: Slot): Promise<Keeper> {
    const { device, size, tensor } = latents;
    const share = describeTensor("mask", [size.height * size.width], "f32", "plain");
    const call = describeTensor("blend", [BLEND_WORDS], "u32", "plain");
    const graph = new Graph(device, "blend", "f32");
    blend(graph, tensor, share, call);
    try {
      for (const own of [share, call]) placeAlone(device, own);
      writeFloats(device, share, latentMask(mask, mask.width / size.width));
      return new Keeper(latents, kept, noise, share, call, await graph.compile());
    } catch (error) {
      for (const own of [share, call]) releasePlace(device, own);
      throw error;
    }
  }

  /**
   * A run whose network always sees the original where it is kept, noised to the level that the network is told.
   * Samplers combine pixel by pixel, so what they make of kept pixels themselves never reaches the others.
   * @param pure whether the first evaluation sees nothing but noise, as in diffusers
   */
  around(run: Run<Slot>, pure: boolean): Run<Slot> {
    let skip = pure;
    const seen = (x: Slot, level: Level) => {
      const shown = skip ? x : this.over(x, level);
      skip = false;
      return shown;
    };
    return {
      ...run,
      predict: (x, level) => run.predict(seen(x, level), level),
      denoise: (x, level, limit) => run.denoise(seen(x, level), level, limit),
      denoiseBoth: (x, level) => run.denoiseBoth(seen(x, level), level),
    };
  }

  /** The latents with the original, at this level of noise, where it is kept. */
  over(x: Slot, { alpha, sigma }: Pick<Level, "alpha" | "sigma">): Slot {
    const out = this.latents.take();
    const { kept, noise } = this;
    writeTensor(this.latents.device, this.call, blendWords({ out, x, kept, noise, alpha, sigma }));
    this.program.run();
    return out;
  }

  [Symbol.dispose](): void {
    this.program.destroy();
    releasePlace(this.latents.device, this.mask);
    releasePlace(this.latents.device, this.call);
  }
}
