/**
 * Quantised numbers in blocks, as ggml lays them out: a scale or two, then a few bits for each number. Source: the
 * block structures of https://github.com/ggml-org/ggml/blob/master/src/ggml-common.h; judged by the Python package
 * gguf.
 *
 * @module
 */

/** Names of the layouts that are read here. */
export type BlockType = "Q4_0" | "Q4_1" | "Q5_0" | "Q5_1" | "Q8_0" | "Q2_K" | "Q3_K" | "Q4_K" | "Q5_K" | "Q6_K";

/** Numbers and bytes of a block. */
export const BLOCKS: Readonly<Record<BlockType, { numbers: number; bytes: number }>> = {
  Q4_0: { numbers: 32, bytes: 18 },
  Q4_1: { numbers: 32, bytes: 20 },
  Q5_0: { numbers: 32, bytes: 22 },
  Q5_1: { numbers: 32, bytes: 24 },
  Q8_0: { numbers: 32, bytes: 34 },
  Q2_K: { numbers: 256, bytes: 84 },
  Q3_K: { numbers: 256, bytes: 110 },
  Q4_K: { numbers: 256, bytes: 144 },
  Q5_K: { numbers: 256, bytes: 176 },
  Q6_K: { numbers: 256, bytes: 210 },
};

/** The bytes of one block, and where its numbers go. */
type Decode = (view: DataView, at: number, out: Float32Array, to: number) => void;

const f16 = (view: DataView, at: number) => view.getFloat16(at, true);

/** Halves of 32 numbers in the low and the high bits of 16 bytes; a fifth bit each from `high`, where there is one. */
function nibbles(view: DataView, at: number, high: number, put: (i: number, q: number) => void): void {
  for (let j = 0; j < 16; j++) {
    const byte = view.getUint8(at + j);
    put(j, byte & 15 | (high >>> j & 1) << 4);
    put(j + 16, byte >> 4 | (high >>> j + 16 & 1) << 4);
  }
}

/** Scale and least value of each 32 numbers of Q4_K and Q5_K: twelve bytes hold eight of both in six bits each. */
function sixBits(view: DataView, at: number, j: number): [scale: number, least: number] {
  const byte = (i: number) => view.getUint8(at + i);
  if (j < 4) return [byte(j) & 63, byte(j + 4) & 63];
  return [byte(j + 4) & 15 | byte(j - 4) >> 6 << 4, byte(j + 4) >> 4 | byte(j) >> 6 << 4];
}

/** Q4_K and Q5_K: four bits of each number from `low` on, and a fifth from `high` on, where there is one. */
function sixBitScaled(view: DataView, at: number, out: Float32Array, to: number, low: number, high?: number): void {
  const [d, least] = [f16(view, at), f16(view, at + 2)];
  for (let j = 0; j < 8; j++) {
    const [scale, m] = sixBits(view, at + 4, j);
    for (let l = 0; l < 32; l++) {
      const q = view.getUint8(low + (j >> 1) * 32 + l) >> (j & 1) * 4 & 15;
      const fifth = high === undefined ? 0 : view.getUint8(high + l) >> j & 1;
      out[to + 32 * j + l] = d * scale * (q + 16 * fifth) - Math.fround(least * m);
    }
  }
}

const DECODE: Record<BlockType, Decode> = {
  Q4_0(view, at, out, to) {
    const d = f16(view, at);
    nibbles(view, at + 2, 0, (i, q) => out[to + i] = d * (q - 8));
  },
  Q4_1(view, at, out, to) {
    const [d, m] = [f16(view, at), f16(view, at + 2)];
    nibbles(view, at + 4, 0, (i, q) => out[to + i] = d * q + m);
  },
  Q5_0(view, at, out, to) {
    const d = f16(view, at);
    nibbles(view, at + 6, view.getUint32(at + 2, true), (i, q) => out[to + i] = d * (q - 16));
  },
  Q5_1(view, at, out, to) {
    const [d, m] = [f16(view, at), f16(view, at + 2)];
    nibbles(view, at + 8, view.getUint32(at + 4, true), (i, q) => out[to + i] = d * q + m);
  },
  Q8_0(view, at, out, to) {
    const d = f16(view, at);
    for (let i = 0; i < 32; i++) out[to + i] = d * view.getInt8(at + 2 + i);
  },
  // 16 scales and least values of 4 bits each, 256 numbers of 2 bits, d, d of the least values.
  Q2_K(view, at, out, to) {
    const [d, least] = [f16(view, at + 80), f16(view, at + 82)];
    for (let i = 0; i < 256; i++) {
      const scale = view.getUint8(at + (i >> 4));
      const q = view.getUint8(at + 16 + (i >> 7) * 32 + i % 32) >> (i >> 5 & 3) * 2 & 3;
      out[to + i] = d * (scale & 15) * q - least * (scale >> 4);
    }
  },
  // The third bit of 256 numbers, their lower two, 16 scales of 6 bits, d.
  Q3_K(view, at, out, to) {
    const d = f16(view, at + 108);
    const scale = (j: number) => {
      const low = view.getUint8(at + 96 + j % 8) >> (j >> 3) * 4 & 15;
      return (low | (view.getUint8(at + 104 + j % 4) >> (j >> 2) * 2 & 3) << 4) - 32;
    };
    for (let i = 0; i < 256; i++) {
      const q = view.getUint8(at + 32 + (i >> 7) * 32 + i % 32) >> (i >> 5 & 3) * 2 & 3;
      const high = view.getUint8(at + i % 32) >> (i >> 5) & 1;
      out[to + i] = d * scale(i >> 4) * (q - (high ? 0 : 4));
    }
  },
  // d, d of the least values, their six bits, 256 numbers of 4 bits.
  Q4_K(view, at, out, to) {
    sixBitScaled(view, at, out, to, at + 16);
  },
  // As Q4_K, with a fifth bit of each number in between.
  Q5_K(view, at, out, to) {
    sixBitScaled(view, at, out, to, at + 48, at + 16);
  },
  // The lower four bits of 256 numbers, their upper two, 16 scales of 8 bits, d.
  Q6_K(view, at, out, to) {
    const d = f16(view, at + 208);
    for (let i = 0; i < 256; i++) {
      const [half, l, quarter] = [i >> 7, i % 32, i >> 5 & 3];
      const low = view.getUint8(at + half * 64 + (quarter & 1) * 32 + l) >> (quarter >> 1) * 4 & 15;
      const high = view.getUint8(at + 128 + half * 32 + l) >> quarter * 2 & 3;
      out[to + i] = d * view.getInt8(at + 192 + (i >> 4)) * ((low | high << 4) - 32);
    }
  },
};

/** The numbers of whole blocks. */
export function fromBlocks(bytes: Uint8Array, type: BlockType): Float32Array<ArrayBuffer> {
  const { numbers, bytes: size } = BLOCKS[type];
  const count = bytes.length / size;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const out = new Float32Array(count * numbers);
  const decode = DECODE[type];
  for (let i = 0; i < count; i++) decode(view, i * size, out, i * numbers);
  return out;
}
