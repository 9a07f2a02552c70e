/**
 * Models in one file, as the model sites have them: UNet, VAE and text encoders under the original code's names.
 *
 * @module
 */
import { ModelError } from "../errors.ts";
import { clipVocabulary } from "../text/clip_vocabulary.ts";
import type { Component, Parts } from "./parts.ts";
import { takeConfigsBeside } from "./configs_beside.ts";
import { renamed, textNames } from "./diffusers_names.ts";
import { describeForeign } from "./foreign.ts";
import { textConfig, unetConfig } from "./infer_config.ts";
import { openClipViews, UNET_PREFIX } from "./ldm_names.ts";
import { openTensors } from "../formats/open_tensors.ts";
import { type Family, PRESETS } from "./preset.ts";
import { presetOf, vaeScaling } from "./single_file_preset.ts";
import type { TensorSource } from "../formats/tensor_source.ts";
import { unetOf } from "./unet_file.ts";
import { VAE_PREFIX, vaeOf } from "./vae_file.ts";
import { type View, viewOf } from "../formats/view.ts";

const CONTEXT = `${UNET_PREFIX}input_blocks.2.1.transformer_blocks.0.attn2.to_k.weight`;
/** ViT-H has 24 layers; SD 2 was trained on the states before the last one. */
const SD2_LAYERS = 23;

/**
 * Opens a `.safetensors`, `.gguf`, `.ckpt` or `.pt` file.
 * @param otherVae whether a VAE is given apart, so that the file may lack one
 * @throws ModelError that says what the file is, where it is no model
 */
export async function openSingleFile(path: string, otherVae: boolean, signal?: AbortSignal): Promise<Parts> {
  const file = plainlyNamed(await openTensors(path, signal));
  try {
    const parts = await readParts(file, otherVae);
    await takeConfigsBeside(parts, path);
    return parts;
  } catch (error) {
    file.close();
    throw error;
  }
}

/**
 * Some mergers write prefixes twice: `model.diffusion_model.model.diffusion_model.input_blocks…`. Some trainers write
 * the name of what was around the model before every name: `module.model.diffusion_model…`.
 */
function plainlyNamed(file: TensorSource): TensorSource {
  const doubled = /^((?:[A-Za-z_]\w*\.)+)\1/;
  const around = /^(?:module|state_dict)\./;
  const names = [...file.tensors.keys()];
  const wrapped = names.every((name) => around.test(name));
  if (!wrapped && !names.some((name) => doubled.test(name))) return file;
  const plain = (name: string) => (wrapped ? name.replace(around, "") : name).replace(doubled, "$1");
  return { ...renamed(file, plain), metadata: file.metadata, close: () => file.close() };
}

async function readParts(file: TensorSource, otherVae: boolean): Promise<Parts> {
  const names = [...file.tensors.keys()];
  const refuse = (what: string) => new ModelError(`${file.describe} is no model that can draw. ${what}`);
  if (!names.some((name) => name.startsWith(UNET_PREFIX))) throw refuse(describeForeign(names));
  const encoders = findEncoders(file);
  if (encoders.length === 0) throw refuse(describeForeign(names));
  const { family, why } = familyOf(file, encoders);
  const reason = [`A single file, family ${family}: ${why}.`];
  const known = await presetOf(file, family);
  if (known.why) reason.push(`Preset ${known.name}: ${known.why}.`);

  const textEncoders = encoders.map((encoder, i) => readEncoder(file, encoder, family, i));
  const unetSource = unetOf(file, UNET_PREFIX);
  const preset = PRESETS.get(known.name)!;
  const pooled = Number(textEncoders[textEncoders.length - 1].config.projection_dim ?? 0);
  const unet = { config: unetConfig(unetSource, family, preset.width / 8, pooled), source: unetSource };
  const { in_channels } = unet.config;
  if (in_channels !== 4 && in_channels !== 9) {
    const kind = in_channels === 8
      ? "an instruct-pix2pix model"
      : "an upscaler or another relative of Stable Diffusion";
    throw refuse(`Its UNet takes ${in_channels} channels: ${kind}. Supported are 4, and 9 for inpainting.`);
  }
  if (!names.some((name) => name.startsWith(VAE_PREFIX)) && !otherVae) {
    throw refuse("It has no VAE. Give one with --vae.");
  }
  const vae: Component = otherVae ? { config: {}, source: file } : vaeOf(file, VAE_PREFIX);
  Object.assign(vae.config, await vaeScaling(file, family));
  if (names.some((name) => name.startsWith("model_ema."))) {
    reason.push("The file also has averaged (EMA) weights; as in diffusers, the plain ones are taken.");
  }
  const vocabularies = encoders.map(({ kind }) => clipVocabulary(kind === "openclip" ? "!" : undefined));
  return {
    family,
    reason,
    unet,
    vae,
    textEncoders,
    vocabularies,
    presetName: known.why ? known.name : undefined,
    scheduler: known.scheduler,
    own: {},
    sources: [file],
  };
}

