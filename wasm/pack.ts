/**
 * What takes long when weights are packed on the host (src/nn/pack_host.ts), eight numbers at a time: AssemblyScript,
 * of which `deno task wasm` makes src/nn/pack_wasm.ts.
 */

/** Numbers of a row that are packed before the next rows: what they are packed to stays in the nearest cache. */
const BLOCK: u32 = 128;

/**
 * Rows of halfs become columns: number i of row r goes to half r of what begins at target i.
 * @param rows addresses of the rows, eight of each of `lanes`
 * @param targets numbers that stand before each column from `to` on; `count` of them
 * @returns bits that any of the numbers has, two halfs in a word
 */
export function columns(rows: usize, lanes: u32, targets: usize, count: u32, to: usize): u32 {
  let seen = i32x4.splat(0);
  for (let i: u32 = 0; i < count; i += BLOCK) {
    for (let lane: u32 = 0; lane < lanes; lane++) {
      seen = v128.or(seen, eight(rows + lane * 32, i, min(i + BLOCK, count), targets, to + lane * 16));
    }
  }
  return folded(seen);
}

/** Channels that are transformed before the next rows. */
const CHANNELS: u32 = 8;

/**
 * As {@linkcode columns}, of rows that hold the nine taps g of a filter for each of so many channels: their columns are
 * the size² numbers of G·g·Gᵀ, all in halfs, of size 4 (shaders/winograd_in.wgsl) or 6 (winograd4_in.wgsl). Right for
 * numbers below 2: exponents of infinities are not looked for, and sums stay finite.
 * @param room 2016 bytes to work in
 */
export function transformed(
  rows: usize,
  lanes: u32,
  targets: usize,
  channels: u32,
  size: u32,
  to: usize,
  room: usize,
): u32 {
  const order = room, taps = order + CHANNELS * 36, sums = taps + CHANNELS * 144;
  for (let i: u32 = 0; i < CHANNELS * 9; i++) store<u32>(order + i * 4, i * 8);
  let seen = i32x4.splat(0);
  for (let c: u32 = 0; c < channels; c += CHANNELS) {
    const end = min(c + CHANNELS, channels);
    for (let lane: u32 = 0; lane < lanes; lane++) {
      seen = v128.or(seen, eight(rows + lane * 32, c * 9, end * 9, order - c * 36, taps));
      for (let n = c; n < end; n++) {
        const own = taps + (n - c) * 144;
        if (size === 4) filters4(own, sums, targets + n * 64, to + lane * 16);
        else filters6(own, sums, targets + n * 144, to + lane * 16);
      }
    }
  }
  return folded(seen);
}

/**
 * Numbers of f32, or bf16 where they are not `wide`, as halfs, rounded to nearest, ties to even. In whole eights.
 * @returns bits that any of them has, as f32
 */
export function halfs(from: usize, wide: bool, count: u32, to: usize): u32 {
  let seen = i32x4.splat(0);
  for (const end = to + count * 2; to < end; to += 16) {
    let low: v128, high: v128;
    if (wide) {
      low = v128.load(from), high = v128.load(from, 16);
      from += 32;
    } else {
      const eight = v128.load(from);
      low = i32x4.shl(i32x4.extend_low_i16x8_u(eight), 16), high = i32x4.shl(i32x4.extend_high_i16x8_u(eight), 16);
      from += 16;
    }
    seen = v128.or(seen, v128.or(low, high));
    v128.store(to, i16x8.narrow_i32x4_u(half(low), half(high)));
  }
  return folded(seen);
}

/** Four f32 below 65520 as halfs in the lower parts of their lanes. What a half has fewer bits for is rounded once. */
function half(v: v128): v128 {
  const size = f32x4.abs(v);
  const odd = i32x4.shr_u(i32x4.shl(size, 18), 31);
  const normal = i32x4.shr_u(i32x4.add(i32x4.add(size, odd), i32x4.splat(0xc8000fff)), 13);
  const small = i32x4.sub(f32x4.add(size, HALF), HALF); // the last bit of 0.5 in f32 is that of the smallest halfs
  const either = v128.bitselect(small, normal, f32x4.lt(size, SMALLEST));
  return v128.or(either, i32x4.shl(i32x4.shr_u(v, 31), 15));
}

