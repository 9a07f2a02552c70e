/**
 * Which files of a repository a model needs.
 *
 * @module
 */
import { ModelError } from "../errors.ts";
import { chooseWeights } from "./weight_names.ts";

const NETWORKS = ["unet", "vae", "text_encoder", "text_encoder_2"];
const SMALL =
  /^(tokenizer(_2)?\/(vocab\.json|merges\.txt|tokenizer\.json|tokenizer_config\.json|special_tokens_map\.json|added_tokens\.json)|scheduler\/scheduler_config\.json)$/;

/**
 * Of a diffusers repository: the index, configs, tokenizers, and of each network the best weights. Of any other: its
 * only model file.
 * @throws ModelError where there is nothing to choose, or more than one thing
 */
export function neededFiles(repository: string, files: readonly string[], variant?: string): string[] {
  if (!files.includes("model_index.json")) {
    const models = files.filter((file) => /\.(safetensors|gguf|ckpt)$/i.test(file));
    if (models.length === 1) return models;
    const found = models.length
      ? `Say which: ${models.slice(0, 8).map((f) => `${repository}/${f}`).join(", ")}`
      : "It has no model file";
    throw new ModelError(`${repository} is no diffusers model (there is no model_index.json). ${found}.`);
  }
  const needed = ["model_index.json", ...files.filter((file) => SMALL.test(file))];
  for (const network of NETWORKS) {
    const names = files.filter((file) => file.startsWith(`${network}/`)).map((file) => file.slice(network.length + 1));
    const weights = chooseWeights(new Set(names), variant);
    if (!weights) continue;
    if (names.includes("config.json")) needed.push(`${network}/config.json`);
    needed.push(`${network}/${weights}`, ...shardsOf(weights, names).map((name) => `${network}/${name}`));
  }
  return needed;
}

/** `stem.safetensors.index.fp16.json` → `stem.fp16-00001-of-00002.safetensors`, … */
function shardsOf(index: string, names: readonly string[]): string[] {
  const match = index.match(/^(\w+)\.(safetensors|bin)\.index(?:\.([\w-]+))?\.json$/);
  if (!match) return [];
  const [, stem, extension, variant] = match;
  const start = variant ? `${stem}.${variant}` : stem;
  // Older versions of diffusers put the variant behind the numbers.
  const pattern = /^-\d{5}-of-\d{5}\.([\w.-]+)$/;
  return names.filter((name) => {
    const newer = name.startsWith(start) && name.slice(start.length).match(pattern)?.[1] === extension;
    const older = variant && name.startsWith(stem) &&
      name.slice(stem.length).match(pattern)?.[1] === `${variant}.${extension}`;
    return newer || older;
  });
}
