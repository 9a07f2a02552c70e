/**
 * Memory that WebAssembly can reach, and wasm/pack.ts, which packs the halfs in it eight at a time.
 *
 * @module
 */
import { PACK_WASM } from "./pack_wasm.ts";

interface Exports {
  memory: WebAssembly.Memory;
  columns(rows: number, targets: number, count: number, to: number): number;
  transform(from: number, filters: number, to: number): number;
}

let module: WebAssembly.Module | undefined;

/** Regions begin at such multiples. */
const ALIGNED = 16;
const PAGE = 65536;

/** Two halfs in a word have such bits in the topmost places of their exponents where they are 2 or more. */
const LARGE = 0x40004000;

/** Some regions of memory, made at once: growing it later would take them away. */
export class PackMemory {
  readonly regions: readonly Uint8Array<ArrayBuffer>[];
  readonly #exports: Exports;
  /** Where eight rows begin. */
  readonly #rows: Uint32Array<ArrayBuffer>;

  /** @param sizes bytes of the regions */
  constructor(sizes: readonly number[]) {
    module ??= new WebAssembly.Module(Uint8Array.fromBase64(PACK_WASM));
    this.#exports = new WebAssembly.Instance(module).exports as unknown as Exports;
    const { memory } = this.#exports;
    const offsets = [PAGE]; // what the module has of its own lies below
    for (const size of [8 * 4, ...sizes]) offsets.push(Math.ceil((offsets.at(-1)! + size) / ALIGNED) * ALIGNED);
    memory.grow(Math.ceil(offsets.at(-1)! / PAGE) - memory.buffer.byteLength / PAGE);
    const buffer = memory.buffer as ArrayBuffer;
    this.#rows = new Uint32Array(buffer, offsets[0], 8);
    this.regions = sizes.map((size, i) => new Uint8Array(buffer, offsets[i + 1], size));
  }

  /**
   * Numbers of eight rows of halfs become columns: eight of `out` from `first + targets[i]` on are those of number i.
   * All in regions.
   * @param starts numbers of `rows` that stand before each row
   * @param targets a multiple of eight
   * @returns whether any of them is 2 or more
   */
  columns(
    rows: Uint16Array<ArrayBuffer>,
    starts: readonly number[],
    targets: Uint32Array<ArrayBuffer>,
    out: Uint16Array<ArrayBuffer>,
    first: number,
  ): boolean {
    this.#rows.set(starts.map((start) => rows.byteOffset + 2 * start));
    const to = out.byteOffset + 2 * first;
    return (this.#exports.columns(this.#rows.byteOffset, targets.byteOffset, targets.length, to) & LARGE) !== 0;
  }

  /**
   * Nine halfs after another become the sixteen that they are transformed to. All in regions.
   * @returns as `columns`; the numbers are wrong where any is 2 or more
   */
  transform(taps: Uint16Array<ArrayBuffer>, out: Uint16Array<ArrayBuffer>): boolean {
    return (this.#exports.transform(taps.byteOffset, taps.length / 9, out.byteOffset) & LARGE) !== 0;
  }
}
