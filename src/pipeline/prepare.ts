/**
 * From a plan and options to a drawing.
 *
 * @module
 */
import { UsageError } from "../errors.ts";
import { readMasks } from "../formats/mask_file.ts";
import { pictureSize } from "../plan/picture_size.ts";
import { parsePlan, plainPlan, type Plan, regionsOf, withDefaults } from "../plan/plan.ts";
import type { SamplerName } from "../sample/names.ts";
import { makeSchedule } from "../sample/schedule.ts";
import { configuredSampler } from "../sample/scheduler_settings.ts";
import { checkPicture, type GenerateOptions, type PictureOptions, type Settings } from "../settings.ts";
import { pictureSettings } from "../settings/schema.ts";
import { firstSeed } from "../settings/seeds.ts";
import { refuseLoras, remarksOn } from "../text/remarks.ts";
import { wordingOf } from "../text/schedule.ts";
import { ABSENT, condition, type PromptKey } from "./conditioning.ts";
import { inpaintingChannels } from "./beginning.ts";
import { decodingStage, decodingWindow } from "./decoder.ts";
import { samplingStage } from "./denoiser.ts";
import type { Drawing, Prompts } from "./drawing.ts";
import { embeddingStage, encodingWindow } from "./encoder.ts";
import { encodingStages, tokenizePrompts } from "./encode_prompts.ts";
import { tied, withLarger } from "./larger.ts";
import type { Networks } from "./networks.ts";
import { isInpainting, readStart, sizeOfStart, type Start, type StartInputs, startOf } from "./start.ts";

/**
 * Settles how `options` are drawn with a model. Reads masks, computes no picture and touches no device memory.
 *
 * @throws UsageError for settings the model cannot draw
 */
export async function prepare(networks: Networks, options: GenerateOptions): Promise<Drawing> {
  const { preset } = networks.checkpoint;
  const checked = checkPicture(options);
  const asked = options.plan === undefined ? plainPlan(options.prompt ?? "", "none") : parsePlan(options.plan);
  const plan = withDefaults(asked, preset.regions ?? {});
  const inputs = await readStart(checked);
  const settings = settle(networks, plan, checked, inputs);
  const start = inputs && startOf(inputs, settings, (checked.width ?? checked.height) !== undefined);
  const drawing = await drawingOf(networks, plan, settings, start);
  return await withLarger(networks, drawing, (larger, start) => drawingOf(networks, plan, larger, start));
}

/** The drawing of a plan with these settings. */
async function drawingOf(
  networks: Networks,
  plan: Drawing["plan"],
  settings: Settings,
  start?: Start,
): Promise<Drawing> {
  const { preset, scheduler } = networks.checkpoint;
  const { factor, latentChannels: channels } = networks.decoder.network;
  const size = { height: settings.height / factor, width: settings.width / factor, channels };
  const schedule = makeSchedule(scheduler, settings.samplingMethod, settings.steps, settings);

  const conditioning = condition(plan, {
    // Distilled guidance needs no second pass.
    cfgScale: "guidance" in networks.backbone.network.stepVectors ? 1 : settings.cfgScale,
    negativePrompt: plan.negativePrompt ?? settings.negativePrompt,
    zerosForAbsent: preset.forceZerosForEmptyPrompt,
    feather: settings.feather,
    masks: await readMasks(regionsOf(plan)),
  });
  const keys = [...conditioning.seen, ...conditioning.entries.map(({ pooled }) => pooled)];
  const worded = keys.filter((key) => key !== ABSENT);
  worded.forEach(refuseLoras);
  const remarks = worded.flatMap((prompt) => remarksOn(prompt, conditioning.negatives.has(prompt)));
  const wording = wordingOf(worded, settings.steps);
  const { prompts, warnings: said } = tokenizePrompts(networks, worded.flatMap(wording.textsOf), settings);
  const warnings = [...new Set([...remarks, ...said])];
  const seen = [...conditioning.seen].flatMap((key): PromptKey[] => key === ABSENT ? [key] : wording.textsOf(key));
  const context = contextOf(new Set(seen), prompts, networks.textEncoders[0].network.positions);
  const phases = [{ until: settings.steps, batches: conditioning.batches(size.height, size.width) }];
  const window = decodingWindow(networks.decoder, size, settings);
  const stages = {
    encoding: encodingStages(networks, prompts),
    ...(start ? { embedding: embeddingStage(networks, encodingWindow(networks.encoder, size, settings)) } : {}),
    sampling: samplingStage(networks, { size, context, wording, phases, settings }),
    decoding: decodingStage(networks, size, window),
  };
  const { offload } = networks;
  return {
    plan,
    settings,
    start,
    size,
    schedule,
    prompts,
    wording,
    context,
    phases,
    window,
    stages,
    offload,
    warnings,
  };
}

