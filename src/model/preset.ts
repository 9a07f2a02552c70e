/**
 * Model families and the settings each published model is meant to run with. Numbers are those of the models' own
 * diffusers folders and cards; docs/models.md says which were checked.
 *
 * @module
 */
import { didYouMean } from "../did_you_mean.ts";
import { UsageError } from "../errors.ts";
import type { RegionDefaults } from "../region/mode.ts";
import type { SchedulerConfig } from "../sample/types.ts";

/** Architecture: what the networks look like. */
export type Family = "sd1" | "sd2" | "sdxl";

/** What the UNet's output means. "edm" is the preconditioning of Playground v2.5 and CosXL. */
export type Prediction = "epsilon" | "v_prediction" | "sample" | "edm";

/** Defaults for a model; every flag overrules them. */
export interface Preset {
  /** Spelling of `--preset`. */
  name: string;
  /** For people. */
  title: string;
  family: Family;
  /** Pixels. */
  width: number;
  height: number;
  steps: number;
  /** Guidance; 1 and below means that no negative pass runs. */
  cfgScale: number;
  /** How its regions are drawn where a plan does not say. */
  regions?: RegionDefaults;
  prediction: Prediction;
  /** An absent negative prompt is zeros instead of the encoded empty prompt (SDXL). */
  forceZerosForEmptyPrompt: boolean;
}

/** A preset with what only a model without a scheduler_config.json needs. */
export interface KnownPreset extends Preset {
  scheduler: SchedulerConfig;
  /** Names of files, folders and repositories that mean this model. */
  names?: RegExp;
}

const BETAS = {
  beta_start: 0.00085,
  beta_end: 0.012,
  beta_schedule: "scaled_linear",
  num_train_timesteps: 1000,
  clip_sample: false,
};
/**
 * The published folders of SD 1 and 2 do not say how timesteps are spaced: each sampler has its own class's default.
 */
const PUBLISHED = {
  ...BETAS,
  steps_offset: 1,
  prediction_type: "epsilon",
  set_alpha_to_one: false,
  skip_prk_steps: true,
};
const LEADING = { ...BETAS, steps_offset: 1, timestep_spacing: "leading", prediction_type: "epsilon" };
const TRAILING = { ...BETAS, steps_offset: 1, timestep_spacing: "trailing", prediction_type: "epsilon" };
const OLD = { ...LEADING, set_alpha_to_one: false, skip_prk_steps: true };
const PNDM = { _class_name: "PNDMScheduler", ...PUBLISHED };
const DDIM_V = { _class_name: "DDIMScheduler", ...PUBLISHED, prediction_type: "v_prediction" };
const EULER = { _class_name: "EulerDiscreteScheduler", ...LEADING };
const EULER_A = { _class_name: "EulerAncestralDiscreteScheduler" };
const X0 = { ...EULER, ...TRAILING, prediction_type: "sample" };
const V_ZSNR = { ...EULER, ...TRAILING, prediction_type: "v_prediction", rescale_betas_zero_snr: true };
const V_ZSNR_KEYS = { timestep_spacing: "trailing", rescale_betas_zero_snr: true, set_alpha_to_one: true };
const EDM = {
  _class_name: "EDMDPMSolverMultistepScheduler",
  sigma_min: 0.002,
  sigma_max: 80,
  sigma_data: 0.5,
  rho: 7,
  sigma_schedule: "karras",
  num_train_timesteps: 1000,
  prediction_type: "epsilon",
  solver_order: 2,
  solver_type: "midpoint",
  algorithm_type: "dpmsolver++",
  lower_order_final: true,
  euler_at_final: false,
  final_sigmas_type: "zero",
};

/** CosXL predicts v in EDM's formulation; its latents are SDXL's. */
const EDM_V = {
  _class_name: "EDMEulerScheduler",
  sigma_min: 0.002,
  sigma_max: 120,
  sigma_data: 1,
  sigma_schedule: "exponential",
  num_train_timesteps: 1000,
  prediction_type: "v_prediction",
  final_sigmas_type: "zero",
};

/** How Playground v2.5's latents are scaled, for files that lost the keys `edm_mean` and `edm_std`. */
export const EDM_LATENTS = {
  scaling_factor: 0.5,
  latents_mean: [-1.6574, 1.886, -1.383, 2.5155],
  latents_std: [8.4927, 5.9022, 6.5498, 5.2299],
};

/**
 * As `deno task bench composition` found them. The captions that the bundled model learned from name nearly everything
 * in their pictures, so a region that is told of one thing is first drawn as a picture of its own (bind mode); then the
 * whole prompt gives all regions one background. Canvas mode by itself needs a little of the whole prompt in each
 * region for that. The things it learned are 80 to 176 pixels high. Its captions know no "empty background": it paints
 * a block of colour for that.
 */
const REGIONS: Record<string, RegionDefaults> = {
  mini: { mode: "bind", bind: 0.3, refineRatio: 0.5, baseRatio: 0.3, leastSide: 128, nothing: "on a white background" },
};

type Row = [name: string, title: string, size: number, steps: number, cfg: number, SchedulerConfig, names?: RegExp];

/**
 * The first row of a family is what a model of it is unless something says otherwise; of the names, the first that fits
 * counts.
 */
