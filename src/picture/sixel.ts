/**
 * Pictures as DEC's sixels: strips of six rows, each colour's bits run after run.
 *
 * @module
 */
import type { Picture } from "./picture.ts";

/** Levels of each channel: 216 colours, below the 256 registers that terminals have. */
const LEVELS = 6;
/** Thresholds of ordered dithering (Bayer 1973), so that slopes show no steps. */
const BAYER = [0, 8, 2, 10, 12, 4, 14, 6, 3, 11, 1, 9, 15, 7, 13, 5].map((v) => (v + 0.5) / 16);

/** The control sequence that shows a picture where the cursor is. */
export function sixels({ width, height, data }: Picture): string {
  const indices = new Uint8Array(width * height);
  for (let i = 0; i < indices.length; i++) {
    const threshold = BAYER[(Math.floor(i / width) % 4) * 4 + (i % width) % 4];
    const channel = (c: number) => Math.min(LEVELS - 1, Math.floor(data[i * 4 + c] / 255 * (LEVELS - 1) + threshold));
    indices[i] = (channel(0) * LEVELS + channel(1)) * LEVELS + channel(2);
  }
  const percent = (level: number) => Math.round(level / (LEVELS - 1) * 100);
  const palette = [...new Set(indices)].map((i) => {
    const [r, g, b] = [Math.floor(i / LEVELS / LEVELS), Math.floor(i / LEVELS) % LEVELS, i % LEVELS].map(percent);
    return `#${i};2;${r};${g};${b}`;
  });
  const strips: string[] = [];
  for (let top = 0; top < height; top += 6) strips.push(strip(indices, width, top, Math.min(6, height - top)));
  return `\x1bPq"1;1;${width};${height}${palette.join("")}${strips.join("-")}\x1b\\`;
}

/** Six rows: for each colour in them a line over the whole width; "$" goes back to its start. */
function strip(indices: Uint8Array, width: number, top: number, rows: number): string {
  const lines = new Map<number, Uint8Array>();
  for (let row = 0; row < rows; row++) {
    for (let x = 0; x < width; x++) {
      const colour = indices[(top + row) * width + x];
      let bits = lines.get(colour);
      if (!bits) lines.set(colour, bits = new Uint8Array(width));
      bits[x] |= 1 << row;
    }
  }
  return [...lines].map(([colour, bits]) => `#${colour}${runs(bits)}`).join("$");
}

function runs(bits: Uint8Array): string {
  let text = "";
  for (let x = 0, length; x < bits.length; x += length) {
    for (length = 1; x + length < bits.length && bits[x + length] === bits[x];) length++;
    const character = String.fromCharCode(63 + bits[x]);
    text += length > 3 ? `!${length}${character}` : character.repeat(length);
  }
  return text;
}
