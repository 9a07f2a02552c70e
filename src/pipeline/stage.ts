/**
 * The stages of a drawing. Each names the parts that must be on the device while it lasts, and records its graphs by
 * the very code that runs them, so that what a drawing needs is known before anything is allocated.
 *
 * @module
 */
import type { Graph } from "../gpu/graph.ts";
import type { Part } from "./part.ts";

/**
 * Which weights leave the device: none; each part's after its stage; or, with "stream", also those of a stage that
 * streams, which come from the file anew in every evaluation.
 */
export type Offload = false | true | "stream";

/** A stretch of a drawing. */
export interface Stage {
  /** "encoding", "sampling", "decoding", … */
  readonly name: string;
  /** All must be there together. */
  readonly parts: readonly Part[];
  /** Its parts may come in windows of their weights, since they are run over and over. */
  readonly streams?: boolean;
  /** Bytes that are held besides weights and graphs: the latents. */
  readonly heldBytes: number;
  /** Its graphs: lists of those that are on the device together, one list after the other. */
  record(): Graph[][];
}

/** The stages of a drawing by name, in the order in which they run. */
export interface Stages {
  readonly encoding: readonly Stage[];
  /** Where the drawing starts from a picture. */
  readonly embedding?: Stage;
  readonly sampling: Stage;
  readonly decoding: Stage;
  /** Where the picture shall become larger: enlarging, and all of the second drawing. */
  readonly larger?: readonly Stage[];
}

/** All stages, one after the other. */
export function stagesOf({ stages }: { stages: Stages }): Stage[] {
  return Object.values<Stage | readonly Stage[]>({ ...stages }).flat();
}
