/**
 * Pictures of coloured characters, for terminals that can show nothing better.
 *
 * @module
 */
import type { Picture } from "./picture.ts";

/**
 * Lines of upper half blocks, each two pixels: above in its own colour, below in the background's. An odd last row has
 * nothing below.
 *
 * @param trueColour 24 bits; otherwise the nearest of the 6 × 6 × 6 colours that every terminal has
 */
export function halfBlocks({ width, height, data }: Picture, trueColour: boolean): string[] {
  const colour = (kind: 38 | 48, x: number, y: number) => {
    const [r, g, b] = data.subarray((y * width + x) * 4);
    return trueColour
      ? `\x1b[${kind};2;${r};${g};${b}m`
      : `\x1b[${kind};5;${16 + 36 * level(r) + 6 * level(g) + level(b)}m`;
  };
  return Array.from({ length: Math.ceil(height / 2) }, (_, row) => {
    let line = "";
    for (let x = 0; x < width; x++) {
      const below = 2 * row + 1 < height ? colour(48, x, 2 * row + 1) : "\x1b[49m";
      line += `${colour(38, x, 2 * row)}${below}▀`;
    }
    return `${line}\x1b[0m`;
  });
}

/** The nearest of a terminal's six levels: 0, 95, 135, 175, 215, 255. */
function level(value: number): number {
  return value < 48 ? 0 : value < 115 ? 1 : Math.min(5, Math.floor((value - 35) / 40));
}
