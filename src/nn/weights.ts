/**
 * The weights of a network. Layers declare what they need while a graph is recorded; `load` then streams exactly that
 * from a checkpoint to the device, and nothing else is asked of the file.
 *
 * @module
 */
import { briefText } from "../brief.ts";
import { ModelError } from "../errors.ts";
import type { Device, Precision } from "../gpu/device.ts";
import { placeAlone, placeBytes, releasePlace, writeFloats } from "../gpu/storage.ts";
import { describeTensor, padChannels, type Tensor } from "../gpu/tensor.ts";
import type { TensorInfo, TensorSource } from "../formats/tensor_source.ts";
import { asF32 } from "../formats/as_f32.ts";
import { toFloat32 } from "../formats/dtype.ts";
import { type HeadSides, padHeads } from "./pad_heads.ts";
import type { Heads } from "../ops/attention.ts";
import { type Convolution, convolutionTaps, panelWidth } from "../ops/choose.ts";
import { describeKept, PAIR } from "../ops/kept.ts";
import { fileTaps, type KeptType, panelCount, type Weight } from "../ops/weight.ts";
import type { Norm } from "../ops/norm.ts";
import { keepThere } from "./load_kept.ts";
import {
  type MatrixNeed,
  notFinite,
  packedBefore,
  type PackedMatrix,
  packHere,
  packThere,
  place,
  STAGING,
} from "./load_matrices.ts";

interface VectorNeed {
  tensor: Tensor;
  /** Joined one after the other. */
  parts: { name: string; size: number }[];
  gated: boolean;
}

/** Problems of a file that one message names. */
const SHOWN = 3;

/** How a matrix or convolution is declared. */
export interface MatrixOptions {
  taps?: 1 | 9;
  /** Stride of a 3×3 convolution. */
  stride?: 1 | 2;
  /** How wide the pictures are that a 3×3 convolution gives ({@linkcode Convolution.side}). Default: Infinity. */
  side?: Convolution["side"];
  /** Names joined along the output channels, each with an equal share of them. Default: the one name. */
  parts?: string[];
  bias?: boolean;
  /** Rows are values, then gates (GEGLU): `outChannels` counts the values. */
  gated?: boolean;
  /** Output or input channels are attention heads; `outChannels` and `inChannels` count their padded width. */
  outHeads?: Heads;
  inHeads?: Heads;
}

/** How weights are loaded. */
export interface WeightsOptions {
  /** Called with the bytes read since the last call. */
  onProgress?: (bytes: number) => void;
  /** Load only these of the matrices. */
  only?: ReadonlySet<Tensor>;
  /** Where all matrices stand packed already, by their names. */
  packed?: TensorSource;
  /** Aborting it ends the loading: its reason is thrown. */
  signal?: AbortSignal;
}

/** What a network asks of its weights while it is recorded. A decorator of this changes layers, as adapters do. */
export type Layers = Pick<Weights, "matrix" | "norm">;

/** Weights of one network on one device. */
export class Weights {
  readonly #matrices = new Map<string, MatrixNeed>();
  readonly #vectors = new Map<string, VectorNeed>();
  readonly #heads = new Map<string, HeadSides>();

  /**
   * @param network Name for messages: "unet", "vae", …
   * @param keep says which matrices of rows of the file stay quantised on the device, and how
   */
  constructor(
    readonly device: Device,
    readonly precision: Precision,
    readonly network: string,
    readonly keep: (names: readonly string[]) => KeptType | undefined = () => undefined,
  ) {}

