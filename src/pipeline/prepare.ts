/**
 * From a plan and options to a drawing.
 *
 * @module
 */
import { UsageError } from "../errors.ts";
import { readMasks } from "../formats/mask_file.ts";
import { layoutOf } from "../plan/layout_of.ts";
import { pictureSize } from "../plan/picture_size.ts";
import { phasesOf, planAtSteps } from "../plan/phases.ts";
import { parsePlan } from "../plan/parse_plan.ts";
import { callingNothing } from "../plan/nothing.ts";
import { isPlain, negativeOf, plainPlan, type Plan, regionsOf, withDefaults } from "../plan/plan.ts";
import type { SamplerName } from "../sample/names.ts";
import { DEFAULT_BIND, type RegionDefaults } from "../region/mode.ts";
import { samplesByCfgPp } from "../sample/samplers.ts";
import { makeSchedule } from "../sample/schedule.ts";
import { configuredSampler } from "../sample/scheduler_settings.ts";
import { checkPicture, type GenerateOptions, type PictureOptions, type Settings } from "../settings.ts";
import { pictureSettings, sizeSettings } from "../settings/schema.ts";
import { flagOf } from "../settings/check.ts";
import { firstSeed } from "../settings/seeds.ts";
import { remarksOn } from "../text/remarks.ts";
import { wordingOf } from "../text/schedule.ts";
import { ABSENT, condition, type GuidanceOptions, type PromptKey } from "./conditioning.ts";
import { inpaintingChannels } from "./beginning.ts";
import { type ControlInput, controlsOf, namedControls, readControls, sizeOfControls } from "./controls.ts";
import { decoderOf, decodingStage, decodingWindow } from "./decoder.ts";
import { samplingStage } from "./denoiser.ts";
import type { Drawing, Prompts } from "./drawing.ts";
import { embeddingStage, encodingWindow } from "./encoder.ts";
import { encodingStages, tokenizePrompts } from "./encode_prompts.ts";
import { remarkOnFineness, remarksOnMasks } from "./fineness.ts";
import { pathOf, tied, withLarger } from "./larger.ts";
import { type PlacedLoras, placeLoras, wishesOf } from "./loras.ts";
import type { Networks } from "./networks.ts";
import { remarksOnControls, steeredPhases } from "./phases.ts";
import { declareRegionLoras, tagsOf, withoutTags } from "./region_loras.ts";
import { isInpainting, readStart, remarkOnBlur, sizeOfStart, type Start, type StartInputs, startOf } from "./start.ts";

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
  const loras = await placeLoras(networks, plan, checked);
  const { wishes, said } = wishesOf(loras, checked);
  const controlled = await readControls(networks, checked);
  const settings = settle(networks, plan, { ...checked, ...wishes, ...loras.named }, inputs, controlled);
  const start = inputs && startOf(inputs, settings, (checked.width ?? checked.height) !== undefined);
  const fineness = start && remarkOnFineness(start, networks.decoder.network.factor);
  if (settings.taesdPreviewOnly && !settings.taesd) throw new UsageError("--taesd-preview-only needs --taesd FILE.");
  const { controlNets, taesd } = checked;
  const given = { controlNets, taesd };
  const draws = async (settings: Settings, start?: Start) => ({
    ...await drawingOf(networks, plan, settings, loras, controlled, start),
    given,
  });
  const drawing = await withLarger(networks, await draws(settings, start), draws);
  const remarks = [said, fineness, start && remarkOnBlur(start, settings)].filter((remark) => remark !== undefined);
  return { ...drawing, warnings: [...remarks, ...drawing.warnings] };
}

