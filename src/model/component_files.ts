/**
 * The weight files of one network in a diffusers folder: plain, variants such as fp16, shards with an index, and `.bin`
 * where there are no safetensors.
 *
 * @module
 */
import { brief, briefText } from "../brief.ts";
import { ModelError } from "../errors.ts";
import { exists, fileError } from "../files/byte_file.ts";
import { readJson } from "../files/json_file.ts";
import { chooseWeights } from "../hub/weight_names.ts";
import { COUNT_OF } from "../limits.ts";
import { openTensors } from "../formats/open_tensors.ts";
import type { TensorSource } from "../formats/tensor_source.ts";
import { mergeSources } from "../formats/view.ts";
import { readNetworkConfig } from "./check_config.ts";
import type { Component } from "./parts.ts";

/** Names in a folder. @throws ModelError */
export async function listFolder(folder: string): Promise<Set<string>> {
  try {
    return new Set(await Array.fromAsync(Deno.readDir(folder), (entry) => entry.name));
  } catch (error) {
    throw fileError(folder, error);
  }
}

/** Opens the weights of a component folder. @throws ModelError naming the folder and what it holds instead */
export async function openComponentWeights(folder: string, variant?: string): Promise<TensorSource> {
  const names = await listFolder(folder);
  const file = chooseWeights(names, variant);
  if (!file) {
    throw new ModelError(
      `${folder} has no weights: expected diffusion_pytorch_model.safetensors or model.safetensors, ` +
        `found ${briefText([...names].join(", ") || "nothing")}.`,
    );
  }
  return file.endsWith(".json")
    ? await openShards(`${folder}/${file}`, folder)
    : await openTensors(`${folder}/${file}`);
}

/**
 * Opens a network that lies apart from its model: its own folder, or a pipeline's that has it.
 * @param part its folder in a pipeline
 * @param kind the class that its config must have
 * @throws ModelError naming the config, and what it describes instead
 */
export async function openComponent(path: string, part: string, kind: string, variant?: string): Promise<Component> {
  const folder = await exists(`${path}/${part}/config.json`) ? `${path}/${part}` : path;
  const config = await readNetworkConfig(`${folder}/config.json`);
  if (config._class_name !== kind) {
    throw new ModelError(`${folder}/config.json describes ${briefText(config._class_name)}; expected ${kind}.`);
  }
  return { config, source: await openComponentWeights(folder, variant) };
}

async function openShards(index: string, folder: string): Promise<TensorSource> {
  const map = (await readJson(index)).weight_map;
  const places = typeof map === "object" && map !== null && !Array.isArray(map) ? Object.entries(map) : [];
  if (places.length === 0) throw new ModelError(`${index} has no "weight_map".`);
  if (places.length > COUNT_OF.tensors) throw new ModelError(`${index} lists ${places.length} tensors.`);
  const sources = new Map<string, TensorSource>();
  try {
    for (const [name, file] of places) {
      if (typeof file !== "string" || !/^[\w.-]+$/.test(file)) {
        throw new ModelError(`${index} puts ${briefText(name)} into ${brief(file)}; expected a file beside it.`);
      }
      if (!sources.has(file)) sources.set(file, await openTensors(`${folder}/${file}`));
      if (!sources.get(file)!.tensors.has(name)) {
        throw new ModelError(`${index} puts ${briefText(name)} into ${brief(file)}, which does not hold it.`);
      }
    }
  } catch (error) {
    for (const source of sources.values()) source.close();
    throw error;
  }
  return mergeSources([...sources.values()], folder);
}
