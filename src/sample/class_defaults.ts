/**
 * What each scheduler class of diffusers knows of a scheduler_config.json, and what it takes for keys that are not
 * there.
 *
 * @module
 */
import type { SamplerName } from "./names.ts";
import type { SchedulerSettings } from "./types.ts";

const training = {
  num_train_timesteps: 1000,
  beta_start: 0.0001,
  beta_end: 0.02,
  beta_schedule: "linear",
  trained_betas: undefined,
  prediction_type: "epsilon",
} as const;

const spaced = { timestep_spacing: "linspace", steps_offset: 0 } as const;

const zeroSnr = { rescale_betas_zero_snr: false } as const;

const curved = { use_karras_sigmas: false, use_exponential_sigmas: false, use_beta_sigmas: false } as const;

const ranged = { sigma_min: undefined, sigma_max: undefined } as const;

/** Whether estimates of x₀ are cut off at ±clip_sample_range, as for pictures without a VAE. */
const unclipped = { clip_sample: false, clip_sample_range: 1 } as const;

const multistep = {
  solver_order: 2,
  solver_type: "midpoint",
  lower_order_final: true,
  final_sigmas_type: "zero",
} as const;

const dpmSolver = {
  ...training,
  ...spaced,
  ...zeroSnr,
  ...curved,
  ...ranged,
  ...multistep,
  euler_at_final: false,
  use_lu_lambdas: false,
  lambda_min_clipped: -Infinity,
} as const;

/** Euler's, and that of k-diffusion's samplers, which have no class. */
const sigmas = { ...training, ...spaced, ...zeroSnr, ...curved, ...ranged } as const;

/** Known keys with their defaults. "edm" are the classes for Karras et al.'s formulation. */
export const classDefaults: Record<SamplerName | "edm", Partial<SchedulerSettings>> = {
  "ddim": {
    ...training,
    ...spaced,
    ...zeroSnr,
    ...unclipped,
    clip_sample: true, // pictures need false: every published model's config says so
    timestep_spacing: "leading",
    set_alpha_to_one: true,
  },
  "pndm": { ...training, ...spaced, timestep_spacing: "leading", set_alpha_to_one: false, skip_prk_steps: false },
  "euler": { ...sigmas, final_sigmas_type: "zero" },
  "euler_a": { ...training, ...spaced, ...zeroSnr },
  "dpm++2m": dpmSolver,
  "dpm++2m_sde": dpmSolver,
  "heun": { ...training, ...spaced, ...curved, ...ranged, ...unclipped, beta_start: 0.00085, beta_end: 0.012 },
  "dpm++2s_a": sigmas,
  "dpm++3m_sde": sigmas,
  "euler_cfg++": sigmas,
  "euler_a_cfg++": sigmas,
  "dpm++sde": { ...training, ...spaced, ...curved, beta_start: 0.00085, beta_end: 0.012 },
  "dpm2": { ...training, ...spaced, ...curved, beta_start: 0.00085, beta_end: 0.012 },
  "dpm2_a": { ...training, ...spaced, ...curved, beta_start: 0.00085, beta_end: 0.012 },
  "lms": { ...training, ...spaced, ...curved },
  "unipc": {
    ...training,
    ...spaced,
    ...zeroSnr,
    ...curved,
    ...ranged,
    ...multistep,
    solver_type: "bh2",
    disable_corrector: [],
  },
  "lcm": {
    ...training,
    ...zeroSnr,
    ...unclipped,
    beta_start: 0.00085,
    beta_end: 0.012,
    beta_schedule: "scaled_linear",
    set_alpha_to_one: true,
    original_inference_steps: 50,
    timestep_scaling: 10,
  },
  "edm": {
    ...multistep,
    num_train_timesteps: 1000,
    prediction_type: "epsilon",
    euler_at_final: false,
    sigma_min: 0.002,
    sigma_max: 80,
    sigma_data: 0.5,
    sigma_schedule: "karras",
    rho: 7,
  },
};

/** Known keys that have one value in every latent model, the only one done here. */
export const fixedKeys: Partial<Record<SamplerName | "edm", Record<string, unknown>>> = {
  "ddim": { thresholding: false },
  "euler": { interpolation_type: "linear", timestep_type: "discrete" },
  "dpm++2m": { thresholding: false, use_flow_sigmas: false },
  "dpm++2m_sde": { thresholding: false, use_flow_sigmas: false },
  "unipc": { thresholding: false, use_flow_sigmas: false, predict_x0: true, solver_p: undefined },
  "lcm": { thresholding: false },
  "edm": { thresholding: false },
};
