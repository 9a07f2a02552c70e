/**
 * An edit drawn over its picture, for people: each operation's place with its number and words.
 *
 * @module
 */
import type { Picture } from "../picture/picture.ts";
import { Canvas } from "../picture/canvas.ts";
import { fitLines, LETTER, plainText, wrapText } from "../picture/font.ts";
import { describeOperation, type Operation } from "./operation.ts";

/**
 * The picture with each mask's area in a colour of its own. @param masks of the picture's size, one for each operation
 */
export function drawEdit(picture: Picture, operations: readonly Operation[], masks: readonly Picture[]): Picture {
  const { width, height } = picture;
  const canvas = new Canvas(width, height);
  canvas.paste(picture, 0, 0);
  const { data } = canvas;
  operations.forEach((operation, k) => {
    const colour = hue(k);
    const white = (i: number) => masks[k].data[i * 4] >= 128;
    let [left, top, right] = [width, height, 0];
    for (let i = 0; i < width * height; i++) {
      if (!white(i)) continue;
      const [x, y] = [i % width, Math.floor(i / width)];
      [left, top, right] = [Math.min(left, x), Math.min(top, y), Math.max(right, x)];
      const edge = x === 0 || y === 0 || x === width - 1 || y === height - 1 || !white(i - 1) || !white(i + 1) ||
        !white(i - width) || !white(i + width);
      for (let c = 0; c < 3; c++) {
        data[i * 4 + c] = edge ? colour[c] : Math.round(data[i * 4 + c] * 0.7 + colour[c] * 0.3);
      }
    }
    const columns = Math.floor((right - left - 4) / LETTER.width);
    if (columns < 1) return;
    const lines = wrapText(plainText(`${k + 1} ${describeOperation(operation)}`), columns);
    const rows = Math.max(1, Math.floor((height - top) / (LETTER.height + 2)));
    fitLines(lines, rows, columns).forEach((line, row) =>
      canvas.text(line, left + 3, top + 3 + row * (LETTER.height + 2), 1)
    );
  });
  return { width, height, data };
}

/** Colours around the wheel, by the golden angle so that neighbours differ. */
function hue(index: number): [number, number, number] {
  const wave = (shift: number) => Math.round(150 + 105 * Math.cos((index * 137.5 + shift) * Math.PI / 180));
  return [wave(0), wave(-120), wave(120)];
}
