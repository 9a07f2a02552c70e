/**
 * What samplers, schedules and their callers share. Samplers are generic in `T`, whatever the latent space holds: an
 * array in tests, a place on the device in the product.
 *
 * @module
 */

/** One summand: coefficient · value. */
export type Term<T> = readonly [coefficient: number, value: T];

/** Where latents live. Samplers move their state through these two operations and nothing else. */
export interface LatentSpace<T> {
  /** A new value, Σ cᵢ·vᵢ over 1 to 8 terms, cut off at ±`limit` where one is given. */
  combine(terms: readonly Term<T>[], limit?: number): T;
  /** The next standard normal values of this image's generator. */
  noise(): T;
}

/** Draws standard normal values, the same for the same seed everywhere. */
export interface NoiseGenerator {
  /** The next `count` values, row-major in the shape torch would be asked for ([channels, height, width]). */
  normal(count: number): Float32Array;
}

/**
 * One call of the network on `inputScale` · x: its output as it is, guidance applied (ε, v or what the checkpoint
 * predicts). The value must stay good until the sampler yields, or longer if the step's `keep` names it.
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

/** A place on the way from noise to picture: x = alpha · x₀ + sigma · ε. */
export interface Level {
  /** Share of the picture: 1 where latents keep the data's scale, √ᾱ where they keep their variance. */
  readonly alpha: number;
  /** Share of the noise. */
  readonly sigma: number;
  /** Noise-to-signal ratio σ/α; infinite at zero terminal SNR. */
  readonly ratio: number;
  /** What the network is told there. Of no concern to samplers. */
  readonly timestep: number;
}

/** From one level to the next. */
export interface Stride {
  readonly from: Level;
  readonly to: Level;
}

/** What the network's output means. */
export type Prediction = "epsilon" | "v_prediction" | "sample";

/** A scheduler_config.json of diffusers. Keys that the chosen class does not know are ignored, as diffusers does. */
export interface SchedulerConfig {
  /** The scheduler's class in diffusers. */
  readonly _class_name?: string;
  /** {@linkcode SchedulerSettings} names those that matter here. */
  readonly [key: string]: unknown;
}

/** Everything a sampler needs to know about time and noise, computed once. */
export interface Schedule {
  /** Whether the network is preconditioned as in EDM (Playground v2.5) rather than trained on a table of ᾱ. */
  readonly edm: boolean;
  /** The config with the class's defaults filled in. */
  readonly settings: SchedulerSettings;
  /** What the network is told at each step, [steps]. */
  readonly timesteps: readonly number[];
  /** Noise-to-signal ratios, [steps + 1]: before each step and after the last. Values are f32. */
  readonly sigmas: readonly number[];
  /** Standard deviation of the first latents: x = initialScale · noise. */
  readonly initialScale: number;
  /** The steps on the scale on which their sampler keeps its latents. */
  readonly strides: readonly Stride[];
  /** The level of a training timestep on that scale, for samplers that leave the way (PNDM). */
  at(timestep: number): Level;
  /** The level of a noise-to-signal ratio on that scale, for samplers that look between the steps. */
  level(ratio: number): Level;
}

