/**
 * What samplers, schedules and their callers share. Samplers are generic in `T`, whatever the latent space holds: an array
 * in tests, a place on the device in the product.
 *
 * @module
 */
import type { SamplerName } from "./names.ts";

/** One summand: coefficient · value. */
export type Term<T> = readonly [coefficient: number, value: T];

/** Where latents live. Samplers move their state through these two operations and nothing else. */
export interface LatentSpace<T> {
  /** A new value, Σ cᵢ·vᵢ over 1 to 8 terms. */
  combine(terms: readonly Term<T>[]): T;
  /** The next standard normal values of this image's generator. */
  noise(): T;
}

/**
 * One call of the network on `inputScale` · x: its output as it is, guidance applied (ε, v or what the checkpoint predicts).
 * The value must stay good until the sampler yields, or longer if the step's `keep` names it.
 */
export type Evaluate<T> = (x: T, call: { timestep: number; inputScale: number }) => Promise<T>;

/** A finished step. */
export interface Step<T> {
  /** The latents after this step. */
  x: T;
  /** The network's estimate of the finished latents x₀, for previews. Good until the generator is resumed. */
  denoised: T;
  /** 0 for the first step of the schedule. */
  index: number;
  /** How many steps the schedule has. */
  steps: number;
  /** What the network was told. */
  timestep: number;
  /** Noise-to-signal ratio before this step; infinite at zero terminal SNR. */
  sigma: number;
  /** `x` and the history later steps read: these must outlive this step, all other values may be recycled. */
  keep: T[];
}

/** x = alpha · x₀ + sigma · ε. */
export interface Level {
  readonly alpha: number;
  readonly sigma: number;
}

/** What the network's output means. */
export type Prediction = "epsilon" | "v_prediction" | "sample";

/** A scheduler_config.json of diffusers. Keys that the chosen class does not know are ignored, as diffusers does. */
export interface SchedulerConfig {
  readonly _class_name?: string;
  readonly [key: string]: unknown;
}

/** Everything a sampler needs to know about time and noise, computed once. */
export interface Schedule {
  readonly sampler: SamplerName;
  /** Whether the network is preconditioned as in EDM (Playground v2.5) rather than trained on a table of ᾱ. */
  readonly edm: boolean;
  /** The config with the class's defaults filled in. */
  readonly settings: Settings;
  /** What the network is told at each step, [steps]. */
  readonly timesteps: readonly number[];
  /** Noise-to-signal ratios, [steps + 1]: before each step and after the last. Values are f32. */
  readonly sigmas: readonly number[];
  /** Standard deviation of the first latents: x = initialScale · noise. */
  readonly initialScale: number;
}

/** The keys of a scheduler_config.json that schedules and samplers read. A sampler has those its class knows. */
export interface Settings {
  readonly num_train_timesteps: number;
  readonly beta_start: number;
  readonly beta_end: number;
  readonly beta_schedule: string;
  readonly trained_betas?: readonly number[];
  readonly prediction_type: Prediction;
  readonly timestep_spacing: string;
  readonly steps_offset: number;
  readonly rescale_betas_zero_snr?: boolean;
  readonly set_alpha_to_one?: boolean;
  readonly use_karras_sigmas?: boolean;
  readonly use_exponential_sigmas?: boolean;
  readonly use_beta_sigmas?: boolean;
  readonly use_lu_lambdas?: boolean;
  readonly sigma_min?: number;
  readonly sigma_max?: number;
  readonly final_sigmas_type?: string;
  readonly lambda_min_clipped?: number;
  readonly skip_prk_steps: boolean;
  readonly solver_order: number;
  readonly solver_type: string;
  readonly lower_order_final: boolean;
  readonly euler_at_final: boolean;
  readonly disable_corrector: readonly number[];
  readonly original_inference_steps: number;
  readonly timestep_scaling: number;
  /** EDM only: the data's standard deviation, the schedule's curve and Karras' exponent. */
  readonly sigma_data: number;
  readonly sigma_schedule: string;
  readonly rho: number;
}

/** Choices of the person who samples, not of the model. */
export interface SamplerOptions {
  /** DDIM: share of fresh noise per step, 0 (none) to 1 (as DDPM). */
  eta?: number;
  /** First step to run, for latents that are only partly noise. */
  start?: number;
}

/** Runs a schedule from its first (or `start`th) step to its end, one yield per step. */
export type Sampler = <T>(
  space: LatentSpace<T>,
  evaluate: Evaluate<T>,
  schedule: Schedule,
  x: T,
  options?: SamplerOptions,
) => AsyncGenerator<Step<T>>;
