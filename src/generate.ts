/**
 * The story of a picture: plan → prompts → latents → pixels. The only place that joins the parts.
 *
 * @module
 */
import { CancelledError, UsageError } from "./errors.ts";
import { readMasks } from "./formats/mask_file.ts";
import { pictureSize } from "./plan/picture_size.ts";
import { plainPlan, type Plan, regionsOf, withDefaults } from "./plan/plan.ts";
import { ABSENT, condition, type PromptKey } from "./pipeline/conditioning.ts";
import { decodePicture, type Picture } from "./pipeline/decoder.ts";
import { Denoiser } from "./pipeline/denoiser.ts";
import { encodePrompts, zeroPrompt } from "./pipeline/encode_prompts.ts";
import { DeviceLatents } from "./pipeline/latent_space.ts";
import type { Model } from "./pipeline/model.ts";
import { previewer } from "./pipeline/preview.ts";
import { noiseGenerator } from "./sample/noise.ts";
import { samplers } from "./sample/samplers.ts";
import { makeSchedule } from "./sample/schedule.ts";
import { configuredSampler } from "./sample/settings.ts";
import { checkPicture, type GenerateOptions, type PictureOptions, type Settings } from "./settings.ts";
import { pictureSettings } from "./settings/schema.ts";
import { firstSeed } from "./settings/seeds.ts";

/** A finished step. */
export interface StepEvent {
  /** 1 … steps. */
  step: number;
  /** All of them. */
  steps: number;
  /** Since the last event. */
  seconds: number;
  /** Noise-to-signal ratio before the step. */
  sigma: number;
  /** The picture as far as it is: "proj" one linear colour a latent pixel, "vae" decoded. Call before the next step. */
  preview(kind: "proj" | "vae"): Promise<Picture>;
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
  /** Seconds. */
  timings: { encode: number; compile: number; steps: number[]; decode: number };
  /** On the device: the most since it was opened, and of that the weights. */
  memory: { peakBytes: number; weightsBytes: number };
}

/**
 * Draws a picture step by step.
 *
 * @returns an async generator of steps that ends in the image; leaving the loop early frees everything
 * @throws UsageError for settings the model cannot draw, CancelledError when `signal` aborts
 * @example
 * ```ts
 * const steps = generate(model, { prompt: "a red apple", seed: 1 });
 * let next = await steps.next();
 * while (!next.done) next = await steps.next();
 * const { image } = next.value;
 * ```
 */
