/**
 * The weight files of one network in a diffusers folder: plain, variants such as fp16, shards with an index, and `.bin` where
 * there are no safetensors.
 *
 * @module
 */
import { ModelError } from "../errors.ts";
import { fileError } from "../files/byte_file.ts";
import { readJson } from "../files/json_file.ts";
import { openTensors } from "../formats/open_tensors.ts";
import type { TensorSource } from "../formats/tensor_source.ts";
import { mergeSources } from "../formats/view.ts";

/** The stems that diffusers and transformers give their weight files, by extension. */
const STEMS: [extension: string, stems: string[]][] = [
  ["safetensors", ["diffusion_pytorch_model", "model"]],
  ["bin", ["diffusion_pytorch_model", "pytorch_model"]],
];

/** Names in a folder. @throws ModelError */
export async function listFolder(folder: string): Promise<Set<string>> {
  try {
    return new Set(await Array.fromAsync(Deno.readDir(folder), (entry) => entry.name));
  } catch (error) {
    throw fileError(folder, error);
  }
}

/**
 * The best weight file or index among the names in a folder: safetensors before `.bin`, the wanted variant, then none, then fp16,
 * then any other.
 */
export function chooseWeights(names: ReadonlySet<string>, variant = ""): string | undefined {
  for (const [extension, stems] of STEMS) {
    const found = [...names].flatMap((name) => {
      for (const stem of stems) {
        const whole = name.match(new RegExp(`^${stem}(?:\\.([\\w-]+))?\\.${extension}$`));
        const index = name.match(new RegExp(`^${stem}\\.${extension}\\.index(?:\\.([\\w-]+))?\\.json$`));
        const match = whole ?? index;
        // A shard's name is no variant: diffusion_pytorch_model.fp16-00001-of-00002.safetensors.
        if (match && !/-\d{5}-of-\d{5}$/.test(match[1] ?? "")) {
          return [{ name, variant: match[1] ?? "", index: !whole }];
        }
      }
      return [];
    });
    const rank = (v: string) => v === variant ? 0 : v === "" ? 1 : v === "fp16" ? 2 : v === "non_ema" ? 4 : 3;
    found.sort((a, b) => rank(a.variant) - rank(b.variant) || Number(a.index) - Number(b.index));
    if (found.length) return found[0].name;
  }
}

/** Opens the weights of a component folder. @throws ModelError naming the folder and what it holds instead */
export async function openComponentWeights(folder: string, variant?: string): Promise<TensorSource> {
  const names = await listFolder(folder);
  const file = chooseWeights(names, variant);
  if (!file) {
    throw new ModelError(
      `${folder} has no weights: expected ${STEMS[0][1].join(".safetensors or ")}.safetensors, ` +
        `found ${[...names].join(", ") || "nothing"}.`,
    );
  }
  return file.endsWith(".json")
    ? await openShards(`${folder}/${file}`, folder)
    : await openTensors(`${folder}/${file}`);
}

async function openShards(index: string, folder: string): Promise<TensorSource> {
  const map = (await readJson(index)).weight_map;
  if (typeof map !== "object" || map === null) throw new ModelError(`${index} has no "weight_map".`);
  const places = Object.entries(map);
  const sources = new Map<string, TensorSource>();
  try {
    for (const [name, file] of places) {
      if (typeof file !== "string" || !/^[\w.-]+$/.test(file)) {
        throw new ModelError(`${index} puts ${name} into ${JSON.stringify(file)}; expected a file beside it.`);
      }
      if (!sources.has(file)) sources.set(file, await openTensors(`${folder}/${file}`));
      if (!sources.get(file)!.tensors.has(name)) {
        throw new ModelError(`${index} puts ${name} into ${file}, which does not hold it.`);
      }
    }
  } catch (error) {
    for (const source of sources.values()) source.close();
    throw error;
  }
  return mergeSources([...sources.values()], folder);
}