  /** A linear layer or convolution called `name` (its tensors: `name.weight`, `name.bias`). */
  matrix(name: string, inChannels: number, outChannels: number, options: MatrixOptions = {}): Weight {
    const { parts = [name], bias = true, gated = false, stride = 1, side = Infinity, outHeads, inHeads } = options;
    const key = parts.join("+");
    const known = this.#matrices.get(key);
    if (known) return known.weight;
    const { device, precision } = this;
    const transformable = options.taps === 9 && stride === 1;
    const convolution = { inChannels, outChannels, side, precision };
    const taps = transformable ? convolutionTaps(device, convolution) : options.taps ?? 1;
    const panel = panelWidth(device, outChannels * (gated ? 2 : 1));
    const size = panelCount({ outChannels, gated, panel }) * panel;
    const panels = describeTensor(`${key}.weight`, [size, taps, padChannels(inChannels)], precision, "panels");
    const rows = outChannels * (gated ? 2 : 1);
    const share = rows / parts.length;
    const weight: Weight = { name: key, inChannels, outChannels, taps, gated, panel, panels };
    if (bias) weight.bias = this.#vector(parts.map((p) => ({ name: `${p}.bias`, size: share })), size, gated);
    const names = parts.map((p) => `${p}.weight`);
    // Rows must be whole blocks, and parts whole pairs of them. Padded heads are no rows of the file.
    const blocks = taps === 1 && inChannels % 32 === 0 && share * inChannels % PAIR === 0;
    const type = blocks && ![outHeads, inHeads].some((h) => h && h.width % 4) ? this.keep(names) : undefined;
    if (type) weight.kept = describeKept(`${key}.weight`, type, rows * inChannels);
    this.#matrices.set(key, { weight, names });
    for (const part of parts) {
      if (outHeads || inHeads) this.#heads.set(`${part}.weight`, { rows: outHeads, columns: inHeads });
      if (outHeads && bias) this.#heads.set(`${part}.bias`, { rows: outHeads });
    }
    return weight;
  }

  /** γ and β of a normalisation called `name`. */
  norm(name: string, channels: number, epsilon: number): Norm {
    const vector = (part: string) =>
      this.#vector([{ name: `${name}.${part}`, size: channels }], padChannels(channels), false);
    return { gamma: vector("weight"), beta: vector("bias"), epsilon };
  }