interface Encoder {
  kind: "clip" | "openclip";
  prefix: string;
}

/** Text encoders by their token embeddings, in the order of SDXL's numbers. */
function findEncoders(file: TensorSource): Encoder[] {
  const found: Encoder[] = [];
  for (const name of [...file.tensors.keys()].sort()) {
    const clip = name.match(/^(.*?)(?:text_model\.)?embeddings\.token_embedding\.weight$/);
    if (clip) found.push({ kind: "clip", prefix: clip[1] });
    const open = clip ? null : name.match(/^(.*\.)token_embedding\.weight$/);
    if (open && file.tensors.has(`${open[1]}positional_embedding`)) found.push({ kind: "openclip", prefix: open[1] });
  }
  return found;
}

function familyOf(file: TensorSource, encoders: Encoder[]): { family: Family; why: string } {
  const kinds = encoders.map(({ kind }) => kind).join(" and ");
  const sizes = file.tensors.has(`${UNET_PREFIX}label_emb.0.0.weight`);
  const width = file.tensors.get(CONTEXT)?.shape.at(-1);
  if (sizes && kinds === "openclip") {
    throw new ModelError(
      width === undefined
        ? `${file.describe} is the SDXL refiner (its only text encoder is OpenCLIP's, and its UNet takes sizes): it finishes the pictures ` +
          "of a base model and draws none itself. Use the base model."
        : `${file.describe} is an unCLIP model, whose UNet wants the embedding of a picture beside the prompt. It is not supported.`,
    );
  }
  if (sizes && kinds === "clip and openclip") {
    return { family: "sdxl", why: "it has two text encoders, and its UNet takes sizes" };
  }
  if (!sizes && kinds === "openclip") {
    return { family: "sd2", why: `its text encoder is OpenCLIP's, ${width ?? "?"} wide` };
  }
  if (!sizes && kinds === "clip") {
    return { family: "sd1", why: `its text encoder is OpenAI's CLIP, ${width ?? "?"} wide` };
  }
  throw new ModelError(`${file.describe} has the text encoders ${kinds}; SD 1, SD 2 and SDXL have others.`);
}

function readEncoder(file: TensorSource, { kind, prefix }: Encoder, family: Family, index: number): Component {
  if (kind === "clip") {
    const views = new Map<string, View>();
    for (const from of file.tensors.keys()) {
      if (
        from.startsWith(prefix) &&
        /^(text_model\.)?(embeddings|encoder|final_layer_norm)\./.test(from.slice(prefix.length))
      ) {
        views.set(from.slice(prefix.length), { from });
      }
    }
    const source = textNames(viewOf(file, views));
    return { config: textConfig(source, "quick_gelu"), source };
  }
  const start = `${prefix}transformer.resblocks.`;
  const numbers = [...file.tensors.keys()].filter((name) => name.startsWith(start)).map((name) =>
    parseInt(name.slice(start.length))
  );
  const count = numbers.reduce((most, n) => Math.max(most, n + 1), 0);
  const layers = family === "sd2" ? Math.min(count, SD2_LAYERS) : count;
  const views = openClipViews(file, prefix, layers, index === 1);
  if (index === 1 && !views.has("text_projection.weight")) {
    throw new ModelError(
      `${file.describe} lacks ${prefix}text_projection, without which SDXL's pooled prompt is unknown.`,
    );
  }
  const source = viewOf(file, views);
  return { config: textConfig(source, "gelu"), source };
}
