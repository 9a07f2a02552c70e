/**
 * TAESD files: diffusers' AutoencoderTiny (folder or file), and the encoder and decoder as their author publishes them.
 *
 * @module
 */
import { ModelError } from "../errors.ts";
import { isFolder } from "../files/byte_file.ts";
import { openTensors } from "../formats/open_tensors.ts";
import type { TensorSource } from "../formats/tensor_source.ts";
import { type View, viewOf } from "../formats/view.ts";
import { openComponentWeights } from "./component_files.ts";
import { describeForeign } from "./foreign.ts";

/** What names and shapes tell of its decoder; `TaesdConfig` of src/nn has the same fields. */
export interface Taesd {
  config: { latentChannels: number; width: number; decoder: number[]; factor: number };
  /** Under diffusers' names. */
  source: TensorSource;
}

/**
 * Opens a TAESD: a diffusers folder, `taesd.safetensors` or `taesd_decoder.pth`.
 * @throws ModelError where the file holds something else, or the encoder alone
 */
export async function openTaesd(path: string): Promise<Taesd> {
  const file = await isFolder(path) ? await openComponentWeights(path) : await openTensors(path);
  try {
    const source = { ...viewOf(file, taesdNames(file)), close: () => file.close() };
    const decoder = stagesOf(source);
    const [width, latentChannels] = source.tensors.get("decoder.layers.0.weight")?.shape ?? [0, 0];
    if (decoder.length < 2 || width < 4) {
      if (source.tensors.has("encoder.layers.0.weight")) {
        throw new ModelError(`${path} holds the encoder of a TAESD alone. Give its decoder.`);
      }
      throw new ModelError(`${path} is not a TAESD autoencoder. ${describeForeign([...file.tensors.keys()])}`);
    }
    return { config: { latentChannels, width, decoder, factor: 2 ** (decoder.length - 1) }, source };
  } catch (error) {
    file.close();
    throw error;
  }
}

/**
 * diffusers' name → where it is. The author's decoder begins with a clamp of its own, so its layers are one further on.
 */
export function taesdNames({ tensors }: TensorSource): Map<string, View> {
  const views = new Map<string, View>();
  for (const [name, { shape }] of tensors) {
    const [, half, layer, rest] = name.match(/^(?:(encoder|decoder)\.(?:layers\.)?)?(\d+)\.(.+)$/) ?? [];
    if (layer === undefined) continue;
    const own = name.includes(".layers.");
    // A bare file's first convolution tells which half it is: 3 channels in for the picture.
    const bare = half ?? (tensors.get("0.weight")?.shape[1] === 3 ? "encoder" : "decoder");
    const shift = bare === "decoder" && !own ? 1 : 0;
    if (shape.length) views.set(`${bare}.layers.${Number(layer) - shift}.${rest}`, { from: name });
  }
  return views;
}

/** Blocks of each stage of the decoder, which convolutions part. */
function stagesOf({ tensors }: TensorSource): number[] {
  const layers = new Map<number, "block" | "conv">();
  for (const name of tensors.keys()) {
    const [, index, kind] = name.match(/^decoder\.layers\.(\d+)\.(conv|weight)/) ?? [];
    if (index !== undefined) layers.set(Number(index), kind === "conv" ? "block" : "conv");
  }
  const blocks: number[] = [];
  for (const [, kind] of [...layers].sort(([a], [b]) => a - b)) {
    if (kind === "conv") blocks.push(0);
    else if (blocks.length) blocks[blocks.length - 1]++;
  }
  return blocks.slice(0, -1);
}
