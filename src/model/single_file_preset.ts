/**
 * What the keys, numbers and notes of a single file tell beyond its family: which preset it is, what its UNet predicts,
 * and how its latents are scaled.
 *
 * @module
 */
import { ModelError } from "../errors.ts";
import { toFloat32 } from "../formats/dtype.ts";
import type { TensorSource } from "../formats/tensor_source.ts";
import { BYTES_OF } from "../limits.ts";
import type { SchedulerConfig } from "../sample/types.ts";
import { UNET_PREFIX } from "./ldm_names.ts";
import { type Family, PRESETS } from "./preset.ts";

/** A preset, and why; without `why` it is only the family's first guess. */
export interface Told {
  name: string;
  why?: string;
  /** Where the file says something else than the preset's. */
  scheduler?: SchedulerConfig;
}

/**
 * Which preset a file's keys and numbers point to, and what its header notes by Stability's model specification, as
 * trainers and ComfyUI write it.
 */
export async function presetOf(file: TensorSource, family: Family): Promise<Told> {
  const note = await noteOf(file, family);
  if (file.tensors.get(`${UNET_PREFIX}input_blocks.0.0.weight`)?.shape[1] === 9) {
    return {
      name: { sd1: "sd15-inpaint", sd2: "sd2-inpaint", sdxl: "sdxl-inpaint" }[family],
      why: ["its UNet takes 9 channels", ...(note?.why ? [note.why] : [])].join(", and "),
      scheduler: note?.scheduler,
    };
  }
  if (family === "sdxl" && file.tensors.has("edm_mean")) {
    return { name: "playground-v2.5", why: "it has the key edm_mean" };
  }
  if (note) return note;
  return family === "sd2" ? await spreadOfSd2(file) : { name: family === "sd1" ? "sd15" : "sdxl" };
}

/** What a file says of its UNet by a key or in its header: true wherever that UNet goes. */
export async function noteOf(file: TensorSource, family: Family): Promise<Told | undefined> {
  const { metadata = {}, tensors } = file;
  if (family === "sdxl" && tensors.has("edm_vpred.sigma_max")) return await cosXl(file);
  if (family === "sdxl" && tensors.has("v_pred")) {
    const zsnr = tensors.has("ztsnr");
    return vOf("sdxl-vpred", `it has the key v_pred${zsnr ? " and the key ztsnr" : ""}`, zsnr);
  }
  if (family !== "sd2" && [...tensors.keys()].some((name) => /(^|\.)time_embed(ding)?\.cond_proj\./.test(name))) {
    return { name: family === "sd1" ? "lcm" : "lcm-sdxl", why: "its UNet takes the guidance as an input" };
  }
  const noted = metadata["modelspec.prediction_type"] ?? metadata["modelspec.predict_key"];
  const why = `its header notes the prediction ${noted}`;
  const isV = noted === "v" || noted === "v_prediction";
  if (family === "sd2" && (isV || noted === "epsilon")) return { name: isV ? "sd21" : "sd21-base", why };
  return isV ? vOf(family === "sd1" ? "sd15" : "sdxl-vpred", why) : undefined;
}

/** A preset for a file that predicts v. @param zsnr whether its schedule ends in pure noise, which only a key tells */
function vOf(name: string, why: string, zsnr = false): Told {
  const { scheduler } = PRESETS.get(name)!;
  return { name, why, scheduler: { ...scheduler, prediction_type: "v_prediction", rescale_betas_zero_snr: zsnr } };
}

/** CosXL's files say which noise levels it knows. */
async function cosXl(file: TensorSource): Promise<Told> {
  const own: Record<string, number> = {};
  for (const name of ["sigma_min", "sigma_max"]) {
    const [value] = await numbersOf(file, `edm_vpred.${name}`) ?? [];
    if (value > 0 && Number.isFinite(value)) own[name] = value;
  }
  const { scheduler } = PRESETS.get("cosxl")!;
  return { name: "cosxl", why: "it has the key edm_vpred.sigma_max", scheduler: { ...scheduler, ...own } };
}

/** SD 2's two kinds have the same keys, but training on v spread one bias of the last block: 0.09 parts them. */
async function spreadOfSd2(file: TensorSource): Promise<Told> {
  const values = await numbersOf(file, `${UNET_PREFIX}output_blocks.11.1.transformer_blocks.0.norm1.bias`);
  if (!values) {
    return {
      name: "sd21-base",
      why: "its UNet is smaller than the published ones, so ε is assumed; --prediction v overrules it",
    };
  }
  const mean = values.reduce((sum, v) => sum + v, 0) / values.length;
  const spread = Math.sqrt(values.reduce((sum, v) => sum + (v - mean) ** 2, 0) / values.length);
  const v = spread > 0.09;
  return {
    name: v ? "sd21" : "sd21-base",
    why: `the bias of its last norm1 spreads by ${spread.toFixed(3)} (above 0.09 means v)`,
  };
}

/** How latents are scaled, which no shape tells. @throws ModelError where a file has only one half of it */
export async function vaeScaling(file: TensorSource, family: Family) {
  if (family !== "sdxl") return { scaling_factor: 0.18215, force_upcast: false };
  if (!file.tensors.has("edm_mean")) return { scaling_factor: 0.13025, force_upcast: true };
  const read = async (name: string) => {
    const numbers = await numbersOf(file, name);
    if (!numbers) throw new ModelError(`${file.describe} has edm_mean but no ${name}; Playground v2.5 has both.`);
    return numbers;
  };
  return {
    scaling_factor: 0.5,
    force_upcast: true,
    latents_mean: await read("edm_mean"),
    latents_std: await read("edm_std"),
  };
}

/** The numbers of a small tensor; undefined where there is none. */
async function numbersOf(file: TensorSource, name: string): Promise<number[] | undefined> {
  const info = file.tensors.get(name);
  if (!info || info.bytes > BYTES_OF.vector) return undefined;
  const bytes = new Uint8Array(info.bytes);
  await file.read(name, bytes);
  return [...toFloat32(bytes, info.dtype)];
}