const TABLE: Record<Family, Row[]> = {
  sd1: [
    ["sd15", "Stable Diffusion 1.4/1.5", 512, 50, 7.5, PNDM],
    ["sd15-inpaint", "Stable Diffusion 1.5 inpainting", 512, 50, 7.5, PNDM],
    ["lcm", "LCM (SD 1.5)", 512, 4, 1, { _class_name: "LCMScheduler", ...OLD }, /(^|[^a-z])lcm([^a-z]|$)/i],
    ["hyper-sd15", "Hyper-SD 1.5", 512, 8, 1, { ...OLD, ...TRAILING, _class_name: "DDIMScheduler" }, /hyper[-_]?sd/i],
  ],
  sd2: [
    ["sd21", "Stable Diffusion 2.0/2.1 (768, v)", 768, 50, 7.5, DDIM_V],
    ["sd21-base", "Stable Diffusion 2.0/2.1 base (512, ε)", 512, 50, 7.5, PNDM, /(2|2[-_.]?[01])[-_]?base|512-base/i],
    ["sd2-inpaint", "Stable Diffusion 2 inpainting", 512, 50, 7.5, PNDM],
    ["mini", "the bundled model", 256, 20, 4, { ...DDIM_V, ...V_ZSNR_KEYS }],
    ["sd-turbo", "SD-Turbo", 512, 1, 0, { ...EULER, ...TRAILING }, /sd[-_]?turbo/i],
  ],
  sdxl: [
    ["sdxl", "Stable Diffusion XL", 1024, 50, 5, EULER],
    ["sdxl-inpaint", "Stable Diffusion XL inpainting", 1024, 50, 7.5, EULER],
    ["sdxl-vpred", "Stable Diffusion XL, v-prediction with zero-SNR", 1024, 28, 5, V_ZSNR, /v[-_]?pred/i],
    ["sdxl-turbo", "SDXL-Turbo", 512, 4, 0, { ...EULER_A, ...TRAILING }, /sd[-_]?xl[-_]?turbo/i],
    ["sdxl-lightning-x0", "SDXL-Lightning in one step (x₀)", 1024, 1, 1, X0, /lightning.*[-_]x0/i],
    ["sdxl-lightning", "SDXL-Lightning", 1024, 4, 1, { ...EULER, ...TRAILING }, /lightning/i],
    ["hyper-sdxl", "Hyper-SDXL", 1024, 8, 1, { ...OLD, ...TRAILING, _class_name: "DDIMScheduler" }, /hyper(?!.?real)/i],
    ["lcm-sdxl", "LCM (SDXL)", 1024, 4, 1, { _class_name: "LCMScheduler", ...OLD }, /(^|[^a-z])lcm([^a-z]|$)/i],
    ["cosxl", "CosXL", 1024, 20, 7, EDM_V, /cos[-_ ]?xl/i],
    ["playground-v2.5", "Playground v2.5", 1024, 50, 3, EDM, /playground[-_ ]?v?2[._]?5/i],
    ["playground-v2", "Playground v2", 1024, 50, 3, { ...EULER_A, ...LEADING }, /playground[-_ ]?v?2/i],
    ["itercomp", "IterComp", 1024, 30, 7, EULER, /itercomp/i],
    ["albedobase-xl", "AlbedoBase XL", 1024, 30, 7, EULER, /albedo[-_ ]?base/i],
    [
      "dreamshaper-xl-turbo",
      "DreamShaper XL Turbo",
      1024,
      6,
      2,
      { ...LEADING, _class_name: "DPMSolverMultistepScheduler" },
      /dreamshaper[-_ ]?xl.*turbo/i,
    ],
    ["dreamshaper-xl", "DreamShaper XL", 1024, 30, 7, EULER, /dreamshaper[-_ ]?xl/i],
  ],
};

/** All presets by name. */
export const PRESETS: ReadonlyMap<string, KnownPreset> = new Map(
  Object.entries(TABLE).flatMap(([family, rows]) =>
    rows.map(([name, title, size, steps, cfgScale, scheduler, names]) => [name, {
      name,
      title,
      family: family as Family,
      width: size,
      height: size,
      steps,
      cfgScale,
      regions: REGIONS[name],
      prediction: predictionOf(scheduler),
      forceZerosForEmptyPrompt: family === "sdxl",
      scheduler,
      names,
    }])
  ),
);

/** What a scheduler config says of the UNet's output. */
export function predictionOf(scheduler: SchedulerConfig): Prediction {
  if (scheduler._class_name?.startsWith("EDM")) return "edm";
  return (scheduler.prediction_type as Prediction | undefined) ?? "epsilon";
}

/** A preset a user named. @throws UsageError for an unknown name or one of another family */
export function presetByName(name: string, family: Family): KnownPreset {
  const preset = PRESETS.get(name.toLowerCase()) ?? PRESETS.get(name.toLowerCase().replace(/^sd14$/, "sd15"));
  if (!preset) {
    const known = [...PRESETS.keys()];
    throw new UsageError(
      `There is no preset "${name}".${didYouMean(name, known)} Presets: auto, ${known.join(", ")}.`,
    );
  }
  if (preset.family !== family) {
    const fitting = [...PRESETS.values()].filter((p) => p.family === family).map((p) => p.name);
    throw new UsageError(
      `Preset "${name}" is for ${preset.family} models, but this one is ${family}. Presets for it: ${
        fitting.join(", ")
      }.`,
    );
  }
  return preset;
}

/** The preset that a model's name means, if any; of a distilled one with the steps that the name says. */
export function presetByModelName(modelName: string, family: Family): KnownPreset | undefined {
  const preset = [...PRESETS.values()].find((preset) => preset.family === family && preset.names?.test(modelName));
  return preset && preset.steps <= FEW ? { ...preset, steps: stepsIn(modelName) ?? preset.steps } : preset;
}

/** Distilled models take no more steps by default. */
const FEW = 8;

/** How many steps the name of a distilled model or LoRA says: 8 of "sdxl_lightning_8step". */
export function stepsIn(name: string): number | undefined {
  const steps = Number(name.match(/(?<!\d)(\d{1,2})[-_ ]?steps?(?![a-z])/i)?.[1]);
  return steps >= 1 && steps <= 16 ? steps : undefined;
}
