/**
 * The parts of a model: its networks by name. Everything that loads, spares or counts memory walks over parts and names
 * none.
 *
 * @module
 */
import type { BlockType } from "../formats/ggml_blocks.ts";
import type { TensorSource } from "../formats/tensor_source.ts";
import type { Device, Precision } from "../gpu/device.ts";
import { Graph } from "../gpu/graph.ts";
import type { KeptType } from "../ops/weight.ts";
import { Weights } from "../nn/weights.ts";

/** A network with its weights. */
export interface Part<Network = unknown> {
  /** "text_encoder", "text_encoder_2", "unet", "vae_encoder", "vae_decoder", … */
  readonly name: string;
  /** What it computes, as its config says. */
  readonly network: Network;
  /** Declared; on the device while the part is loaded. */
  readonly weights: Weights;
  /** Where its tensors come from; absent where only their sizes are wanted. */
  readonly source?: TensorSource;
}

/** Where a part's tensors come from, and how they are kept. */
export interface PartOptions {
  precision: Precision;
  /** Which matrices stay quantised on the device: none, those that are so in the file, or all that can be. */
  keep?: "file" | KeptType;
  source?: TensorSource;
  /** Tensors of the source that are not declared and may be there all the same; any other is an error. */
  others?: RegExp;
}

/**
 * A part with all its weights declared and none loaded: recording a network declares them, the graph itself is thrown
 * away.
 *
 * @param record records the network over its smallest input
 * @throws ModelError where the source does not hold just what the network needs
 */
export function declarePart<Network>(
  device: Device,
  name: string,
  network: Network,
  record: (g: Graph, w: Weights, network: Network) => void,
  { precision, keep, source, others = /^$/ }: PartOptions,
): Part<Network> {
  const weights = new Weights(device, precision, name.replaceAll("_", " "), keeper(keep, source));
  record(new Graph(device, name, precision), weights, network);
  if (source) weights.check(source, others);
  return { name, network, weights, source };
}

/** How the file holds what stays as it is. */
const IN_FILES: { readonly [type in BlockType]?: KeptType } = { Q8_0: "q8_0", Q4_0: "q4_0" };

/**
 * The matrices of a layer are all kept alike, or none is. Those of a 1×1 convolution never are: files do not quantise
 * them.
 */
function keeper(keep: PartOptions["keep"], source?: TensorSource) {
  return (names: readonly string[]): KeptType | undefined => {
    if (!keep || !source) return keep === "file" ? undefined : keep;
    const infos = names.map((name) => source.tensors.get(name));
    if (!infos.every((info) => info?.shape.length === 2)) return undefined;
    if (keep !== "file") return keep;
    const [first, ...others] = infos.map((info) => info!.blocks);
    return first && others.every((type) => type === first) ? IN_FILES[first] : undefined;
  };
}
