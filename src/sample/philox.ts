/**
 * Philox 4×32-10, the counter-based generator of CUDA (Salmon et al., "Parallel Random Numbers: As Easy as 1, 2, 3",
 * 2011).
 *
 * @module
 */

/** Four random u32 of a 128-bit counter and a 64-bit key, each given as u32 words from the lowest on. */
export function philox(counter: readonly number[], key: readonly number[]): [number, number, number, number] {
  let [x, y, z, w] = counter;
  let [k, l] = key;
  for (let round = 0; round < 10; round++) {
    const highX = multiplyHigh(0xd2511f53, x), lowX = Math.imul(0xd2511f53, x);
    const highZ = multiplyHigh(0xcd9e8d57, z), lowZ = Math.imul(0xcd9e8d57, z);
    [x, y, z, w] = [highZ ^ y ^ k, lowZ, highX ^ w ^ l, lowX];
    k = (k + 0x9e3779b9) | 0;
    l = (l + 0xbb67ae85) | 0;
  }
  return [x >>> 0, y >>> 0, z >>> 0, w >>> 0];
}

/** The upper 32 bits of a·b, both taken as u32. */
function multiplyHigh(a: number, b: number): number {
  const aLow = a & 0xffff, aHigh = a >>> 16;
  const bLow = b & 0xffff, bHigh = b >>> 16;
  const middle = aHigh * bLow + ((aLow * bLow) >>> 16);
  return aHigh * bHigh + Math.floor(middle / 65536) + (((middle & 0xffff) + aLow * bHigh) / 65536 >>> 0);
}
