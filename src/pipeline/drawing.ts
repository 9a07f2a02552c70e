/**
 * A drawing: everything that is decided before the first weight moves. `prepare` settles it once; the stages, the
 * memory plan and the painter read it and decide nothing.
 *
 * @module
 */
import type { Plan } from "../plan/plan.ts";
import type { Schedule } from "../sample/types.ts";
import type { PictureOptions, Settings } from "../settings.ts";
import type { TokenChunk } from "../text/chunks.ts";
import type { Wording } from "../text/schedule.ts";
import type { Batch, PromptKey } from "./conditioning.ts";
import type { RrdbConfig } from "../nn/rrdbnet.ts";
import type { TaesdConfig } from "../nn/taesd.ts";
import type { Control } from "./controls.ts";
import type { LatentSize } from "./latent_space.ts";
import type { PlacedLoras } from "./loras.ts";
import type { Part } from "./part.ts";
import type { RegionLoras } from "./region_loras.ts";
import type { Offload, Stage, Stages } from "./stage.ts";
import type { Start } from "./start.ts";
import type { StateChoice } from "./text_encoder.ts";

/** A prompt as tokens. */
export interface PromptTokens {
  readonly prompt: string;
  /** For each text encoder, equally many. */
  readonly chunks: readonly TokenChunk[][];
}

/** All prompts of a drawing, each text once, and the layer that their embeddings are read from. */
export interface Prompts {
  readonly choice: StateChoice;
  readonly texts: readonly PromptTokens[];
}

/**
 * What the backbone is asked from one evaluation to another. Those with the same batches and controls are evaluated
 * alike.
 */
export interface Phase {
  /** The first evaluation after it. */
  readonly until: number;
  readonly batches: readonly Batch[];
  /** ControlNets that steer meanwhile. */
  readonly controls: readonly Control[];
}

/** What comes after the first picture. */
export interface Larger {
  /** The second drawing; its start has no picture yet. */
  readonly drawing?: Drawing;
  /** What the first becomes larger by on the way to the second. */
  readonly by?: "latent" | "lanczos" | Enlarging;
  /** What enlarges the last picture. */
  readonly finally?: Enlarging;
}

/** A network that enlarges pictures of one size. */
export interface Enlarging {
  readonly part: Part<RrdbConfig>;
  readonly stage: Stage;
}

/** A picture that is about to be drawn. Nothing in it changes; with another seed it is `{ ...drawing, settings }`. */
export interface Drawing {
  /** With the model's defaults. */
  readonly plan: Plan;
  /** Complete: what was asked for, and the preset's values for the rest. */
  readonly settings: Settings;
  /** @internal Files that the settings only name, as they were given: for drawings that go on from this one. */
  readonly given: Pick<PictureOptions, "controlNets" | "taesd">;
  /** @internal LoRAs, and where they hold. */
  readonly loras: { readonly whole: PlacedLoras["whole"]; readonly regional?: RegionLoras };
  /** @internal The picture it starts from, where it does. */
  readonly start?: Start;
  /** @internal A quick decoder: for previews, and for the picture where its settings do not say otherwise. */
  readonly tiny?: Part<TaesdConfig>;
  /** @internal What comes after the picture, where it shall become larger. */
  readonly larger?: Larger;
  /** @internal Of the latents. */
  readonly size: LatentSize;
  /** @internal Timesteps, noise levels and strides. */
  readonly schedule: Schedule;
  /** @internal Every text of every prompt as tokens; drawings that share this object share their embeddings. */
  readonly prompts: Prompts;
  /** @internal What the prompts say from step to step. */
  readonly wording: Wording;
  /** @internal Where each text stands in the context that all phases share, and how many rows that has. */
  readonly context: { rows: Map<PromptKey, { start: number; count: number }>; tokens: number };
  /** @internal Following one another to the last step. */
  readonly phases: readonly Phase[];
  /** @internal What is decoded at once, in latents: the picture, or a tile of it. */
  readonly window: { height: number; width: number };
  /** @internal In the order in which they run. */
  readonly stages: Stages;
  /** @internal Which weights leave the device. */
  readonly offload: Offload;
  /** What there is to say: long prompts. */
  readonly warnings: readonly string[];
}
