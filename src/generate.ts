/**
 * The story of a picture: plan → prompts → latents → pixels. The only place that joins the parts.
 *
 * @module
 */
import { CancelledError, orCancelled, UsageError } from "./errors.ts";
import type { Device } from "./gpu/device.ts";
import type { Plan } from "./plan/plan.ts";
import { decodePicture, readyDecoder } from "./pipeline/decoder.ts";
import { Denoiser } from "./pipeline/denoiser.ts";
import type { Drawing } from "./pipeline/drawing.ts";
import { beginPrompts } from "./pipeline/encode_prompts.ts";
import { DeviceLatents } from "./pipeline/latent_space.ts";
import { begin } from "./pipeline/beginning.ts";
import { enlargeBy, startLarger } from "./pipeline/larger.ts";
import type { Model } from "./pipeline/model.ts";
import { prepare } from "./pipeline/prepare.ts";
import { previewer, type PreviewKind } from "./pipeline/preview.ts";
import type { Picture } from "./picture/picture.ts";
import { finish } from "./pipeline/start.ts";
import { noiseGenerator } from "./sample/noise.ts";
import { runOf } from "./sample/scaling.ts";
import { samplers } from "./sample/samplers.ts";
import type { GenerateOptions, Settings } from "./settings.ts";

/** A finished step. */
export interface StepEvent {
  /** 1 … steps. */
  step: number;
  /** How many there are. */
  steps: number;
  /** Seconds since the last event. */
  seconds: number;
  /** Noise-to-signal ratio before the step. */
  sigma: number;
  /**
   * The picture as far as it is: "proj" one linear colour a latent pixel, "tae" decoded by --taesd's network, "vae"
   * decoded.
   * @throws UsageError once the next step has begun
   */
  preview(kind: PreviewKind): Promise<Picture>;
}

/** A finished picture and how it came about. */
export interface ImageResult {
  /** The pixels. */
  image: Picture;
  /** What was drawn where. */
  plan: Plan;
  /** Everything else that decided the pixels. */
  settings: Settings;
  /** What there was to say: long prompts, a seed's limits. */
  warnings: string[];
  /** Seconds. Where weights stay on the device, `compile` has the end of encoding: both go on at once. */
  timings: { encode: number; compile: number; steps: number[]; decode: number };
  /** On the device: the most since it was opened, and of that the weights. */
  memory: { peakBytes: number; weightsBytes: number };
}

/**
 * Draws a picture step by step. Drawings of one model wait for one another: one that is neither ended nor left holds up
 * the next.
 *
 * @returns an async generator of steps that ends in the image; leaving the loop early frees everything
 * @throws UsageError for settings the model cannot draw, CancelledError when `signal` aborts
 * @example
 * ```ts
 * for await (const { step, steps } of generate(model, { prompt: "a red apple" })) console.log(`${step} of ${steps}`);
 * ```
 */
export async function* generate(model: Model, options: GenerateOptions): AsyncGenerator<StepEvent, ImageResult> {
  return yield* draw(model, await prepare(model, options), options.signal);
}

/**
 * Draws a picture, for those who only want that.
 *
 * @param options with `onStep`, which is told of every step and waited for; what it throws ends the drawing
 * @throws as {@linkcode generate}
 * @example
 * ```ts
 * const { image } = await paint(model, { prompt: "a red apple", seed: 1, onStep: ({ step }) => console.log(step) });
 * ```
 */
export async function paint(
  model: Model,
  { onStep, ...options }: GenerateOptions & { onStep?: (step: StepEvent) => unknown },
): Promise<ImageResult> {
  return await toEnd(generate(model, options), onStep);
}

/** The image that a run ends in. @param onStep is told of every step and waited for; what it throws ends the run */
export async function toEnd(
  run: AsyncGenerator<StepEvent, ImageResult>,
  onStep?: (step: StepEvent) => unknown,
): Promise<ImageResult> {
  try {
    for (let next = await run.next();; next = await run.next()) {
      if (next.done) return next.value;
      await onStep?.(next.value);
    }
  } finally {
    await run.return(undefined as never); // frees what is left where `onStep` threw
  }
}

/** As {@linkcode generate}, for what is prepared. */
export async function* draw(
  model: Model,
  drawing: Drawing,
  signal?: AbortSignal,
): AsyncGenerator<StepEvent, ImageResult> {
  try {
    return yield* stepsOf(model, drawing, signal);
  } catch (cause) {
    const error = orCancelled(cause, signal);
    if (!model.closed || error instanceof CancelledError || error instanceof UsageError) throw error;
    throw new UsageError("The model was closed while it drew.", { cause });
  }
}