/** The same drawing, decoded in tiles as `vaeTiling` says. */
export function withTiling(networks: Networks, drawing: Drawing, vaeTiling: Settings["vaeTiling"]): Drawing {
  const settings = { ...drawing.settings, vaeTiling };
  const window = decodingWindow(networks.decoder, drawing.size, settings);
  const stages = { ...drawing.stages, decoding: decodingStage(networks, drawing.size, window) };
  const { larger } = drawing;
  const again = larger?.drawing && withTiling(networks, larger.drawing, vaeTiling);
  return tied({ ...drawing, settings, window, stages, larger: larger && { ...larger, drawing: again } });
}

/** The rows of each prompt, one prompt below the other. An absent one takes a single row of zeros. */
function contextOf(seen: Iterable<PromptKey>, { texts }: Prompts, positions: number) {
  const tokens = new Map(texts.map(({ prompt, chunks }) => [prompt, chunks[0].length * positions]));
  const rows: Drawing["context"]["rows"] = new Map();
  let start = 0;
  for (const key of seen) {
    const count = key === ABSENT ? 1 : tokens.get(key)!;
    rows.set(key, { start, count });
    start += count;
  }
  return { rows, tokens: start };
}

/** Those that can add more or less fresh noise. */
const ETA_SAMPLERS: readonly SamplerName[] = ["ddim", "euler_a"];

/** Options with the preset's values for what is absent, checked against the model. */
function settle(networks: Networks, plan: Plan, options: PictureOptions, inputs?: StartInputs): Settings {
  const { checkpoint, decoder } = networks;
  const { preset, scheduler } = checkpoint;
  const { factor } = decoder.network;
  // The surroundings of a mask are drawn as large as the model likes.
  const roomy = inputs && !options.inpaintOnlyMasked ? sizeOfStart(inputs, options, factor) : pictureSize(plan, preset);
  const { width = roomy.width, height = roomy.height } = options;
  for (const [name, value] of [["width", width], ["height", height]] as const) {
    if (!Number.isInteger(value) || value < factor || value % factor) {
      const near = Math.max(factor, Math.round(value / factor) * factor);
      throw new UsageError(
        `The ${name} ${value} is not a multiple of ${factor}, which this model needs. Nearest: ${near}.`,
      );
    }
  }
  checkChannels(networks, options);
  const samplingMethod = options.samplingMethod ?? configuredSampler(scheduler);
  if (options.eta !== undefined && !ETA_SAMPLERS.includes(samplingMethod)) {
    throw new UsageError(`--eta does nothing in ${samplingMethod}; it belongs to ${ETA_SAMPLERS.join(" and ")}.`);
  }
  if (options.feather !== undefined && plan.mode === "attention" && regionsOf(plan).length > 1) {
    throw new UsageError("--feather does nothing in attention mode; it belongs to --mode latent and --mode canvas.");
  }
  return {
    ...options,
    ...(inputs ? { initImage: inputs.init.named } : {}),
    ...(inputs?.mask ? { mask: inputs.mask.named } : {}),
    width,
    height,
    steps: options.steps ?? preset.steps,
    cfgScale: options.cfgScale ?? preset.cfgScale,
    samplingMethod,
    seed: firstSeed(options.seed),
    rng: options.rng ?? pictureSettings.rng.default,
  };
}

/** What a backbone reads besides latents tells what it needs. @throws UsageError where the options do not give it */
function checkChannels({ checkpoint: { name }, decoder, backbone }: Networks, options: PictureOptions): void {
  const { inChannels } = backbone.network;
  const { latentChannels } = decoder.network;
  if (inChannels === latentChannels) return;
  if (inChannels !== inpaintingChannels(latentChannels)) {
    throw new UsageError(
      `${name} reads ${inChannels} channels, as models that edit by instruction do, which are not supported. ` +
        "Choose a model for text to image or for inpainting.",
    );
  }
  if (!isInpainting(options)) {
    throw new UsageError(
      `${name} is a model for inpainting: it needs a picture to start from (--init-image) and where to paint (--mask or --extend).`,
    );
  }
}
