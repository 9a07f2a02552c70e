/**
 * `torch.randn(…, device="cuda")`, computed on the CPU.
 *
 * @module
 */
import type { NoiseGenerator } from "./types.ts";
import { philox } from "./philox.ts";

const f = Math.fround;
const BLOCK = 256;

/**
 * Standard normals in the order of a CUDA `torch.Generator`: value i comes from thread i's own Philox stream, and every
 * draw moves all streams on by one. Equal to the GPU's to about 2⁻²¹ (its sine and cosine are the fast, approximate
 * ones).
 *
 * A GPU runs at most `maxThreads` threads at once (multiprocessors × threads each: 221,184 on an A100), and in a draw
 * of more values each thread makes several. By default there is no such limit, as in AUTOMATIC1111; only draws of more
 * than about 10⁵ values notice.
 */
export class CudaNoise implements NoiseGenerator {
  readonly #key: readonly number[];
  /** Draws of four that every thread's stream has behind it. */
  #position = 0;

  constructor(seed: bigint, readonly maxThreads: number = Infinity) {
    this.#key = [Number(seed & 0xffffffffn), Number((seed >> 32n) & 0xffffffffn)];
  }

  normal(count: number): Float32Array {
    const values = new Float32Array(count);
    const threads = Math.min(this.maxThreads, Math.ceil(count / BLOCK) * BLOCK);
    for (let first = 0; first < count; first += threads * 4) {
      for (let thread = 0; thread < threads; thread++) {
        const random = philox([this.#position, 0, thread, 0], this.#key);
        for (let i = 0; i < 4; i += 2) {
          const at = first + thread + i * threads;
          if (at < count) boxMuller(random[i], random[i + 1], values, at, at + threads);
        }
      }
      this.#position++;
    }
    return values;
  }
}

/**
 * Two normals from two random u32, sine first (curand_normal.h), to `out[at]` and, where there is such a place,
 * `out[then]`.
 */
function boxMuller(a: number, b: number, out: Float32Array, at: number, then: number): void {
  const u = f(f(a) * 2 ** -32 + 2 ** -33);
  const angle = f(f(b) * f(2 * Math.PI * 2 ** -32) + f(Math.PI * 2 ** -32));
  const radius = f(Math.sqrt(f(-2 * f(Math.log(u)))));
  out[at] = radius * f(Math.sin(angle));
  if (then < out.length) out[then] = radius * f(Math.cos(angle));
}
