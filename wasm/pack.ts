/**
 * What takes long when weights are packed on the host (src/nn/pack_host.ts), eight numbers at a time: AssemblyScript, of
 * which `deno task wasm` makes src/nn/pack_wasm.ts.
 */

/**
 * Eight rows of halfs become columns: number i of row r goes to half r of the 16 bytes at target i.
 * @param rows addresses of the eight rows
 * @param targets numbers that stand before each column from `to` on; `count` of them, a multiple of eight
 * @returns bits that any of the numbers has, two halfs in a word
 */
export function columns(rows: usize, targets: usize, count: u32, to: usize): u32 {
  const r0 = <usize> load<u32>(rows), r1 = <usize> load<u32>(rows, 4), r2 = <usize> load<u32>(rows, 8);
  const r3 = <usize> load<u32>(rows, 12), r4 = <usize> load<u32>(rows, 16), r5 = <usize> load<u32>(rows, 20);
  const r6 = <usize> load<u32>(rows, 24), r7 = <usize> load<u32>(rows, 28);
  let seen = i32x4.splat(0);
  for (let i: usize = 0; i < <usize> count; i += 8) {
    const o = i * 2, t = targets + i * 4;
    const a = v128.load(r0 + o), b = v128.load(r1 + o), c = v128.load(r2 + o), d = v128.load(r3 + o);
    const e = v128.load(r4 + o), f = v128.load(r5 + o), g = v128.load(r6 + o), h = v128.load(r7 + o);
    seen = v128.or(seen, v128.or(v128.or(v128.or(a, b), v128.or(c, d)), v128.or(v128.or(e, f), v128.or(g, h))));
    // Transposed in three rounds: halfs, words, double words.
    const ab0 = low16(a, b), ab1 = high16(a, b), cd0 = low16(c, d), cd1 = high16(c, d);
    const ef0 = low16(e, f), ef1 = high16(e, f), gh0 = low16(g, h), gh1 = high16(g, h);
    const ad0 = low32(ab0, cd0), ad1 = high32(ab0, cd0), ad2 = low32(ab1, cd1), ad3 = high32(ab1, cd1);
    const eh0 = low32(ef0, gh0), eh1 = high32(ef0, gh0), eh2 = low32(ef1, gh1), eh3 = high32(ef1, gh1);
    v128.store(to + 2 * load<u32>(t), v128.shuffle<i64>(ad0, eh0, 0, 2));
    v128.store(to + 2 * load<u32>(t, 4), v128.shuffle<i64>(ad0, eh0, 1, 3));
    v128.store(to + 2 * load<u32>(t, 8), v128.shuffle<i64>(ad1, eh1, 0, 2));
    v128.store(to + 2 * load<u32>(t, 12), v128.shuffle<i64>(ad1, eh1, 1, 3));
    v128.store(to + 2 * load<u32>(t, 16), v128.shuffle<i64>(ad2, eh2, 0, 2));
    v128.store(to + 2 * load<u32>(t, 20), v128.shuffle<i64>(ad2, eh2, 1, 3));
    v128.store(to + 2 * load<u32>(t, 24), v128.shuffle<i64>(ad3, eh3, 0, 2));
    v128.store(to + 2 * load<u32>(t, 28), v128.shuffle<i64>(ad3, eh3, 1, 3));
  }
  return folded(seen);
}

/**
 * The nine taps g of each filter become the sixteen of G·g·Gᵀ (shaders/winograd_in.wgsl), all in halfs. Right for
 * numbers below 2: exponents of infinities are not looked for, and sums stay finite.
 * @returns as {@linkcode columns}
 */
export function transform(from: usize, filters: u32, to: usize): u32 {
  let seen = i32x4.splat(0);
  for (let n: u32 = 0; n < filters; n++, from += 18, to += 32) {
    const first = v128.load(from), last = v128.load(from, 2);
    seen = v128.or(seen, v128.or(first, last));
    // The columns of g, each in three of four lanes; then G·g·Gᵀ across, turned, and down.
    const c0 = widened(v128.shuffle<i16>(first, ZERO, 0, 8, 3, 8, 6, 8, 8, 8));
    const c1 = widened(v128.shuffle<i16>(first, ZERO, 1, 8, 4, 8, 7, 8, 8, 8));
    const c2 = widened(v128.shuffle<i16>(last, ZERO, 1, 8, 4, 8, 7, 8, 8, 8));
    const ends = f32x4.add(c0, c2);
    const d1 = f32x4.mul(HALF, f32x4.add(ends, c1)), d2 = f32x4.mul(HALF, f32x4.sub(ends, c1));
    const l0 = low32(c0, d1), l1 = low32(d2, c2), h0 = high32(c0, d1), h1 = high32(d2, c2);
    const r0 = v128.shuffle<i64>(l0, l1, 0, 2), r1 = v128.shuffle<i64>(l0, l1, 1, 3);
    const r2 = v128.shuffle<i64>(h0, h1, 0, 2);
    const sides = f32x4.add(r0, r2);
    const e1 = f32x4.mul(HALF, f32x4.add(sides, r1)), e2 = f32x4.mul(HALF, f32x4.sub(sides, r1));
    v128.store(to, i16x8.narrow_i32x4_u(narrowed(r0), narrowed(e1)));
    v128.store(to, i16x8.narrow_i32x4_u(narrowed(e2), narrowed(r2)), 16);
  }
  return folded(seen);
}

const ZERO = i32x4.splat(0);
const HALF = f32x4.splat(0.5);
/** 2¹¹² and its inverse: the exponents of f32 and f16 differ by so much. */
const UP = i32x4.splat(0x77800000), DOWN = i32x4.splat(0x07800000);

/** Halfs in the lower parts of four lanes as f32. */
function widened(v: v128): v128 {
  const size = i32x4.shl(v128.and(v, i32x4.splat(0x7fff)), 13);
  return v128.or(f32x4.mul(size, UP), i32x4.shl(v128.and(v, i32x4.splat(0x8000)), 16));
}

/** Four f32 below 65520 as halfs in the lower parts of their lanes, rounded to nearest, ties to even. */
function narrowed(v: v128): v128 {
  const size = f32x4.mul(f32x4.abs(v), DOWN);
  const odd = v128.and(i32x4.shr_u(size, 13), i32x4.splat(1));
  const rounded = i32x4.shr_u(i32x4.add(size, i32x4.add(i32x4.splat(0xfff), odd)), 13);
  return v128.or(rounded, v128.and(i32x4.shr_u(v, 16), i32x4.splat(0x8000)));
}

function low16(a: v128, b: v128): v128 {
  return v128.shuffle<i16>(a, b, 0, 8, 1, 9, 2, 10, 3, 11);
}

function high16(a: v128, b: v128): v128 {
  return v128.shuffle<i16>(a, b, 4, 12, 5, 13, 6, 14, 7, 15);
}

function low32(a: v128, b: v128): v128 {
  return v128.shuffle<i32>(a, b, 0, 4, 1, 5);
}

function high32(a: v128, b: v128): v128 {
  return v128.shuffle<i32>(a, b, 2, 6, 3, 7);
}

function folded(v: v128): u32 {
  return i32x4.extract_lane(v, 0) | i32x4.extract_lane(v, 1) | i32x4.extract_lane(v, 2) | i32x4.extract_lane(v, 3);
}
