/**
 * `torch.randn` on the CPU, bit for bit.
 *
 * @module
 */
import { cosSinf, logf } from "./cephes.ts";
import { Mt19937 } from "./mt19937.ts";
import type { NoiseGenerator } from "./types.ts";

const f = Math.fround;
const TWO_PI = f(2 * Math.PI);
const BLOCK = 16;

/**
 * Standard normals in the order of a CPU `torch.Generator`. Sixteen values and more are drawn as one array of 24-bit
 * uniforms that Box–Muller turns into normals block by block, in f32; fewer are drawn in pairs, in f64, where a value
 * left over waits for the next small draw.
 */
export class CpuNoise implements NoiseGenerator {
  readonly #random: Mt19937;
  readonly #cosSin = new Float32Array(2);
  #spare?: number;

  constructor(seed: bigint) {
    this.#random = new Mt19937(seed);
  }

  normal(count: number): Float32Array {
    const values = new Float32Array(count);
    if (count < BLOCK) return values.map(() => this.#one());
    this.#fillUniform(values);
    for (let i = 0; i + BLOCK <= count; i += BLOCK) this.#boxMuller(values.subarray(i, i + BLOCK));
    if (count % BLOCK !== 0) {
      // torch draws the last sixteen afresh rather than only those left over.
      const tail = values.subarray(count - BLOCK);
      this.#fillUniform(tail);
      this.#boxMuller(tail);
    }
    return values;
  }

  #fillUniform(values: Float32Array): void {
    for (let i = 0; i < values.length; i++) values[i] = (this.#random.next() & 0xffffff) * 2 ** -24;
  }

  /** Uniforms to normals in place: value j is the radius and j + 8 the angle of cosine j and sine j + 8. */
  #boxMuller(block: Float32Array): void {
    for (let j = 0; j < BLOCK / 2; j++) {
      const radius = f(Math.sqrt(f(-2 * logf(f(1 - block[j])))));
      cosSinf(f(TWO_PI * block[j + 8]), this.#cosSin);
      block[j] = radius * this.#cosSin[0];
      block[j + 8] = radius * this.#cosSin[1];
    }
  }

  #one(): number {
    if (this.#spare !== undefined) {
      const value = this.#spare;
      this.#spare = undefined;
      return value;
    }
    const angle = 2 * Math.PI * this.#uniform53();
    const radius = Math.sqrt(-2 * Math.log1p(-this.#uniform53()));
    this.#spare = radius * Math.sin(angle);
    return radius * Math.cos(angle);
  }

  #uniform53(): number {
    const high = this.#random.next() & 0x1fffff;
    return (high * 2 ** 32 + this.#random.next()) * 2 ** -53;
  }
}
