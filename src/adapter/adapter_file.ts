/**
 * An adapter file: what it changes in a model, and by how much. Nothing but names, shapes and configs is read when it
 * is opened.
 *
 * @module
 */
import { createHash } from "../deps/node.ts";
import { briefText } from "../brief.ts";
import { basename, dirname, join } from "../deps/path.ts";
import { ModelError } from "../errors.ts";
import { ByteFile, exists, isFolder } from "../files/byte_file.ts";
import { type Config, parseObject, readJson } from "../files/json_file.ts";
import { toFloat32 } from "../formats/dtype.ts";
import { openTensors } from "../formats/open_tensors.ts";
import type { TensorInfo, TensorSource } from "../formats/tensor_source.ts";
import { ADAPTED, type AdaptedPart, modulesOf, readKey, type Role } from "./keys.ts";
import type { Matrix, Multiply } from "./algebra.ts";
import { WEIGHTS } from "../model/find_models.ts";
import { changeOf, type Factors, type LowRank, lowRankOf } from "./changes.ts";
import { shapeProblem } from "./shapes.ts";
import { whatItIs } from "./what_it_is.ts";

/** The sources of a model's networks by their names: "unet", "text_encoder", "text_encoder_2". */
export type Bases = Readonly<Partial<Record<AdaptedPart, TensorSource>>>;

/** One module's tensors in the file. */
interface Module {
  tensors: Partial<Record<Role, TensorInfo>>;
  byConfig?: (rank: number) => number;
}

const NAMES = ["pytorch_lora_weights.safetensors", "adapter_model.safetensors", "adapter_model.bin"];

/** An opened adapter. */
export class Adapter {
  /** By part, then by the module's name in that part. */
  readonly #modules: ReadonlyMap<AdaptedPart, ReadonlyMap<string, Module>>;
  readonly #source: TensorSource;

  private constructor(
    /** As prompts call it: the file's name without its ending. */
    readonly name: string,
    readonly path: string,
    /** SHA-256 of all its numbers, by which web UIs and model sites know it (its first 12 digits, "AutoV3"). */
    readonly hash: string,
    source: TensorSource,
    modules: Map<AdaptedPart, Map<string, Module>>,
  ) {
    this.#source = source;
    this.#modules = modules;
  }

  /**
   * Opens a file, or a folder as PEFT and diffusers save it, and finds a place in the model for all that it holds.
   * @throws ModelError naming what fits nothing, and what the file is instead
   */
  static async open(path: string, bases: Bases): Promise<Adapter> {
    const file = await fileIn(path);
    const source = await openTensors(file);
    try {
      const modules = placed(source, bases, file, await configOf(file, source));
      const name = NAMES.includes(basename(path)) ? basename(dirname(path)) : basename(path);
      return new Adapter(name.replace(WEIGHTS, ""), file, await hashOf(file), source, modules);
    } catch (error) {
      source.close();
      throw error;
    }
  }

  /** What a recipe keeps of it. */
  get named(): { name: string; hash: string } {
    return { name: this.name, hash: this.hash };
  }

  /** Whether it changes anything in a part. */
  changes(part: AdaptedPart): boolean {
    return this.#modules.has(part);
  }

  /** Names of the modules that it changes in a part. */
  modules(part: AdaptedPart): string[] {
    return [...this.#modules.get(part)?.keys() ?? []];
  }

  /** Names of the tensors that it changes in a part. */
  tensors(part: AdaptedPart): string[] {
    return [...this.#modules.get(part) ?? []].flatMap(([module, { tensors }]) => [
      ...(tensors.diff_b || tensors.up_bias ? [`${module}.bias`] : []),
      ...(Object.keys(tensors).some((role) => !["diff_b", "up_bias", "alpha"].includes(role))
        ? [`${module}.weight`]
        : []),
    ]);
  }