/** Numbers [start, end) of eight rows. @returns bits that any of them has */
function eight(rows: usize, start: u32, end: u32, targets: usize, to: usize): v128 {
  const r0 = <usize> load<u32>(rows), r1 = <usize> load<u32>(rows, 4), r2 = <usize> load<u32>(rows, 8);
  const r3 = <usize> load<u32>(rows, 12), r4 = <usize> load<u32>(rows, 16), r5 = <usize> load<u32>(rows, 20);
  const r6 = <usize> load<u32>(rows, 24), r7 = <usize> load<u32>(rows, 28);
  let seen = i32x4.splat(0);
  let i: usize = start;
  for (const last: usize = end & ~7; i < last; i += 8) {
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
  for (; i < <usize> end; i++) {
    const column = to + 2 * load<u32>(targets + i * 4);
    for (let r: usize = 0; r < 8; r++) {
      const half = load<u16>(<usize> load<u32>(rows + r * 4) + i * 2);
      store<u16>(column + r * 2, half);
      seen = v128.or(seen, i16x8.splat(half));
    }
  }
  return seen;
}

/** Eight filters at once: nine taps, each of all eight, become sixteen numbers. @param sums 384 bytes to work in */
function filters4(taps: usize, sums: usize, targets: usize, to: usize): void {
  for (let y: usize = 0, line = sums; y < 3; y++, taps += 48, line += 128) {
    const a = v128.load(taps), b = v128.load(taps, 16), c = v128.load(taps, 32);
    across4(i32x4.extend_low_i16x8_u(a), i32x4.extend_low_i16x8_u(b), i32x4.extend_low_i16x8_u(c), line);
    across4(i32x4.extend_high_i16x8_u(a), i32x4.extend_high_i16x8_u(b), i32x4.extend_high_i16x8_u(c), line + 16);
  }
  for (let x: usize = 0; x < 4; x++) down4(sums + x * 32, targets + x * 4, to);
}

/** A row of g·Gᵀ in f32, for tiles of 2×2: four numbers, each of four filters. */
function across4(a: v128, b: v128, c: v128, sums: usize): void {
  const left = widened(a), middle = widened(b), right = widened(c);
  const even = f32x4.mul(HALF, f32x4.add(left, right)), odd = f32x4.mul(HALF, middle);
  v128.store(sums, left);
  v128.store(sums, f32x4.add(even, odd), 32);
  v128.store(sums, f32x4.sub(even, odd), 64);
  v128.store(sums, right, 96);
}

/** A column of G·(g·Gᵀ) in halfs. */
function down4(sums: usize, targets: usize, to: usize): void {
  const top = v128.load(sums), bottom = v128.load(sums, 256), odd = f32x4.mul(HALF, v128.load(sums, 128));
  const top2 = v128.load(sums, 16), bottom2 = v128.load(sums, 272), odd2 = f32x4.mul(HALF, v128.load(sums, 144));
  const even = f32x4.mul(HALF, f32x4.add(top, bottom)), even2 = f32x4.mul(HALF, f32x4.add(top2, bottom2));
  v128.store(to + 2 * load<u32>(targets), narrowed(top, top2));
  v128.store(to + 2 * load<u32>(targets, 16), narrowed(f32x4.add(even, odd), f32x4.add(even2, odd2)));
  v128.store(to + 2 * load<u32>(targets, 32), narrowed(f32x4.sub(even, odd), f32x4.sub(even2, odd2)));
  v128.store(to + 2 * load<u32>(targets, 48), narrowed(bottom, bottom2));
}

/** As `filters4`, for tiles of 4×4: 36 numbers. @param sums 576 bytes to work in */
function filters6(taps: usize, sums: usize, targets: usize, to: usize): void {
  for (let y: usize = 0, line = sums; y < 3; y++, taps += 48, line += 192) {
    const a = v128.load(taps), b = v128.load(taps, 16), c = v128.load(taps, 32);
    across6(i32x4.extend_low_i16x8_u(a), i32x4.extend_low_i16x8_u(b), i32x4.extend_low_i16x8_u(c), line);
    across6(i32x4.extend_high_i16x8_u(a), i32x4.extend_high_i16x8_u(b), i32x4.extend_high_i16x8_u(c), line + 16);
  }
  for (let x: usize = 0; x < 6; x++) down6(sums + x * 32, targets + x * 4, to);
}

/** As `across4`, for tiles of 4×4: six numbers. */
function across6(a: v128, b: v128, c: v128, sums: usize): void {
  const left = widened(a), middle = widened(b), right = widened(c);
  const end = f32x4.mul(FOUR_THIRDS, right), odd = f32x4.mul(ODD, middle), half = f32x4.mul(HALF, odd);
  const near = f32x4.add(f32x4.mul(EIGHT_THIRDS, left), end), far = f32x4.add(f32x4.mul(TWO_THIRDS, left), end);
  v128.store(sums, f32x4.mul(FOUR, left));
  v128.store(sums, f32x4.add(near, odd), 32);
  v128.store(sums, f32x4.sub(near, odd), 64);
  v128.store(sums, f32x4.add(far, half), 96);
  v128.store(sums, f32x4.sub(far, half), 128);
  v128.store(sums, f32x4.mul(FOUR, right), 160);
}

/** As `down4`. */
function down6(sums: usize, targets: usize, to: usize): void {
  const top = v128.load(sums), bottom = v128.load(sums, 384), odd = f32x4.mul(ODD, v128.load(sums, 192));
  const top2 = v128.load(sums, 16), bottom2 = v128.load(sums, 400), odd2 = f32x4.mul(ODD, v128.load(sums, 208));
  const end = f32x4.mul(FOUR_THIRDS, bottom), end2 = f32x4.mul(FOUR_THIRDS, bottom2);
  const near = f32x4.add(f32x4.mul(EIGHT_THIRDS, top), end), near2 = f32x4.add(f32x4.mul(EIGHT_THIRDS, top2), end2);
  const far = f32x4.add(f32x4.mul(TWO_THIRDS, top), end), far2 = f32x4.add(f32x4.mul(TWO_THIRDS, top2), end2);
  const half = f32x4.mul(HALF, odd), half2 = f32x4.mul(HALF, odd2);
  v128.store(to + 2 * load<u32>(targets), narrowed(f32x4.mul(FOUR, top), f32x4.mul(FOUR, top2)));
  v128.store(to + 2 * load<u32>(targets, 24), narrowed(f32x4.add(near, odd), f32x4.add(near2, odd2)));
  v128.store(to + 2 * load<u32>(targets, 48), narrowed(f32x4.sub(near, odd), f32x4.sub(near2, odd2)));
  v128.store(to + 2 * load<u32>(targets, 72), narrowed(f32x4.add(far, half), f32x4.add(far2, half2)));
  v128.store(to + 2 * load<u32>(targets, 96), narrowed(f32x4.sub(far, half), f32x4.sub(far2, half2)));
  v128.store(to + 2 * load<u32>(targets, 120), narrowed(f32x4.mul(FOUR, bottom), f32x4.mul(FOUR, bottom2)));
}

const FOUR = f32x4.splat(4), EIGHT_THIRDS = f32x4.splat(<f32> (8 / 3.0)), FOUR_THIRDS = f32x4.splat(<f32> (4 / 3.0));
const TWO_THIRDS = f32x4.splat(<f32> (2 / 3.0));
/** 8/3·√½ */
const ODD = f32x4.splat(<f32> 1.8856180831641267);
const HALF = f32x4.splat(0.5);
/** 2⁻¹⁴: below, halfs have fewer bits. */
const SMALLEST = i32x4.splat(0x38800000);
/** 2¹¹² and its inverse: the exponents of f32 and f16 differ by so much. */
const UP = i32x4.splat(0x77800000), DOWN = i32x4.splat(0x07800000);

/** Halfs in the lower parts of four lanes as f32. */
function widened(v: v128): v128 {
  const size = i32x4.shr_u(i32x4.shl(v, 17), 4);
  return v128.or(f32x4.mul(size, UP), i32x4.shl(i32x4.shr_u(v, 15), 31));
}

/** Eight f32 below 65520 as halfs, rounded to nearest, ties to even. */
function narrowed(low: v128, high: v128): v128 {
  return v128.shuffle<i16>(rounded(low), rounded(high), 1, 3, 5, 7, 9, 11, 13, 15);
}

/** Four f32 below 65520 as halfs in the upper parts of their lanes. */
function rounded(v: v128): v128 {
  const small = f32x4.mul(v, DOWN);
  const odd = i32x4.shr_u(i32x4.shl(small, 18), 31);
  const up = i32x4.add(i32x4.add(small, odd), i32x4.splat(0xfff));
  return v128.bitselect(v, i32x4.shl(up, 3), i32x4.splat(0x80000000));
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