export async function* generate(model: Model, options: GenerateOptions): AsyncGenerator<StepEvent, ImageResult> {
  const plan = withDefaults(
    options.plan ?? plainPlan(options.prompt ?? "", "none"),
    model.checkpoint.preset.regions ?? {},
  );
  const settings = settle(model, plan, checkPicture(options));
  const { device, vaeConfig, unetConfig, checkpoint } = model;
  const clock = stopwatch();
  const stop = () => {
    if (options.signal?.aborted) throw new CancelledError();
  };

  const negativePrompt = plan.negativePrompt ?? settings.negativePrompt;
  const conditioning = condition(plan, {
    cfgScale: unetConfig.guidanceDim ? 1 : settings.cfgScale, // distilled guidance needs no second pass
    negativePrompt,
    zerosForAbsent: checkpoint.preset.forceZerosForEmptyPrompt,
    feather: settings.feather,
    masks: await readMasks(regionsOf(plan)),
  });

  const texts = model.textEncoders.map((encoder) => encoder.weights);
  await model.ensure(texts);
  const wanted = new Set([...conditioning.seen, ...conditioning.entries.map((e) => e.pooled)]);
  const texted = [...wanted].filter((key) => key !== ABSENT);
  const { encoded, warnings } = await encodePrompts(model, texted);
  if (settings.clipSkip !== undefined) {
    // As in diffusers, only what the picture shall show skips layers.
    const skipped = await encodePrompts(model, texted.filter((p) => !conditioning.negatives.has(p)), settings.clipSkip);
    skipped.encoded.forEach((prompt, key) => encoded.set(key, prompt));
  }
  const embedding = (key: PromptKey) => key === ABSENT ? zeroPrompt(model) : encoded.get(key)!;
  model.leave(texts);
  const encode = clock();
  stop();

  const size = {
    height: settings.height / vaeConfig.factor,
    width: settings.width / vaeConfig.factor,
    channels: vaeConfig.latentChannels,
  };
  const generator = noiseGenerator(settings.rng, settings.seed);
  await model.ensure([model.unetWeights]);
  const latents = await DeviceLatents.create(device, size, generator);
  let denoiser: Denoiser | undefined;
  try {
    const { height, width, crop = [0, 0], originalSize = [height, width], targetSize = [height, width] } = settings;
    denoiser = await Denoiser.create(model, latents, {
      conditioning,
      embedding,
      cfgScale: settings.cfgScale,
      guidanceRescale: settings.guidanceRescale ?? 0,
      sizes: [...originalSize, ...crop, ...targetSize],
    });
    const compile = clock();

    const schedule = makeSchedule(checkpoint.scheduler, settings.samplingMethod, settings.steps, settings);
    const preview = previewer(model, latents, settings);
    const seconds: number[] = [];
    let x = latents.combine([[schedule.initialScale, latents.noise()]]);
    const sample = samplers[settings.samplingMethod];
    for await (const step of sample(latents, denoiser.evaluate, schedule, x, { eta: settings.eta })) {
      await device.finished();
      stop();
      latents.keepOnly([step.x, step.denoised, ...step.keep]);
      seconds.push(clock());
      yield {
        step: step.index + 1,
        steps: step.steps,
        seconds: seconds[seconds.length - 1],
        sigma: step.sigma,
        preview: (kind) => preview(kind, step.denoised),
      };
      clock(); // what the caller did in between is not ours
      latents.keepOnly([step.x, ...step.keep]);
      x = step.x;
    }
    denoiser.destroy();
    denoiser = undefined;
    model.leave([model.unetWeights]);

    await model.ensure([model.vaeWeights]);
    stop();
    const image = await decodePicture(model, latents, x, settings);
    model.leave([model.vaeWeights]);
    return {
      image,
      plan,
      settings,
      warnings,
      timings: { encode, compile, steps: seconds, decode: clock() },
      memory: { peakBytes: device.peakBytes, weightsBytes: model.weightsBytes },
    };
  } finally {
    denoiser?.destroy();
    latents.destroy();
  }
}

/** Options with the preset's values for what is absent, checked against the model. */
function settle(model: Model, plan: Plan, options: PictureOptions): Settings {
  const { preset, scheduler } = model.checkpoint;
  const { factor } = model.vaeConfig;
  const roomy = pictureSize(plan, preset);
  const { width = roomy.width, height = roomy.height } = options;
  for (const [name, value] of [["width", width], ["height", height]] as const) {
    if (!Number.isInteger(value) || value < factor || value % factor) {
      const near = Math.max(factor, Math.round(value / factor) * factor);
      throw new UsageError(
        `The ${name} ${value} is not a multiple of ${factor}, which this model needs. Nearest: ${near}.`,
      );
    }
  }
  if (model.unetConfig.inChannels !== model.vaeConfig.latentChannels) {
    throw new UsageError(
      `${model.checkpoint.name} is a model for inpainting or editing (its UNet reads ${model.unetConfig.inChannels} channels): ` +
        "it needs a picture to start from, which this program cannot give it yet. Choose a text-to-image model.",
    );
  }
  return {
    ...options,
    width,
    height,
    steps: options.steps ?? preset.steps,
    cfgScale: options.cfgScale ?? preset.cfgScale,
    samplingMethod: options.samplingMethod ?? configuredSampler(scheduler),
    seed: firstSeed(options.seed),
    rng: options.rng ?? pictureSettings.rng.default,
  };
}

/** Seconds since the last call. */
function stopwatch(): () => number {
  let last = performance.now();
  return () => {
    const now = performance.now();
    const seconds = (now - last) / 1000;
    last = now;
    return seconds;
  };
}
