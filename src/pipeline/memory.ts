/**
 * How much device memory a drawing needs, known before anything is allocated: its stages say what is there when.
 *
 * @module
 */
import type { Graph } from "../gpu/graph.ts";
import { placeBytes } from "../gpu/storage.ts";
import type { Weights } from "../nn/weights.ts";
import type { Drawing } from "./drawing.ts";
import type { Networks } from "./networks.ts";
import { type Offload, type Stage, stagesOf } from "./stage.ts";

/** Bytes on the device. */
export interface MemoryNeed {
  /** Of each part's weights, by name. */
  weights: Record<string, number>;
  /** Of each stage: what its graphs need, and what is there altogether when nothing stays longer than its stage. */
  stages: { name: string; parts: string[]; activations: number }[];
  /** Whether decoding goes in tiles. */
  tiled: boolean;
  /** The most at any time. */
  peak: number;
}

/** What a drawing needs. No weights need to be loaded. */
export function memoryNeed(
  networks: Pick<Networks, "device" | "streamWindow" | "offload" | "lazy">,
  drawing: Drawing,
  offload: Offload = drawing.offload,
): MemoryNeed {
  const { device, streamWindow } = networks;
  const stages = stagesOf(drawing).map((stage) => {
    const groups = stage.record();
    const activations = Math.max(...groups.map((graphs) => sum(graphs, (graph) => graph.planBytes())));
    return { ...stage, groups, activations, readies: readies(stage, drawing) };
  });
  const parts = [...new Set(stages.flatMap(({ parts }) => parts))];
  const all = parts.map(({ weights }) => weights);

  /** While weights are packed, the file's bytes lie beside them. */
  const loading = (list: readonly Weights[]) =>
    Math.max(...list.map((weights, i) => sum(list.slice(0, i), bytesOf) + weights.loadingBytes));
  /** Biases and norms stay while matrices come and go. */
  const inWindows = ({ parts }: Stage, groups: readonly Graph[][]) => {
    const weights = parts.map(({ weights }) => weights);
    const tensors = new Set(weights.flatMap(({ matrices }) => [...matrices]));
    const stays = sum(weights, bytesOf) - sum([...tensors], (tensor) => placeBytes(device, tensor));
    const stream = { tensors, windowBytes: streamWindow };
    const window = Math.max(...groups.flat().map((graph) => graph.windowBytes(stream)));
    // What is quantised travels in up to four times its bytes.
    return stays + window + Math.min(4 * window, Math.max(...weights.map(({ stagingBytes }) => stagingBytes)));
  };
  const peaks = stages.map(({ groups, activations, ...stage }) => {
    const held = stage.heldBytes + activations;
    if (!offload) {
      return (networks.lazy && !networks.offload && stage.readies ? loading(all) : sum(all, bytesOf)) + held;
    }
    if (offload === "stream" && stage.streams) return inWindows(stage, groups) + held;
    const weights = stage.parts.map(({ weights }) => weights);
    return Math.max(stage.heldBytes + loading(weights), sum(weights, bytesOf) + held);
  });
  return {
    weights: Object.fromEntries(parts.map(({ name, weights }) => [name, weights.bytes])),
    stages: stages.map(({ name, parts, activations }) => ({ name, parts: parts.map(({ name }) => name), activations })),
    tiled: drawing.window.height < drawing.size.height || drawing.window.width < drawing.size.width,
    peak: Math.max(...peaks, ...(offload ? [] : [loading(all)])),
  };
}

/** Whether what decodes comes to the device in this stage, where it may stay: during the first step (decoder.ts). */
function readies(stage: Stage, { stages, larger }: Drawing): boolean {
  return stage === (larger?.by === "latent" ? larger.drawing! : { stages }).stages.sampling;
}

const bytesOf = ({ bytes }: Weights) => bytes;

function sum<T>(list: readonly T[], of: (item: T) => number): number {
  return list.reduce((total, item) => total + of(item), 0);
}