  /** What to add to a tensor that is `base`, at a strength. */
  async change(
    part: AdaptedPart,
    tensor: string,
    base: Matrix,
    weight: number,
    multiply?: Multiply,
  ): Promise<Float32Array | undefined> {
    const [, module, kind] = tensor.match(/^(.*)\.(weight|bias)$/)!;
    const found = this.#modules.get(part)?.get(module);
    if (!found) return undefined;
    if (kind === "bias") {
      const info = found.tensors.diff_b ?? found.tensors.up_bias;
      if (!info) return undefined;
      const scale = found.tensors.diff_b ? 1 : (found.byConfig?.(found.tensors.down!.shape[0]) ?? 1);
      return (await this.#read(info)).values.map((value) => value * weight * scale);
    }
    return await changeOf(await this.#factors(found), base, weight, found.byConfig, multiply);
  }

  /** Up and down of a module that is changed by a LoRA and nothing else; of others nothing. */
  async lowRank(part: AdaptedPart, module: string): Promise<LowRank | undefined> {
    const found = this.#modules.get(part)?.get(module);
    return found && isLowRank(found) ? lowRankOf(await this.#factors(found), found.byConfig) : undefined;
  }

  /** The rank of a module's LoRA, without reading it; of others nothing. */
  rankOf(part: AdaptedPart, module: string): number | undefined {
    const found = this.#modules.get(part)?.get(module);
    return found && isLowRank(found) ? found.tensors.up!.shape[1] : undefined;
  }

  /** Closes its file. */
  close(): void {
    this.#source.close();
  }

  async #factors({ tensors }: Module): Promise<Factors> {
    const read = Object.entries(tensors).map(async ([role, info]) => [role, await this.#read(info)] as const);
    return Object.fromEntries(await Promise.all(read));
  }

  async #read(info: TensorInfo): Promise<Matrix> {
    const bytes = new Uint8Array(info.bytes);
    await this.#source.read(info.name, bytes);
    const values = toFloat32(bytes, info.dtype);
    if (!values.every(Number.isFinite)) {
      throw new ModelError(`${briefText(info.name)} in ${info.file} holds numbers that are not finite. It is damaged.`);
    }
    return { shape: info.shape.length ? info.shape : [1], values };
  }
}

function isLowRank({ tensors }: Module): boolean {
  return tensors.up !== undefined && tensors.down !== undefined &&
    Object.keys(tensors).every((role) => ["up", "down", "mid", "alpha"].includes(role));
}

/** Folders hold their weights under a few names. */
async function fileIn(path: string): Promise<string> {
  if (!await isFolder(path)) return path;
  for (const name of NAMES) if (await exists(join(path, name))) return join(path, name);
  throw new ModelError(`${path} holds no adapter: none of ${NAMES.join(", ")} is there. Name its file.`);
}

/** Finds the place of every tensor. @throws ModelError where there is none */
function placed(source: TensorSource, bases: Bases, file: string, config: AdapterConfig) {
  const find = Object.fromEntries(ADAPTED.map((part) => [part, bases[part] && modulesOf(bases[part])]));
  const modules = new Map<AdaptedPart, Map<string, Module>>();
  const strange: string[] = [];
  for (const info of source.tensors.values()) {
    const key = readKey(info.name);
    const module = key && find[key.part]?.(key.module);
    if (!key || module === undefined) {
      strange.push(info.name);
      continue;
    }
    const part = modules.get(key.part) ?? new Map<string, Module>();
    modules.set(key.part, part);
    const found: Module = part.get(module) ?? { tensors: {}, byConfig: config(key.part, key.dotted) };
    part.set(module, found);
    found.tensors[key.role] = info;
  }
  for (const [part, list] of modules) {
    for (const [module, { tensors }] of list) {
      // Only IA³ calls its tensor "weight", and says beside it what it scales.
      if (tensors.ia3 && !tensors.on_input) strange.push(tensors.ia3.name);
      else {
        const problem = shapeProblem(tensors, bases[part]!, module);
        if (problem) throw new ModelError(`${file} does not fit this model: ${problem}. ${whatItIs(source)}`.trim());
      }
    }
  }
  if (strange.length || modules.size === 0) {
    const shown = strange.slice(0, 3).map((name) => briefText(name)).join(", ");
    const more = strange.length > 3 ? ` and ${strange.length - 3} more` : "";
    throw new ModelError(
      `${file} does not fit this model: ${shown || "it holds no tensors"}${more}${
        shown ? " belong to nothing in it" : ""
      }. ${whatItIs(source)}`.trim(),
    );
  }
  return modules;
}

/** The scale that a config gives a module, by its rank. */
type AdapterConfig = (part: AdaptedPart, module: string) => ((rank: number) => number) | undefined;

/** What PEFT's adapter_config.json says, or diffusers' copy of it in the file's own metadata. */
async function configOf(file: string, source: TensorSource): Promise<AdapterConfig> {
  const beside = join(dirname(file), "adapter_config.json");
  const noted = source.metadata?.lora_adapter_metadata;
  const config = noted !== undefined
    ? parseObject(noted, `the metadata of ${file}`)
    : basename(file).startsWith("adapter_model.") && await exists(beside)
    ? await readJson(beside)
    : {};
  return (part, module) => scaleBy(config, part, module);
}

function scaleBy(config: Config, part: AdaptedPart, module: string): ((rank: number) => number) | undefined {
  const value = (name: string) => config[`${part}.${name}`] ?? config[name];
  const patterns = Object.entries((value("alpha_pattern") ?? {}) as Record<string, number>);
  const own = patterns.find(([pattern]) => matches(pattern, module))?.[1];
  const alpha = own ?? value("lora_alpha") ?? value("alpha");
  if (typeof alpha !== "number") return undefined;
  return (rank) => alpha / (value("use_rslora") ? Math.sqrt(rank) : rank);
}

/**
 * Whether a pattern is a module's name or its end; all of it behind "^", as PEFT has it. PEFT reads regular
 * expressions: those of a stranger may run for ever, and who trains seldom writes one.
 * @throws ModelError for one that is more than a name
 */
function matches(pattern: string, module: string): boolean {
  const name = pattern.replace(/^\^/, "").replace(/\$$/, "").replaceAll("\\.", ".");
  if (!/^[\w.-]*$/.test(name)) {
    throw new ModelError(
      `The adapter's config gives α by the pattern ${
        briefText(pattern)
      }, a regular expression; only names of modules ` +
        "are supported there.",
    );
  }
  return module === name || !pattern.startsWith("^") && module.endsWith(`.${name}`);
}

/** Of a safetensors file all behind its header, so that notes may change; of others everything. */
async function hashOf(path: string): Promise<string> {
  const file = await ByteFile.open(path);
  try {
    const hash = createHash("sha256");
    const head = new DataView((await file.bytesAt(0, Math.min(8, file.size))).buffer);
    const length = head.byteLength === 8 ? head.getBigUint64(0, true) : 0n;
    const start = length > 0n && length + 8n <= file.size && !/\.(ckpt|pt|pth|bin)$/i.test(path)
      ? Number(length) + 8
      : 0;
    const buffer = new Uint8Array(1 << 22);
    for (let at = start; at < file.size; at += buffer.length) {
      const piece = buffer.subarray(0, Math.min(buffer.length, file.size - at));
      await file.readAt(piece, at);
      hash.update(piece);
    }
    return hash.digest("hex");
  } finally {
    file.close();
  }
}
