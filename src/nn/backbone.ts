/**
 * The contract of the networks that predict noise: U-Nets here, transformers likewise. A backbone is a description and
 * owns nothing; all state is in the graphs it records and in the weights it declares by recording.
 *
 * @module
 */
import type { Graph } from "../gpu/graph.ts";
import { padChannels, type Tensor } from "../gpu/tensor.ts";
import { type AttentionMap, selfMap } from "../ops/attention.ts";
import type { Watch } from "./blocks.ts";
import type { Layers } from "./weights.ts";

/** What the network is told of a step. */
export interface StepFacts {
  /** As the schedule has it: a whole number, or one between two. */
  timestep: number;
  /** Guidance scale, for networks with distilled guidance. */
  guidance: number;
}

/** What the network is told of an entry of a batch: computed anew where its prompt changes. */
export interface EntryFacts {
  /** Pooled embedding of the prompt that describes it. */
  pooled?: Float32Array;
  /** Original height and width, crop top and left, target height and width, in pixels. */
  sizes: readonly number[];
}

/** A vector that the host computes from `Facts`. */
export interface HostVector<Facts> {
  width: number;
  of(facts: Facts): Float32Array;
}

/** A network that predicts what is noise in latents. */
export interface Backbone {
  /** Channels it reads: the latents', and those of what else it is shown. */
  readonly inChannels: number;
  /** Channels of its prediction: the latents'. */
  readonly outChannels: number;
  /** Width of a prompt's tokens. */
  readonly contextDim: number;
  /**
   * Channels of its skip connections in order, and of its middle, where {@linkcode BackboneInputs.residuals} can be
   * added.
   */
  readonly features?: readonly number[];
  /** Latents along the sides of the smallest picture that it can be recorded over. */
  readonly leastSide: number;
  /** Vectors that change from step to step and are the same for all entries, by name. */
  readonly stepVectors: Readonly<Record<string, HostVector<StepFacts>>>;
  /** Vectors that each entry has for itself and keeps while its prompt stays, by name. */
  readonly entryVectors: Readonly<Record<string, HostVector<EntryFacts>>>;
  /**
   * Records one evaluation of a batch into `g`, and what depends on the prompts alone into `prompts.graph`.
   * @returns [batch, height, width, outChannels]
   */
  record(g: Graph, w: Layers, inputs: BackboneInputs, prompts: PromptInputs): Tensor;
}

/** What changes from step to step. */
export interface BackboneInputs {
  /** [batch, height, width, inChannels] */
  latents: Tensor;
  /** {@linkcode Backbone.stepVectors}, each [batch, 1, width]. */
  step: Readonly<Record<string, Tensor>>;
  /** {@linkcode Backbone.entryVectors}, each [batch, 1, width]. */
  entry: Readonly<Record<string, Tensor>>;
  /** Added to the network's own features on the way: what ControlNets give. */
  residuals?: readonly Residuals[];
}

/** Features of the shapes that the backbone's own have. */
export interface Residuals {
  /** One for each skip connection, in the order in which they are made. */
  skips: readonly Tensor[];
  middle: Tensor;
  /** What each is multiplied by, the middle's last. */
  strengths: readonly number[];
}

/** What depends on the prompts alone; its graph runs once, before the first step. */
export interface PromptInputs {
  graph: Graph;
  /** Token embeddings of all prompts, one below the other [1, tokens, contextDim]. */
  context: Tensor;
  /** What each pixel's query sees of `context` at a resolution. */
  map(height: number, width: number): AttentionMap;
  /** Keys and values of `context` by layer: evaluations with the same context share them. */
  keys: Map<string, Tensor>;
  /** Called with the queries of every layer that looks at the prompts, so that what they see can be added up. */
  watch?: Watch;
}

/** The inputs of these names for a batch. */
export function vectorInputs(
  g: Graph,
  vectors: Readonly<Record<string, { width: number }>>,
  batch: number,
): Record<string, Tensor> {
  return Object.fromEntries(
    Object.entries(vectors).map(([name, { width }]) => [name, g.input(name, [batch, 1, width])]),
  );
}

/** Records a backbone over its smallest input, which declares its weights. */
export function recordSmallest(g: Graph, w: Layers, backbone: Backbone): void {
  const { inputs, prompts } = smallestInputs(g, backbone);
  backbone.record(g, w, inputs, prompts);
}

/** The smallest inputs that a network of these sizes can be recorded over. */
export function smallestInputs(
  g: Graph,
  { leastSide: side, inChannels, contextDim, stepVectors, entryVectors }:
    & Pick<Backbone, "leastSide" | "inChannels" | "contextDim">
    & Record<"stepVectors" | "entryVectors", Readonly<Record<string, { width: number }>>>,
): { inputs: BackboneInputs; prompts: PromptInputs } {
  const inputs = {
    latents: g.input("latents", [1, side, side, padChannels(inChannels)]),
    step: vectorInputs(g, stepVectors, 1),
    entry: vectorInputs(g, entryVectors, 1),
  };
  const prompts = {
    graph: g,
    context: g.input("context", [1, 1, contextDim]),
    map: (height: number, width: number) => selfMap(1, height * width),
    keys: new Map<string, Tensor>(),
  };
  return { inputs, prompts };
}