/** The drawing of a plan with these settings. */
async function drawingOf(
  networks: Networks,
  plan: Drawing["plan"],
  settings: Settings,
  loras: PlacedLoras,
  controlled: readonly ControlInput[],
  start?: Start,
): Promise<Omit<Drawing, "given">> {
  const { preset, scheduler } = networks.checkpoint;
  const { factor, latentChannels: channels } = networks.decoder.network;
  const size = { height: settings.height / factor, width: settings.width / factor, channels };
  const xl = networks.checkpoint.family === "sdxl";
  const schedule = makeSchedule(scheduler, settings.samplingMethod, settings.steps, { ...settings, xl });

  const distilled = "guidance" in networks.backbone.network.stepVectors;
  const masks = await readMasks(regionsOf(plan));
  const guidance: GuidanceOptions = {
    // Distilled guidance needs no second pass.
    cfgScale: distilled ? 1 : settings.cfgScale,
    negativeToo: samplesByCfgPp(settings.samplingMethod) && !distilled,
    negativePrompt: negativeOf(plan, settings.negativePrompt),
    zerosForAbsent: preset.forceZerosForEmptyPrompt,
    feather: settings.feather,
    masks,
    tags: loras.regions.map(tagsOf),
  };
  const layout = layoutOf(plan);
  const told = callingNothing(withoutTags(plan), preset.regions?.nothing);
  const stretches = planAtSteps(told, settings.steps, settings).map(({ until, plan }) => {
    return { until, mode: plan.mode, ...condition(plan, layout, guidance) };
  });
  const seenKeys = new Set(stretches.flatMap(({ seen }) => [...seen]));
  const keys = new Set([...seenKeys, ...stretches.flatMap(({ entries }) => entries.map(({ pooled }) => pooled))]);
  const negatives = new Set(stretches.flatMap(({ negatives }) => [...negatives]));
  const worded = [...keys].filter((key) => key !== ABSENT);
  const remarks = [plan.prompt, ...worded].flatMap((prompt) => remarksOn(prompt, negatives.has(prompt)));
  const wording = wordingOf(worded, settings.steps);
  const controls = controlsOf(controlled, settings, start);
  const phases = steeredPhases(stretches, controls, { size, settings, schedule, start });
  const idle = remarksOnControls(controls, phases, controlled.map(({ named }) => named.name));
  const { prompts, warnings: said } = tokenizePrompts(networks, worded.flatMap(wording.textsOf), settings);
  const avoided = [...negatives].filter((text) => text !== ABSENT && text !== "");
  const { cfgScale } = settings;
  const why = distilled ? "this model is guided without one" : `there is no guidance at --cfg-scale ${cfgScale}`;
  const isUnread = avoided.length > 0 && !avoided.some((text) => seenKeys.has(text));
  const unread = isUnread ? [`The negative prompt is not read: ${why}.`] : [];
  const lost = stretches.every(({ mode }) => mode === "attention") ? remarksOnMasks(masks, size) : [];
  const warnings = [...new Set([...lost, ...remarks, ...said, ...idle, ...unread])];
  const seen = [...seenKeys].flatMap((key): PromptKey[] => key === ABSENT ? [key] : wording.textsOf(key));
  const context = contextOf(new Set(seen), prompts, networks.textEncoders[0].network.positions);
  const tiny = settings.taesd === undefined ? undefined : await networks.taesd!(pathOf(settings.taesd));
  const decoder = decoderOf(networks, { tiny, settings });
  const window = decodingWindow(decoder, size, settings);
  const regional = declareRegionLoras(networks.backbone, loras);
  const stages = {
    encoding: encodingStages(networks, prompts),
    ...(start ? { embedding: embeddingStage(networks, encodingWindow(networks.encoder, size, settings)) } : {}),
    sampling: samplingStage(networks, {
      size,
      context,
      wording,
      phases,
      settings,
      loras: { whole: loras.whole, regional },
    }),
    decoding: decodingStage({ decoder }, size, window),
  };
  const { offload } = networks;
  return {
    plan,
    settings,
    loras: { whole: loras.whole, regional },
    start,
    tiny,
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
  const decoder = decoderOf(networks, drawing);
  const window = decodingWindow(decoder, drawing.size, settings);
  const stages = { ...drawing.stages, decoding: decodingStage({ decoder }, drawing.size, window) };
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

/** Samplers whose `eta` says how much fresh noise they add. */
const ETA_SAMPLERS: readonly SamplerName[] = [
  "ddim",
  "euler_a",
  "euler_a_cfg++",
  "dpm2_a",
  "dpm++2s_a",
  "dpm++sde",
  "dpm++3m_sde",
];

/** What SDXL is told of the picture beside its prompt. */
const SIZES = ["originalSize", "targetSize", "crop"] as const;

/**
 * The guidance that nobody chose. CFG++'s goes from 0 to 1, and 0.6 is as strong as the 7 that most models are guided
 * by else (Chung et al. 2024, section 4).
 */
function usualGuidance({ cfgScale }: Networks["checkpoint"]["preset"], sampler: SamplerName): number {
  if (!samplesByCfgPp(sampler)) return cfgScale;
  return cfgScale > 1 ? 0.6 : 1;
}

/** Options with the preset's values for what is absent, checked against the model. */
function settle(
  networks: Networks,
  plan: Plan,
  options: PictureOptions,
  inputs: StartInputs | undefined,
  controls: readonly ControlInput[],
): Settings {
  const { checkpoint, decoder, backbone } = networks;
  const { preset, scheduler } = checkpoint;
  const { factor } = decoder.network;
  // The surroundings of a mask are drawn as large as the model likes.
  const roomy = inputs && !options.inpaintOnlyMasked
    ? sizeOfStart(inputs, options, factor)
    : controls.length && !inputs
    ? sizeOfControls(controls, factor)
    : pictureSize(layoutOf(plan), preset);
  const { width = roomy.width, height = roomy.height } = options;
  for (const [name, value] of [["width", width], ["height", height]] as const) {
    if (!Number.isInteger(value) || value < factor || value % factor) {
      const near = Math.max(factor, Math.round(value / factor) * factor);
      throw new UsageError(
        `The ${name} ${value} is not a multiple of ${factor}, which this model needs. Nearest: ${near}.`,
      );
    }
    if (value > sizeSettings[name].most) { // only of a picture whose size is taken over
      throw new UsageError(
        `The ${name} ${value} is more than ${
          sizeSettings[name].most
        } pixels: give a smaller picture, or a size by -W and -H.`,
      );
    }
  }
  checkChannels(networks, options);
  const samplingMethod = options.samplingMethod ?? configuredSampler(scheduler);
  if (options.eta !== undefined && !ETA_SAMPLERS.includes(samplingMethod)) {
    throw new UsageError(`--eta does nothing in ${samplingMethod}; it belongs to ${ETA_SAMPLERS.join(", ")}.`);
  }
  const sized = SIZES.find((name) => options[name] !== undefined);
  if (sized && Object.keys(backbone.network.entryVectors).length === 0) {
    throw new UsageError(`${flagOf(sized)} does nothing with ${checkpoint.name}: only SDXL's UNets are told sizes.`);
  }
  const attends = phasesOf(plan, options).every(({ mode }) => mode === "attention");
  if (options.feather !== undefined && attends && !isPlain(plan)) {
    throw new UsageError("--feather does nothing in attention mode; it belongs to --mode bind, canvas and latent.");
  }
  return {
    ...options,
    ...(inputs ? { initImage: inputs.init.named } : {}),
    ...(inputs?.mask ? { mask: inputs.mask.named } : {}),
    ...bindOf(plan, preset.regions ?? {}, options),
    ...namedControls(controls),
    width,
    height,
    steps: options.steps ?? preset.steps,
    cfgScale: options.cfgScale ?? usualGuidance(preset, samplingMethod),
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

/**
 * The share of the steps that bind, where some do. @throws UsageError where regions are not bound and a setting says
 * how
 */
function bindOf(plan: Plan, defaults: RegionDefaults, options: PictureOptions): Pick<PictureOptions, "bind"> {
  if (plan.mode === "bind") return { bind: options.bind ?? defaults.bind ?? DEFAULT_BIND };
  const idle = (["bind", "refineRatio"] as const).find((name) => options[name] !== undefined);
  if (idle && (plan.phases || !isPlain(plan))) {
    const instead = plan.phases ? "the plan has phases of its own" : `the regions are joined in ${plan.mode} mode`;
    throw new UsageError(
      `${flagOf(idle)} is of bind mode, but ${instead}. Leave it out${plan.phases ? "" : ", or take --mode bind"}.`,
    );
  }
  return {};
}
