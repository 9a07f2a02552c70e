/**
 * A plane of numbers at another size.
 *
 * @module
 */

/** A plane [h·w] as [height·width], bilinear, pixels' middles kept in place, the edges' values beyond them. */
export function stretched(
  plane: ArrayLike<number>,
  w: number,
  h: number,
  width: number,
  height: number,
): Float32Array<ArrayBuffer> {
  const taps = (from: number, to: number) =>
    Array.from({ length: to }, (_, i) => {
      const at = Math.min(from - 1, Math.max(0, (i + 0.5) * from / to - 0.5));
      const low = Math.floor(at);
      return { low, high: Math.min(from - 1, low + 1), share: at - low };
    });
  const [columns, rows] = [taps(w, width), taps(h, height)];
  const out = new Float32Array(width * height);
  rows.forEach((row, y) =>
    columns.forEach((column, x) => {
      const across = (line: number) =>
        plane[line * w + column.low] * (1 - column.share) + plane[line * w + column.high] * column.share;
      out[y * width + x] = across(row.low) * (1 - row.share) + across(row.high) * row.share;
    })
  );
  return out;
}