/** The story itself. Where `signal` aborts, its reason is thrown. */
async function* stepsOf(
  model: Model,
  drawing: Drawing,
  signal?: AbortSignal,
): AsyncGenerator<StepEvent, ImageResult> {
  const { device } = model;
  const { plan, settings, larger, offload } = drawing;
  using _turn = await model.turn(signal);

  const after = larger?.drawing ? stepsIn(larger.drawing) : 0;
  const first = yield* pass(model, drawing, { before: 0, after }, signal);
  let { image, timings } = first;
  if (larger?.drawing) {
    const second = await startLarger(model, drawing, first, signal);
    const again = yield* pass(model, second, { before: stepsIn(drawing), after: 0 }, signal);
    image = again.image;
    timings = addedTimings(timings, again.timings);
  }
  if (larger?.finally) {
    const clock = stopwatch(device);
    image = await enlargeBy(model, larger.finally, image!, offload, signal);
    timings = { ...timings, decode: timings.decode + clock("enlarge") };
  }
  return {
    image: image!,
    plan,
    settings,
    warnings: [...drawing.warnings],
    timings,
    memory: { peakBytes: device.peakBytes, weightsBytes: model.weightsBytes },
  };
}

/** Steps that run. */
function stepsIn({ settings, start }: Drawing): number {
  return settings.steps - (start?.first ?? 0);
}

/** Of two drawings, one after the other. */
export function addedTimings(a: ImageResult["timings"], b: ImageResult["timings"]): ImageResult["timings"] {
  return {
    encode: a.encode + b.encode,
    compile: a.compile + b.compile,
    steps: [...a.steps, ...b.steps],
    decode: a.decode + b.decode,
  };
}

/** What a pass gives; its picture is left out where only its latents are wanted. */
interface Passed {
  image?: Picture;
  /** [channels, height, width] */
  latents: Float32Array;
  size: Drawing["size"];
  timings: ImageResult["timings"];
}

/** From prompts to a picture, once. */
async function* pass(
  model: Model,
  drawing: Drawing,
  count: { before: number; after: number },
  signal?: AbortSignal,
): AsyncGenerator<StepEvent, Passed> {
  const { device } = model;
  const { settings, stages, offload, schedule, size, larger, loras } = drawing;
  const clock = stopwatch(device);

  model.adapt(loras.whole);
  await using encoding = await beginPrompts(model, drawing, signal);
  const encode = clock("encode");

  using latents = await DeviceLatents.create(device, size, noiseGenerator(settings.rng, settings.seed));
  using beginning = await begin(model, drawing, latents, signal);
  let { x } = beginning;
  const { first } = beginning;
  let compile = 0;
  const seconds: number[] = [];
  {
    using _regional = loras.regional?.weights ?? null;
    using _there = await model.hold(stages.sampling, offload, signal);
    using denoiser = await Denoiser.create(model, drawing, latents, encoding, beginning.shown, signal);
    compile = clock("compile");
    const preview = previewer(model, drawing, latents);
    const sample = samplers[settings.samplingMethod];
    const { negative } = denoiser;
    const options = { eta: settings.eta, start: first, negative };
    const run = beginning.around(runOf(latents, denoiser.evaluate, schedule, options));
    denoiser.enter(first);
    for await (const step of sample(run, x)) {
      if (step.index === first && larger?.by !== "latent") await readyDecoder(model, drawing, signal);
      await (step.index + 1 < step.steps ? device.keptUp(signal) : device.finished(signal));
      latents.keepOnly([step.x, step.denoised, ...step.keep]);
      seconds.push(clock(`step ${step.index + 1}`));
      let isOver = false;
      let previews: Promise<unknown> = Promise.resolve();
      try {
        yield {
          step: count.before + step.index + 1 - first,
          steps: count.before + step.steps - first + count.after,
          seconds: seconds[seconds.length - 1],
          sigma: step.sigma,
          async preview(kind) {
            if (isOver) throw new UsageError("A step's preview can only be asked for before the next step.");
            // One after another, and all before the next step: they share the decoder, and the latents are this step's.
            const picture = previews.then(() => preview(kind, step.denoised));
            previews = picture.catch(() => {});
            return await picture;
          },
        };
      } finally {
        isOver = true;
        await previews;
      }
      model.expectOpen();
      clock(); // what the caller did in between is not ours
      latents.keepOnly([step.x, ...step.keep]);
      denoiser.enter(step.index + 1);
      x = step.x;
    }
  }
  x = beginning.finished(x);
  const timings = (decode: number) => ({ encode, compile, steps: seconds, decode });
  if (larger?.by === "latent") return { latents: await latents.read(x), size, timings: timings(clock("read")) };
  const image = await decodePicture(model, drawing, latents, x, signal);
  return {
    image: drawing.start ? finish(drawing.start, image) : image,
    latents: new Float32Array(),
    size,
    timings: timings(clock("decode")),
  };
}

/** Seconds since the last call. Where a trace is made, a call with a name makes a span of them. */
function stopwatch(device: Device): (name?: string) => number {
  let last = performance.now();
  return (name) => {
    const now = performance.now();
    if (name) device.tracer?.span(name, last, now);
    const seconds = (now - last) / 1000;
    last = now;
    return seconds;
  };
}
