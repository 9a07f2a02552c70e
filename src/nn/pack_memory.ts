/**
 * Memory that WebAssembly can reach, and wasm/pack.ts, which packs the halfs in it eight at a time.
 *
 * @module
 */
import { PANEL } from "../ops/weight.ts";
import { PACK_WASM } from "./pack_wasm.ts";

interface Exports {
  memory: WebAssembly.Memory;
  columns(rows: number, lanes: number, targets: number, count: number, to: number): number;
  halfs(from: number, wide: boolean, count: number, to: number): number;
  transformed(
    rows: number,
    lanes: number,
    targets: number,
    channels: number,
    size: number,
    to: number,
    room: number,
  ): number;
}

let module: WebAssembly.Module | undefined;

/** Regions begin at multiples of so many bytes. */
const ALIGNED = 16;
const PAGE = 65536;

/**
 * The topmost bits of the exponents of two halfs in a word, and of an f32: set where a number is 2 or more, or not
 * finite.
 */
const LARGE = 0x40004000, LARGE_WIDE = 0x40000000;

/** Bytes that wasm/pack.ts works in while it transforms. */
const ROOM = 2016;

/** Regions of one memory, all made at once: growing the memory later would detach them. */
export class PackMemory {
  readonly regions: readonly Uint8Array<ArrayBuffer>[];
  /** Where in memory the rows begin that become the columns of a panel. */
  readonly rows: Uint32Array<ArrayBuffer>;
  readonly #exports: Exports;
  readonly #room: number;

  /** @param sizes bytes of the regions */
  constructor(sizes: readonly number[]) {
    module ??= new WebAssembly.Module(Uint8Array.fromBase64(PACK_WASM));
    this.#exports = new WebAssembly.Instance(module).exports as unknown as Exports;
    const { memory } = this.#exports;
    const offsets = [PAGE]; // what the module has of its own lies below
    for (const size of [PANEL * 4, ROOM, ...sizes]) {
      offsets.push(Math.ceil((offsets.at(-1)! + size) / ALIGNED) * ALIGNED);
    }
    memory.grow(Math.ceil(offsets.at(-1)! / PAGE) - memory.buffer.byteLength / PAGE);
    const buffer = memory.buffer as ArrayBuffer;
    this.rows = new Uint32Array(buffer, offsets[0], PANEL);
    this.#room = offsets[1];
    this.regions = sizes.map((size, i) => new Uint8Array(buffer, offsets[i + 2], size));
  }

  /**
   * Rows of halfs become columns of a panel: number i of each goes to the column `targets[i]` numbers behind `to`.
   * @param lanes eights of rows
   * @returns whether any of them is 2 or more
   */
  columns(lanes: number, targets: Uint32Array<ArrayBuffer>, to: number): boolean {
    const { rows } = this;
    return (this.#exports.columns(rows.byteOffset, lanes, targets.byteOffset, targets.length, to) & LARGE) !== 0;
  }

  /**
   * As `columns`, of rows whose nine taps a channel become as many as they are transformed to.
   * @param taps 16 or 36
   * @returns as `columns`; the numbers are wrong where any is 2 or more
   */
  transformed(lanes: number, targets: Uint32Array<ArrayBuffer>, to: number, taps: number): boolean {
    const [rows, channels, size] = [this.rows.byteOffset, targets.length / taps, Math.sqrt(taps)];
    return (this.#exports.transformed(rows, lanes, targets.byteOffset, channels, size, to, this.#room) & LARGE) !== 0;
  }

  /**
   * Numbers of f32, or bf16 where they are not `wide`, as halfs. All in regions, which have room for whole eights.
   * @returns as `columns`; the halfs are wrong where any is 2 or more
   */
  halfs(bytes: Uint8Array<ArrayBuffer>, wide: boolean, out: Uint8Array<ArrayBuffer>): boolean {
    return (this.#exports.halfs(bytes.byteOffset, wide, out.length / 2, out.byteOffset) & LARGE_WIDE) !== 0;
  }
}
