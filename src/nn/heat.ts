/**
 * Where a network sees the words of its prompt: the attention of all its layers, added up on the device at each of
 * their sizes.
 *
 * @module
 */
import type { Graph } from "../gpu/graph.ts";
import { readFloats, writeFloats } from "../gpu/storage.ts";
import type { Tensor } from "../gpu/tensor.ts";
import { addHeat } from "../ops/heat.ts";
import type { Watch } from "./blocks.ts";

/** The sums of the layers of one size. */
export interface HeatSum {
  height: number;
  width: number;
  /** How many there are. */
  layers: number;
  /** Plain f32 [objects, height·width]. */
  heat: Tensor;
}

/** Adds up heat maps (DAAM, arXiv 2210.04885) of one picture while a graph runs. */
export class HeatSums {
  readonly sums: HeatSum[] = [];
  readonly #words: Tensor;

  /**
   * @param g where the network is recorded
   * @param words how much each token of the prompt counts for each object [objects][tokens]
   */
  constructor(readonly g: Graph, readonly words: readonly ArrayLike<number>[]) {
    this.#words = g.constant("words", Float32Array.from(words.flatMap((tokens) => Array.from(tokens))));
  }

  /** Records the sum of what a layer sees, right behind it. */
  readonly watch: Watch = ({ q, kv, heads, height, width }) => {
    let sum = this.sums.find((sum) => sum.height === height && sum.width === width);
    if (!sum) {
      const heat = this.g.input(`heat ${height}×${width}`, [this.words.length, height * width], "f32", "plain");
      this.sums.push(sum = { height, width, layers: 0, heat });
    }
    sum.layers++;
    addHeat(this.g, q, kv, heads, this.#words, sum.heat);
  };

  /** Sets the sums to zero. The graph must be compiled. */
  clear(): void {
    for (const { heat } of this.sums) writeFloats(this.g.device, heat, new Float32Array(heat.bytes / 4));
  }

  /** Of each size, the sums of each object so far. Waits for the device. */
  async read(): Promise<(Omit<HeatSum, "heat"> & { maps: Float32Array[] })[]> {
    return await Promise.all(this.sums.map(async ({ heat, ...sum }) => {
      const values = await readFloats(this.g.device, heat);
      const area = sum.height * sum.width;
      return { ...sum, maps: this.words.map((_, i) => values.subarray(i * area, (i + 1) * area)) };
    }));
  }
}
