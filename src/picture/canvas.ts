/**
 * Plain drawings for people: rectangles, text, pictures on a page.
 *
 * @module
 */
import { drawLetter, fitLines, LETTER, plainText, wrapText } from "./font.ts";
import { pasted, type Picture } from "./picture.ts";

/** Red, green and blue, 0 to 255. */
export type Colour = readonly [number, number, number];
/** What text is written in. */
export const INK: Colour = [24, 26, 32];
/** What it is written on. */
export const PAPER: Colour = [250, 250, 247];

/** Left, top, right and bottom in pixels. */
interface Area {
  x0: number;
  y0: number;
  x1: number;
  y1: number;
}

/** Pixels to fill and write on. */
export class Canvas {
  readonly data: Uint8Array;
  constructor(readonly width: number, readonly height: number) {
    this.data = new Uint8Array(width * height * 4).fill(255);
  }

  /** Fills what of a rectangle lies on the canvas. */
  fill({ x0, y0, x1, y1 }: Area, colour: Colour): void {
    for (let y = Math.max(0, y0); y < Math.min(this.height, y1); y++) {
      for (let x = Math.max(0, x0); x < Math.min(this.width, x1); x++) this.data.set(colour, (y * this.width + x) * 4);
    }
  }

  /** One line of text; each pixel of the font is `scale` wide. */
  text(line: string, x: number, y: number, scale: number): void {
    [...line].forEach((letter, i) =>
      drawLetter(letter, (dx, dy) => {
        const left = x + (i * LETTER.width + dx) * scale;
        const top = y + dy * scale;
        this.fill({ x0: left, y0: top, x1: left + scale, y1: top + scale }, INK);
      })
    );
  }

  /** Paragraphs inside a box, at double size where they fit and else at single size, cut short with dots. */
  textBox(box: Area, paragraphs: string[]): void {
    for (const scale of [2, 1]) {
      const margin = 4 * scale;
      const columns = Math.floor((box.x1 - box.x0 - 2 * margin) / (LETTER.width * scale));
      const rows = Math.floor((box.y1 - box.y0 - 2 * margin) / ((LETTER.height + 2) * scale));
      if (columns < 1) continue;
      const lines = paragraphs.flatMap((text) => wrapText(plainText(text), columns));
      const longestWord = Math.max(...paragraphs.join(" ").split(" ").map((word) => word.length));
      if ((lines.length > rows || longestWord > columns) && scale > 1) continue;
      fitLines(lines, rows, columns).forEach((line, i) =>
        this.text(line, box.x0 + margin, box.y0 + margin + i * (LETTER.height + 2) * scale, scale)
      );
      return;
    }
  }

  /** Puts a picture on the canvas, with what of it has room. */
  paste(picture: Picture, x: number, y: number): void {
    pasted(this, picture, x, y);
  }
}
