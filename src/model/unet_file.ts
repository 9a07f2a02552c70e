/**
 * UNets apart from their model: a diffusers folder, or a file that holds nothing else, as GGUF files for ComfyUI do.
 *
 * @module
 */
import { briefText } from "../brief.ts";
import { ModelError } from "../errors.ts";
import { isFolder } from "../files/byte_file.ts";
import { openTensors } from "../formats/open_tensors.ts";
import type { TensorSource } from "../formats/tensor_source.ts";
import { type View, viewOf } from "../formats/view.ts";
import { openComponent } from "./component_files.ts";
import { describeForeign } from "./foreign.ts";
import { unetConfig } from "./infer_config.ts";
import { layersOf, UNET_PREFIX, unetName } from "./ldm_names.ts";
import type { Component, Parts } from "./parts.ts";
import { noteOf, type Told } from "./single_file_preset.ts";

/** A UNet, and what its file says of it. */
interface OtherUnet extends Component {
  note?: Told;
}

/** The UNet within a file, under the original code's names after `prefix`. */
export function unetOf(file: TensorSource, prefix: string): TensorSource {
  const names = [...file.tensors.keys()].filter((name) => name.startsWith(prefix)).map((name) =>
    name.slice(prefix.length)
  );
  const layers = layersOf(names);
  const views = new Map<string, View>();
  for (const old of names) {
    const name = unetName(old, layers);
    if (name !== undefined) views.set(name, { from: prefix + old });
  }
  return viewOf(file, views);
}

/**
 * Opens a UNet for a model: a diffusers UNet folder, a pipeline folder that has one, or a file of a UNet or a whole
 * model, under the original code's names or diffusers'.
 * @param model what it goes with: the text encoders must be those that it was trained with
 * @throws ModelError that says what the file is, where it has no UNet or one for other text encoders
 */
export async function openUnet(path: string, model: Parts, variant?: string): Promise<OtherUnet> {
  const unet = await openAny(path, model, variant);
  const [width, wanted] = [unet, model.unet].map(({ config }) => config.cross_attention_dim);
  if (JSON.stringify(width) === JSON.stringify(wanted)) return unet;
  unet.source.close();
  throw new ModelError(
    `The UNet in ${path} reads prompts ${briefText(String(width))} wide, but the model's text encoders give ` +
      `${briefText(String(wanted))}: it belongs to another family. Name a model of its own with -m.`,
  );
}

async function openAny(path: string, { unet, family, textEncoders }: Parts, variant?: string): Promise<OtherUnet> {
  if (await isFolder(path)) return await openComponent(path, "unet", "UNet2DConditionModel", variant);
  const file = await openTensors(path);
  try {
    const { tensors } = file;
    const prefix = ["", UNET_PREFIX].find((start) => tensors.has(`${start}input_blocks.0.0.weight`));
    if (prefix === undefined && !tensors.has("conv_in.weight")) {
      throw new ModelError(`${path} has no UNet. ${describeForeign(tensors.keys())}`);
    }
    const source = prefix === undefined ? file : { ...unetOf(file, prefix), close: () => file.close() };
    const pooled = Number(textEncoders[textEncoders.length - 1].config.projection_dim ?? 0);
    const inferred = unetConfig(source, family, Number(unet.config.sample_size ?? 64), pooled);
    // Heads and groups of odd sizes, which no shape tells, are those of the model where the rest is the same.
    const { attention_head_dim, num_attention_heads, norm_num_groups } = unet.config;
    const alike = JSON.stringify(inferred.block_out_channels) === JSON.stringify(unet.config.block_out_channels);
    const told = { attention_head_dim, num_attention_heads, norm_num_groups };
    const config = alike ? { ...inferred, ...defined(told) } : inferred;
    return { config, source, note: await noteOf(file, family) };
  } catch (error) {
    file.close();
    throw error;
  }
}

function defined<T extends object>(values: T): Partial<T> {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)) as Partial<T>;
}
