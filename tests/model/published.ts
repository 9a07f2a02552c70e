/**
 * Names and shapes of the published single files, as diffusers sees them, and small files made of them.
 *
 * @module
 */
import { golden, safetensors, type Written } from "./files.ts";

/** A published model: its file, and the networks and configs that diffusers makes of it. */
export interface Published {
  file: Record<string, number[]>;
  networks: Record<string, Record<string, number[]>>;
  unet: Record<string, unknown>;
  vae: Record<string, unknown>;
  texts: Record<string, unknown>[];
}

/** A gzipped golden of JSON. */
export async function readGolden(name: string) {
  return JSON.parse(new TextDecoder().decode(await golden(`io/${name}`)));
}

/** By family. */
export const published: Record<string, Published> = await readGolden("published.json.gz");

/**
 * A file with the published names of a family, some tensors added, changed or left out. Every axis is cut to four
 * numbers, but for those that tell families apart, the vocabulary and OpenCLIP's fused matrices, which must part in
 * three.
 */
export async function variant(
  path: string,
  base: string,
  change: (tensors: Record<string, Written>) => void,
  metadata: Record<string, string> = {},
) {
  const tensors: Record<string, Written> = {};
  for (const [name, shape] of Object.entries(published[base].file)) {
    const telling = /input_blocks\.0\.0|attn2\.to_k|label_emb\.0\.0/.test(name);
    const first = name.endsWith("token_embedding.weight") ? Infinity : name.includes(".in_proj_") ? 6 : 4;
    const cut = shape.map((n, axis) => Math.min(n, axis === 0 ? first : telling ? Infinity : 4));
    tensors[name] = { dtype: "F16", shape: cut };
  }
  change(tensors);
  const notes = `{"__metadata__":${JSON.stringify(metadata)},`;
  await Deno.writeFile(path, safetensors(tensors, (header) => notes + header.slice(1)));
}
