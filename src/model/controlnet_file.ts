/**
 * ControlNets: diffusers folders, and files under diffusers' or the original code's names.
 *
 * @module
 */
import { briefText } from "../brief.ts";
import { basename, dirname } from "../deps/path.ts";
import { ModelError } from "../errors.ts";
import { exists, isFolder } from "../files/byte_file.ts";
import { readJson } from "../files/json_file.ts";
import { openTensors } from "../formats/open_tensors.ts";
import type { TensorSource } from "../formats/tensor_source.ts";
import { viewOf } from "../formats/view.ts";
import { checkConfig, readNetworkConfig } from "./check_config.ts";
import { openComponentWeights } from "./component_files.ts";
import { controlNetViews } from "./controlnet_names.ts";
import { describeForeign, kindOf } from "./foreign.ts";
import { hashTensors } from "./identity.ts";
import { controlNetConfig } from "./infer_config.ts";
import type { Component } from "./parts.ts";
import type { Family } from "./preset.ts";

/** Kinds of ControlNet that are built otherwise, by a tensor that the plain ones lack. */
const OTHERS: [name: RegExp, what: string][] = [
  [/^lora_controlnet$|\.(down|up)$/, "a Control-LoRA, which only changes a model's own UNet"],
  [/^(task_embedding|control_add_embedding|control_type_proj)/, "a union ControlNet, which is told its task"],
  [/^(difference|.*\.diff)$/, "the difference of a ControlNet from its model"],
  [/(^|\.)(double_blocks|single_blocks|joint_blocks|controlnet_blocks)\./, "a ControlNet of another architecture"],
];

/** The model that a ControlNet goes with. */
export interface ControlNetBase {
  family: Family;
  /** Width of the prompt's embeddings that its UNet attends to. */
  contextWidth: number;
  /** Width of SDXL's pooled prompt, 0 elsewhere. */
  pooledWidth: number;
}

/**
 * Where a ControlNet lies that is called by its name in a model's own folder; undefined for a path and all else.
 * @throws ModelError for a name that is neither there nor here, saying which there are
 */
export async function controlNetBeside(folder: string, name: string): Promise<string | undefined> {
  if (!/^[\w-]+$/.test(name) || await exists(name)) return undefined;
  const own = await controlNetsIn(folder);
  if (own.includes(name)) return `${folder}/${name}`;
  throw new ModelError(
    `There is no ControlNet ${name}: no file or folder of that name is here, and the model's own folder has ` +
      `${own.length ? `only ${own.join(", ")}` : "none"}. Give its path.`,
  );
}

async function controlNetsIn(folder: string): Promise<string[]> {
  const names: string[] = [];
  if (!(await Deno.stat(folder)).isDirectory) return names;
  for await (const { name } of Deno.readDir(folder)) {
    if (await configIn(`${folder}/${name}`)) names.push(name);
  }
  return names;
}

/**
 * Opens a ControlNet under diffusers' names. Closing its source closes the files.
 * @throws ModelError where it is none, a kind that is built otherwise, or one for models of another family
 */
export async function openControlNet(path: string, base: ControlNetBase, variant?: string): Promise<Component> {
  const { source, isDirectory } = await openSource(path, variant);
  try {
    const config = isDirectory
      ? await readNetworkConfig(`${path}/config.json`)
      : await configIn(dirname(path)) ?? checkConfig(controlNetConfig(source, base.family, base.pooledWidth), path);
    if (config._class_name !== "ControlNetModel") {
      throw new ModelError(`${path}/config.json describes ${briefText(config._class_name)}; expected ControlNetModel.`);
    }
    // Shuffled pictures steer by their mean only, which no tensor tells.
    if (!isDirectory && /shuffle/i.test(basename(path))) config.global_pool_conditions = true;
    checkBase(path, config, base);
    return { config, source };
  } catch (error) {
    source.close();
    throw error;
  }
}

/** 16 digits of SHA-256 of the tensors of a file or folder. @throws ModelError where it is no ControlNet */
export async function hashOfControlNet(path: string): Promise<string> {
  const { source } = await openSource(path);
  try {
    return await hashTensors(source);
  } finally {
    source.close();
  }
}

/** The tensors under diffusers' names. */
async function openSource(path: string, variant?: string): Promise<{ source: TensorSource; isDirectory: boolean }> {
  const isDirectory = await isFolder(path);
  const file = isDirectory ? await openComponentWeights(path, variant) : await openTensors(path);
  try {
    const names = [...file.tensors.keys()];
    const other = OTHERS.find(([name]) => names.some((own) => name.test(own)));
    if (other) throw new ModelError(`${path} is ${other[1]}; only plain ControlNets are supported.`);
    if (kindOf(names) !== "controlnet") throw new ModelError(`${path} is no ControlNet. ${describeForeign(names)}`);
    return { source: { ...viewOf(file, controlNetViews(names)), close: () => file.close() }, isDirectory };
  } catch (error) {
    file.close();
    throw error;
  }
}

/** The config of a diffusers folder that holds a ControlNet; of other folders nothing. */
async function configIn(folder: string): Promise<Component["config"] | undefined> {
  const path = `${folder}/config.json`;
  const config = await exists(path) ? await readJson(path) : undefined;
  return config?._class_name === "ControlNetModel" ? checkConfig(config, path) : undefined;
}

function checkBase(
  path: string,
  config: Component["config"],
  { family, contextWidth, pooledWidth }: ControlNetBase,
): void {
  const width = config.cross_attention_dim ?? contextWidth;
  const sizes = config.addition_embed_type === "text_time";
  if ([width].flat().every((own) => own === contextWidth) && sizes === pooledWidth > 0) return;
  const names: Record<number, string> = { 768: "SD 1", 1024: "SD 2", 2048: "SDXL" };
  const own = names[[width].flat()[0] as number] ?? `text ${briefText(width)} wide`;
  throw new ModelError(
    `${path} is a ControlNet for ${own}, but the model is ${family}, its text ${contextWidth} wide.`,
  );
}
