/**
 * Repositories often hold a single file and, around it, the diffusers folder of the same model. Then the folder's
 * configs say what shapes cannot: heads, groups, activations, the scheduler and the vocabulary.
 *
 * @module
 */
import { dirname } from "../deps/path.ts";
import { ModelError } from "../errors.ts";
import { exists } from "../files/byte_file.ts";
import type { Parts } from "./parts.ts";
import { readNetworkConfig } from "./check_config.ts";
import { correctScheduler, ownSettings } from "./folder.ts";
import type { Config } from "../files/json_file.ts";
import { readVocabulary } from "./tokenizer_files.ts";

/**
 * Gives the parts of a single file the configs that lie beside it, where they are of the same shapes.
 * @throws ModelError for damaged configs, and where the file needs another vocabulary than CLIP's and there is none
 *   beside it
 */
export async function takeConfigsBeside(parts: Parts, path: string): Promise<void> {
  const folder = dirname(path);
  const encoders = parts.textEncoders.map((_, i) => i === 0 ? "" : `_${i + 1}`);
  const places = ["model_index.json", "unet/config.json", "vae/config.json", "scheduler/scheduler_config.json"]
    .concat(encoders.map((end) => `text_encoder${end}/config.json`)).map((file) => `${folder}/${file}`);
  const there = await Promise.all(places.map(exists));
  if (there.every(Boolean)) {
    const [index, unet, vae, scheduler, ...texts] = await Promise.all(places.map(readNetworkConfig));
    const fits = same(unet, parts.unet.config, "block_out_channels", "cross_attention_dim") &&
      same(vae, parts.vae.config, "block_out_channels") &&
      texts.every((text, i) => same(text, parts.textEncoders[i].config, "hidden_size", "num_hidden_layers"));
    if (fits) {
      parts.unet.config = unet;
      parts.vae.config = vae;
      parts.textEncoders.forEach((encoder, i) => {
        const { architectures } = encoder.config; // whether there is a projection, the file's tensors have told
        encoder.config = { ...texts[i], architectures };
      });
      parts.vocabularies = await Promise.all(encoders.map((end) => readVocabulary(`${folder}/tokenizer${end}`)));
      parts.scheduler = correctScheduler(scheduler, parts.family);
      parts.own = ownSettings(index, unet, vae, parts.family);
      parts.reason.push(`Configs, scheduler and vocabulary: those of ${folder}, which fit.`);
    } else {
      parts.reason.push(`The configs in ${folder} are of another model and are left aside.`);
    }
  }
  parts.textEncoders.forEach(({ source }, i) => {
    const [rows] = source.tensors.get("text_model.embeddings.token_embedding.weight")!.shape;
    const needed = parts.vocabularies[i].ids.size;
    if (rows >= needed) return;
    throw new ModelError(
      `${path} has ${rows} rows of token embeddings, but its vocabulary ${needed} tokens. ` +
        "Put the model's diffusers configs and tokenizer beside it.",
    );
  });
}

function same(a: Config, b: Config, ...keys: string[]): boolean {
  return keys.every((key) => JSON.stringify(a[key]) === JSON.stringify(b[key]));
}
