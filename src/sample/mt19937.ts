/**
 * The Mersenne Twister, torch's generator on the CPU.
 *
 * @module
 */

const N = 624;
const M = 397;

/** MT19937 of Matsumoto and Nishimura (1998), seeded by `init_genrand` with the seed's low 32 bits, as torch does. */
export class Mt19937 {
  readonly #state = new Uint32Array(N);
  #next = N;

  constructor(seed: bigint) {
    const s = this.#state;
    s[0] = Number(seed & 0xffffffffn);
    for (let i = 1; i < N; i++) s[i] = Math.imul(1812433253, s[i - 1] ^ (s[i - 1] >>> 30)) + i;
  }

  /** The next 32 random bits, as an unsigned integer. */
  next(): number {
    if (this.#next === N) this.#twist();
    let y = this.#state[this.#next++];
    y ^= y >>> 11;
    y ^= (y << 7) & 0x9d2c5680;
    y ^= (y << 15) & 0xefc60000;
    return (y ^ (y >>> 18)) >>> 0;
  }

  #twist(): void {
    const s = this.#state;
    for (let i = 0; i < N; i++) {
      const y = (s[i] & 0x80000000) | (s[i + 1 < N ? i + 1 : 0] & 0x7fffffff);
      s[i] = s[i + M < N ? i + M : i + M - N] ^ (y >>> 1) ^ (y & 1 ? 0x9908b0df : 0);
    }
    this.#next = 0;
  }
}