  #vector(parts: VectorNeed["parts"], size: number, gated: boolean): Tensor {
    const key = parts.map((p) => p.name).join("+");
    const known = this.#vectors.get(key);
    if (known) return known.tensor;
    const tensor = describeTensor(key, [size], "f32", "plain");
    this.#vectors.set(key, { tensor, parts, gated });
    return tensor;
  }

  /** Bytes that everything declared so far takes on the device. */
  get bytes(): number {
    let sum = 0;
    for (const { weight } of this.#matrices.values()) sum += placeBytes(this.device, resident(weight));
    for (const { tensor } of this.#vectors.values()) sum += placeBytes(this.device, tensor);
    return sum;
  }

  /**
   * About how many bytes travel at once through the device while it loads: the file may hold wider numbers than the
   * device.
   */
  get stagingBytes(): number {
    return Math.max(...Object.values(this.#staging));
  }

  /** The most bytes on the device while it loads: what is kept comes first, and travels as f32 at most. */
  get loadingBytes(): number {
    const { panels, kept } = this.#staging;
    const later = this.list.reduce((sum, { panels }) => sum + placeBytes(this.device, panels), 0);
    return this.bytes + Math.max(panels, kept - later);
  }

  get #staging(): { panels: number; kept: number } {
    const sum = (weights: Weight[], bytes: (weight: Weight) => number) =>
      Math.min(STAGING, weights.reduce((sum, weight) => sum + bytes(weight), 0));
    const kept = this.#weights.filter(({ kept }) => kept);
    return {
      // Packed on the host for textures; what Winograd's transform makes 16 or 36 numbers of travels as 9.
      panels: this.device.textures
        ? 0
        : sum(this.list, (weight) => weight.panels.bytes * fileTaps(weight) / weight.taps),
      kept: sum(kept, ({ outChannels, inChannels, gated }) => 4 * outChannels * (gated ? 2 : 1) * inChannels),
    };
  }

  /** Whether all matrices are on the device. */
  get ready(): boolean {
    return this.#weights.every((weight) => resident(weight).place);
  }

  get #weights(): Weight[] {
    return [...this.#matrices.values()].map(({ weight }) => weight);
  }

  /** Matrices in panels, in the order of their declaration. */
  get list(): Weight[] {
    return this.#weights.filter(({ kept }) => !kept);
  }

  /** Tensors of the matrices declared so far, which make up nearly all of the bytes. */
  get matrices(): Set<Tensor> {
    return new Set(this.#weights.map(resident));
  }

  /** Names of all tensors declared so far. */
  get names(): Set<string> {
    return new Set([
      ...[...this.#matrices.values()].flatMap((m) => m.names),
      ...[...this.#vectors.values()].flatMap((v) => v.parts.map((p) => p.name)),
    ]);
  }

  /**
   * Checks every declared tensor against the file.
   * @param known Further names that may be there (what the host reads itself); anything else is an error too.
   * @throws ModelError naming file, tensor, what was expected and what was found
   */
  check(source: TensorSource, known: RegExp): void {
    source = this.#padded(source);
    const names = this.names;
    const extra = [...source.tensors.values()].filter(({ name }) => !names.has(name) && !known.test(name));
    const problems = [
      ...this.#problems(source),
      ...extra.map(({ name, shape, file }) => `unexpected ${briefText(name)} [${shape.join(", ")}] in ${file}`),
    ];
    if (problems.length === 0) return;
    const more = problems.length > SHOWN ? `; and ${problems.length - SHOWN} more` : "";
    const shown = problems.slice(0, SHOWN).join("; ");
    throw new ModelError(`${source.describe} does not hold this ${this.network}: ${shown}${more}.`);
  }

  /**
   * Allocates and fills everything declared that is not on the device yet; nothing of that stays where it fails. Call
   * {@linkcode Weights.check} first.
   * @throws ModelError for numbers that are not finite, or too large for f16
   */
  async load(source: TensorSource, options: WeightsOptions = {}): Promise<void> {
    const { only, packed, signal } = options;
    const { device, precision } = this;
    const onProgress = (bytes: number) => {
      signal?.throwIfAborted();
      options.onProgress?.(bytes);
    };
    source = this.#seen(source);
    const vectors = [...this.#vectors.values()].filter(({ tensor }) => !tensor.place);
    const lacking = [...this.#matrices.values()].filter(({ weight }) =>
      !resident(weight).place && (!only || only.has(resident(weight)))
    );
    const quantised = lacking.filter(({ weight }) => weight.kept);
    const needs = lacking.filter(({ weight }) => !weight.kept);
    try {
      for (const need of vectors) await this.#loadVector(source, need, onProgress);
      if (quantised.length) await keepThere(device, quantised, source, onProgress);
      if (needs.length === 0) return;
      if (packed) await place(device, needs, packedBefore(device, needs, packed), onProgress);
      else if (device.textures) await place(device, needs, packHere(device, precision, needs, source), onProgress);
      else await packThere(device, precision, needs, source, onProgress);
    } catch (error) {
      this.releaseMatrices(lacking.map(({ weight }) => resident(weight))); // another try fills them
      for (const { tensor } of vectors) releasePlace(device, tensor);
      throw error;
    }
  }

  /** Every matrix packed as the device holds it, by its name; see `packHere`. */
  packed(source: TensorSource): AsyncGenerator<PackedMatrix> {
    const needs = [...this.#matrices.values()].filter(({ weight }) => !weight.kept);
    return packHere(this.device, this.precision, needs, this.#seen(source));
  }

  /** The file as the network sees it: heads in whole quads, and what a matrix joins in one type. */
  #seen(source: TensorSource): TensorSource {
    const typesOf = (names: readonly string[]) => new Set(names.map((name) => source.tensors.get(name)?.dtype));
    const mixed = [...this.#matrices.values()].filter(({ names }) => typesOf(names).size > 1);
    const same = mixed.length ? asF32(source, new Set(mixed.flatMap(({ names }) => names))) : source;
    return this.#padded(same);
  }

  #padded(source: TensorSource): TensorSource {
    const uneven = [...this.#heads].filter(([, sides]) => [sides.rows, sides.columns].some((h) => h && h.width % 4));
    return uneven.length ? padHeads(source, new Map(uneven)) : source;
  }

  /** What the file lacks or has in another shape. */
  #problems(source: TensorSource): string[] {
    const problems: string[] = [];
    const check = (name: string, expected: number[]) => {
      const info = source.tensors.get(name);
      const found = info && info.shape.join(", ");
      if (!info) problems.push(`missing ${name} [${expected.join(", ")}]`);
      else if (trim(info.shape) !== trim(expected)) {
        problems.push(`${name} in ${info.file}: expected [${expected.join(", ")}], found [${found}]`);
      }
    };
    for (const { weight, names } of this.#matrices.values()) {
      const rows = weight.outChannels * (weight.gated ? 2 : 1) / names.length;
      const kernel = fileTaps(weight) === 9 ? [3, 3] : [];
      for (const name of names) check(name, [rows, weight.inChannels, ...kernel]);
    }
    for (const { parts } of this.#vectors.values()) for (const { name, size } of parts) check(name, [size]);
    return problems;
  }

  async #loadVector(source: TensorSource, need: VectorNeed, advance: (bytes: number) => void): Promise<void> {
    const values = new Float32Array(need.parts.reduce((sum, { size }) => sum + size, 0));
    let at = 0;
    for (const { name, size } of need.parts) {
      const info = source.tensors.get(name)!;
      const numbers = await readFloats(source, info);
      if (!numbers.every(Number.isFinite)) throw notFinite(info);
      values.set(numbers, at);
      at += size;
      advance(info.bytes);
    }
    placeAlone(this.device, need.tensor);
    writeFloats(this.device, need.tensor, need.gated ? interleave(values) : values);
  }

  /** Places everything declared, filled with zeros: for benchmarks of kernels. */
  allocate(): void {
    for (const weight of this.#weights) placeAlone(this.device, resident(weight));
    for (const { tensor } of this.#vectors.values()) placeAlone(this.device, tensor);
  }

  /** Frees everything on the device. The declarations stay: `load` may follow again. */
  release(): void {
    this.releaseMatrices();
    for (const { tensor } of this.#vectors.values()) releasePlace(this.device, tensor);
  }

  /** Frees these matrices and leaves biases and norms, which are small. */
  releaseMatrices(matrices: Iterable<Tensor> = this.matrices): void {
    for (const panels of matrices) releasePlace(this.device, panels);
  }
}

/** What of a weight is on the device between products. */
function resident({ kept, panels }: Weight): Tensor {
  return kept?.tensor ?? panels;
}

/** All numbers of a tensor. */
export async function readFloats(source: TensorSource, info: TensorInfo): Promise<Float32Array> {
  const bytes = new Uint8Array(info.bytes);
  await source.read(info.name, bytes);
  return toFloat32(bytes, info.dtype);
}

/** Values v… then gates g… → v0 v1 v2 v3 g0 g1 g2 g3 v4 …, as the panels have them. */
function interleave(values: Float32Array): Float32Array {
  const half = values.length / 2;
  const out = new Float32Array(Math.ceil(half / 4) * 8);
  for (let i = 0; i < half; i++) {
    const at = Math.floor(i / 4) * 8 + i % 4;
    out[at] = values[i];
    out[at + 4] = values[half + i];
  }
  return out;
}

/** A shape without its trailing ones: a 1×1 convolution is a linear layer. */
function trim(shape: readonly number[]): string {
  let end = shape.length;
  while (end > 1 && shape[end - 1] === 1) end--;
  return shape.slice(0, end).join(",");
}
