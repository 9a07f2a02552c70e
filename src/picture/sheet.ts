/**
 * Many pictures on one page, with labels: contact sheets and XY grids.
 *
 * @module
 */
import { COUNT_OF } from "../limits.ts";
import { Canvas, type Colour, INK, PAPER } from "./canvas.ts";
import { fitLines, LETTER, plainText, wrapText } from "./font.ts";
import { opaque, type Picture } from "./picture.ts";
import { resized } from "./resize.ts";

/** What stands where. */
export interface Sheet {
  /** Above all of it. */
  title?: string;
  /** Pictures side by side. */
  columns: number;
  /** Above each column. */
  across?: readonly string[];
  /** At the left of each row. */
  down?: readonly string[];
  cells: readonly Cell[];
}

/** One place of a sheet. */
export interface Cell {
  width: number;
  height: number;
  /** Below the picture. */
  caption?: string;
  /** Unpacks the picture; absent where it could not be made. */
  picture?: () => Promise<Picture>;
}

/** Longest side of a sheet: what JPEG and WebP can hold, too. */
const LONGEST = 16383;
const EMPTY: Colour = [226, 226, 222];
/** Most lines of a label. */
const LINES = 3;

/**
 * Draws a sheet. Cells are as large as the largest picture; where the sheet would be larger than 8192 × 8192 pixels,
 * all pictures are made smaller by the same factor.
 */
export async function drawSheet(sheet: Sheet): Promise<Picture> {
  const { cells, across, down } = sheet;
  let shrink = 1, page = layout(sheet, shrink);
  while (page.width * page.height > COUNT_OF.pixels || Math.max(page.width, page.height) > LONGEST) {
    page = layout(sheet, shrink *= 0.9);
  }
  const { width, height, cell, scale, place } = page;
  const canvas = new Canvas(width, height);
  canvas.fill({ x0: 0, y0: 0, x1: width, y1: height }, PAPER);
  const write = (lines: readonly string[], x: number, y: number) =>
    lines.forEach((line, i) => canvas.text(line, x, y + i * (LETTER.height + 2) * scale, scale));
  write(page.title, page.gap, page.gap);
  page.across.forEach((lines, i) => write(lines, place(i).x, page.top));
  page.down.forEach((lines, i) => write(lines, page.gap, place(i * sheet.columns).y));
  for (const [i, { width, height, picture }] of cells.entries()) {
    const { x, y } = place(i);
    write(page.captions[i] ?? [], x, y + cell.height + page.gap / 2);
    if (!picture) {
      canvas.fill({ x0: x, y0: y, x1: x + cell.width, y1: y + cell.height }, EMPTY);
      write(["failed"], x + page.gap, y + page.gap);
      continue;
    }
    const [w, h] = [width, height].map((side) => Math.max(1, Math.round(side * shrink)));
    const whole = opaque(await picture());
    const shown = shrink < 1 ? resized(whole, w, h) : whole;
    canvas.paste(shown, x + Math.floor((cell.width - w) / 2), y + Math.floor((cell.height - h) / 2));
  }
  if (across || down) rules(canvas, page, place(0));
  return { width, height, data: canvas.data };
}

/** Lines between labels and pictures. */
function rules(
  canvas: Canvas,
  { width, height, gap, top }: { width: number; height: number; gap: number; top: number },
  first: Place,
): void {
  canvas.fill({ x0: gap, y0: first.y - gap / 2 - 1, x1: width - gap, y1: first.y - gap / 2 }, INK);
  if (first.x > gap) canvas.fill({ x0: first.x - gap / 2 - 1, y0: top, x1: first.x - gap / 2, y1: height - gap }, INK);
}

interface Place {
  x: number;
  y: number;
}

/** Sizes and places, with pictures `shrink` times their size. */
function layout({ title = "", columns, across = [], down = [], cells }: Sheet, shrink: number) {
  const cell = {
    width: Math.max(1, Math.round(Math.max(...cells.map(({ width }) => width)) * shrink)),
    height: Math.max(1, Math.round(Math.max(...cells.map(({ height }) => height)) * shrink)),
  };
  const scale = cell.width < 120 ? 1 : Math.max(2, Math.round(cell.width / 200));
  const gap = 8 * Math.ceil(scale / 2);
  const letters = (pixels: number) => Math.max(1, Math.floor(pixels / (LETTER.width * scale)));
  const lines = (text: string, most: number, width: number) =>
    fitLines(wrapText(plainText(text), letters(width)), most, letters(width)).filter(Boolean);
  const heightOf = (labels: readonly string[][]) =>
    Math.max(0, ...labels.map((label) => label.length)) * (LETTER.height + 2) * scale;

  const longest = Math.max(0, ...down.map((label) => Math.max(...label.split(" ").map(({ length }) => length))));
  const side = down.length ? Math.min(cell.width, (longest + 1) * LETTER.width * scale) : 0;
  const left = gap + (side ? side + gap : 0);
  const rowCount = Math.ceil(cells.length / columns);
  const width = left + columns * (cell.width + gap);
  const named = {
    title: lines(title, 4, width - 2 * gap),
    across: across.map((label) => lines(label, LINES, cell.width)),
    down: down.map((label) => lines(label, 8, side)),
    captions: cells.map(({ caption = "" }) => lines(caption, LINES, cell.width)),
  };
  const top = gap + (named.title.length ? heightOf([named.title]) + gap : 0);
  const first = top + (across.length ? heightOf(named.across) + gap : 0);
  const below = heightOf(named.captions);
  const pitch = cell.height + gap + (below ? below + gap / 2 : 0);
  return {
    ...named,
    cell,
    scale,
    gap,
    top,
    width,
    height: first + rowCount * pitch,
    place: (i: number): Place => ({
      x: left + (i % columns) * (cell.width + gap),
      y: first + Math.floor(i / columns) * pitch,
    }),
  };
}
