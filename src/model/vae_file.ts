/**
 * VAEs of their own: a file or folder that `--vae` names.
 *
 * @module
 */
import { ModelError } from "../errors.ts";
import { isFolder } from "../files/byte_file.ts";
import type { Component } from "./parts.ts";
import { openComponent } from "./component_files.ts";
import { vaeNames } from "./diffusers_names.ts";
import { describeForeign, kindOf } from "./foreign.ts";
import { vaeConfig } from "./infer_config.ts";
import type { Config } from "../files/json_file.ts";
import { vaeName } from "./ldm_names.ts";
import { openTensors } from "../formats/open_tensors.ts";
import type { TensorSource } from "../formats/tensor_source.ts";
import { type View, viewOf } from "../formats/view.ts";

/** Before the VAE's names in a single file. */
export const VAE_PREFIX = "first_stage_model.";

/**
 * Opens a VAE: a diffusers VAE folder, a pipeline folder that has one, or a single file (of a VAE or a whole model).
 * @param family the VAE config of the model it goes with, for the scaling that a single file does not tell
 */
export async function openVae(path: string, family: Config, variant?: string): Promise<Component> {
  if (await isFolder(path)) {
    const { config, source } = await openComponent(path, "vae", "AutoencoderKL", variant);
    return { config, source: { ...vaeNames(source), close: () => source.close() } };
  }
  const file = await openTensors(path);
  try {
    const names = [...file.tensors.keys()];
    const prefix = ["", VAE_PREFIX, "vae."].find((start) => names.includes(`${start}decoder.conv_in.weight`));
    if (prefix === undefined) {
      const what = kindOf(names) === "vae" ? "It lacks decoder.conv_in.weight." : describeForeign(names);
      throw new ModelError(`${path} has no VAE that can decode. ${what}`);
    }
    const { config, source } = vaeOf(file, prefix);
    const { scaling_factor = 0.18215, latents_mean, latents_std, force_upcast = false } = family;
    // A VAE made for f16 says so only by its name; the others of SDXL overflow there.
    const upcast = force_upcast === true && !/fp16[-_.]?fix/i.test(path);
    Object.assign(config, { scaling_factor, force_upcast: upcast });
    if (latents_mean) Object.assign(config, { latents_mean, latents_std });
    return { config, source: { ...source, close: () => file.close() } };
  } catch (error) {
    file.close();
    throw error;
  }
}

/** The VAE within a single file, under LDM's or diffusers' names. Its scaling is not in there. */
export function vaeOf(file: TensorSource, prefix: string): Component {
  const names = [...file.tensors.keys()].filter((name) => name.startsWith(prefix)).map((name) =>
    name.slice(prefix.length)
  );
  const up = names.map((name) => Number(name.match(/^decoder\.up\.(\d+)\./)?.[1] ?? -1));
  const levels = up.reduce((most, n) => Math.max(most, n), -1) + 1;
  const views = new Map<string, View>();
  for (const old of names) {
    if (!/^(encoder|decoder|quant_conv|post_quant_conv)\b/.test(old)) continue;
    const { shape } = file.tensors.get(prefix + old)!;
    const name = vaeName(old, levels);
    // The original attends by 1×1 convolutions, diffusers by linear layers.
    const flat = name.includes(".attentions.") && shape.length === 4 ? shape.slice(0, 2) : undefined;
    views.set(name, { from: prefix + old, shape: flat });
  }
  const source = vaeNames(viewOf(file, views));
  return { config: vaeConfig(source), source };
}