/** The keys of a scheduler_config.json that schedules and samplers read. A sampler has those its class knows. */
export interface SchedulerSettings {
  /** Timesteps of the training, T. */
  readonly num_train_timesteps: number;
  /** β of the first timestep. */
  readonly beta_start: number;
  /** β of the last timestep. */
  readonly beta_end: number;
  /** How β grows between them. */
  readonly beta_schedule: string;
  /** All β, instead of the three above. */
  readonly trained_betas?: readonly number[];
  /** What the network's output means. */
  readonly prediction_type: Prediction;
  /** How the visited timesteps are spaced. */
  readonly timestep_spacing: string;
  /** Added to every timestep of "leading". */
  readonly steps_offset: number;
  /** Whether the last timestep is pure noise. */
  readonly rescale_betas_zero_snr?: boolean;
  /** Whether estimates of x₀ are cut off at ±`clip_sample_range`. */
  readonly clip_sample?: boolean;
  /** Where `clip_sample` cuts. */
  readonly clip_sample_range: number;
  /** Whether sampling ends at ᾱ = 1 rather than at ᾱ of timestep 0. */
  readonly set_alpha_to_one?: boolean;
  /** Noise levels even in σ^(1/7). */
  readonly use_karras_sigmas?: boolean;
  /** Noise levels even in ln σ. */
  readonly use_exponential_sigmas?: boolean;
  /** Noise levels at quantiles of a beta distribution. */
  readonly use_beta_sigmas?: boolean;
  /** Noise levels even in λ, as DPM-Solver's authors have it. */
  readonly use_lu_lambdas?: boolean;
  /** Smallest σ of such a curve. */
  readonly sigma_min?: number;
  /** Largest σ of such a curve. */
  readonly sigma_max?: number;
  /** Whether σ ends at 0 or at the smallest of the training. */
  readonly final_sigmas_type?: string;
  /** Timesteps whose λ = −ln σ is below this are left out. */
  readonly lambda_min_clipped?: number;
  /** PNDM: whether it starts without Runge–Kutta steps. */
  readonly skip_prk_steps: boolean;
  /** Multistep solvers: estimates used per step, 1 to 3. */
  readonly solver_order: number;
  /** Multistep solvers: the variant of the update. */
  readonly solver_type: string;
  /** Multistep solvers: whether short runs end with lower orders. */
  readonly lower_order_final: boolean;
  /** DPM-Solver++: whether the last step is of order 1. */
  readonly euler_at_final: boolean;
  /** UniPC: steps after which it does not correct. */
  readonly disable_corrector: readonly number[];
  /** LCM: the steps it was distilled on. */
  readonly original_inference_steps: number;
  /** LCM: how fast its boundary condition fades with t. */
  readonly timestep_scaling: number;
  /** EDM: standard deviation of the data. */
  readonly sigma_data: number;
  /** EDM: how noise levels are spread. */
  readonly sigma_schedule: string;
  /** EDM: Karras' exponent. */
  readonly rho: number;
}

/** Choices of the person who samples, not of the model. */
export interface SamplerOptions {
  /**
   * DDIM: share of fresh noise per step, 0 (none, the default) to 1 (as DDPM). Ancestral samplers and those of SDEs: 0
   * to 1 (the default).
   */
  eta?: number;
  /** First step to run, for latents that are only partly noise: see `noised`. */
  start?: number;
}

/** What a network gives beside its guided prediction. */
export interface Beside<T> {
  /** The prediction for the negative prompt alone that came with the last output. Absent: there was no guidance. */
  negative?: () => T;
}

/** What a sampler runs on. How the network wants its input and what its output means is settled behind it. */
export interface Run<T> extends SamplerOptions {
  readonly start: number;
  readonly space: LatentSpace<T>;
  /** D(x; σ): the network's estimate of x₀ in latents of a level, cut off at ±`limit`. */
  denoise(x: T, level: Level, limit?: number): Promise<T>;
  /** The network's output for latents of a level as it is, for samplers that blend outputs. */
  predict(x: T, level: Level): Promise<T>;
  /** The estimates of x₀ by the guided prediction and by that for the negative prompt, in one call of the network. */
  denoiseBoth(x: T, level: Level): Promise<{ denoised: T; negative: T }>;
  /** x₀ by latents of a level and an output. */
  estimate(x: T, level: Level, output: T): T;
  readonly strides: readonly Stride[];
  /** See {@linkcode Schedule.at}. */
  at(timestep: number): Level;
  /** See {@linkcode Schedule.level}. */
  level(ratio: number): Level;
  /** Where estimates of x₀ are to be cut off, if anywhere. */
  readonly clip?: number;
  /** The solver's own. */
  readonly settings: SchedulerSettings;
}

/** Runs from the first (or `start`th) step to the end, one yield per step. */
export type Sampler = <T>(run: Run<T>, x: T) => AsyncGenerator<Step<T>>;
