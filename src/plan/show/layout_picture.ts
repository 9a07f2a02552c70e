import type { Picture } from "../../picture/picture.ts";
import { gridRects, partition } from "../../region/partition.ts";
import { largestRects } from "../../region/visible.ts";
import type { Rect } from "../../region/layout.ts";
import { drawLetter, fitLines, LETTER, plainText, wrapText } from "./font.ts";
import { baseRatiosOf, layoutOf } from "../layout_of.ts";
import { type Plan, regionsOf } from "../plan.ts";

type Colour = readonly [number, number, number];
const INK: Colour = [24, 26, 32];
const PAPER: Colour = [250, 250, 247];
const MARGIN = 8;

/**
 * Draw a plan for people: each region in a colour of its own with its prompt, size and base ratio, below them the split
 * ratio, the base prompt and the negative prompt.
 *
 * @param width of the picture in pixels, 512 by default; @param aspect width over height of the picture that is planned
 */
export function drawPlan(plan: Plan, { width = 512, aspect = 1 }: { width?: number; aspect?: number } = {}): Picture {
  const planHeight = Math.round(width / aspect);
  const columns = Math.floor((width - 2 * MARGIN) / (2 * LETTER.width));
  const footer = footerLines(plan).flatMap((line) => wrapText(plainText(line), columns));
  const lineHeight = 2 * (LETTER.height + 2);
  const height = planHeight + footer.length * lineHeight + 2 * MARGIN;
  const canvas = new Canvas(width, height);
  canvas.fill({ x0: 0, y0: 0, x1: width, y1: height }, PAPER);
  const layout = layoutOf(plan);
  const ratios = baseRatiosOf(plan);
  const rects = gridRects(layout, width, planHeight) ?? [];
  const regions = regionsOf(plan);
  const over = layout.boxes.map(({ region }) => region);
  const paint = (i: number) => {
    const { x0, y0, x1, y1 } = rects[i];
    canvas.fill(rects[i], INK);
    canvas.fill({ x0: x0 + 1, y0: y0 + 1, x1: x1 - 1, y1: y1 - 1 }, i === layout.rest ? PAPER : tint(i, rects.length));
  };
  rects.forEach((_, i) => over.includes(i) || paint(i));
  over.forEach((i) => paint(i));
  const seen = largestRects(partition(layout, width, planHeight), width, planHeight, rects.length);
  seen.forEach((box, i) => {
    if (!box || i === layout.rest) return;
    const { rect } = layout.cells[i];
    const share = `${percent(rect.x1 - rect.x0)} × ${percent(rect.y1 - rect.y0)}`;
    const title = `${i + 1}  ${share}${plan.basePrompt ? `  base ${ratios[i]}` : ""}`;
    const { prompt, negativePrompt, mask, depth } = regions[i];
    const extra = [
      depth !== undefined && `depth: ${depth}`,
      negativePrompt && `not: ${negativePrompt}`,
      mask && `mask: ${mask}`,
    ].filter(Boolean).join("  ");
    canvas.textBox(box, [title, prompt, ...(extra ? [extra] : [])]);
  });
  footer.forEach((line, i) => canvas.text(line, MARGIN, planHeight + MARGIN + i * lineHeight, 2));
  return { width, height, data: canvas.data };
}

function footerLines(plan: Plan): string[] {
  const boxed = layoutOf(plan).rest !== undefined;
  return [
    `${boxed ? "boxes" : `split ratio ${plan.splitRatio}`}  (${[plan.planner, plan.mode].filter(Boolean).join(", ")})`,
    ...(plan.basePrompt ? [`base: ${plan.basePrompt}`] : boxed ? [`around the boxes: ${plan.prompt}`] : []),
    ...(plan.negativePrompt ? [`not: ${plan.negativePrompt}`] : []),
  ];
}

function percent(share: number): string {
  return `${Math.round(share * 100)}%`;
}

/** Pale colours around the wheel, by the golden angle so that neighbours differ. */
function tint(index: number, count: number): Colour {
  if (count === 1) return [222, 232, 245];
  const hue = index * 137.5;
  const wave = (shift: number) => Math.round(218 + 32 * Math.cos((hue + shift) * Math.PI / 180));
  return [wave(0), wave(-120), wave(120)];
}

class Canvas {
  readonly data: Uint8Array;
  constructor(readonly width: number, readonly height: number) {
    this.data = new Uint8Array(width * height * 4).fill(255);
  }

  fill({ x0, y0, x1, y1 }: Rect, colour: Colour): void {
    for (let y = Math.max(0, y0); y < Math.min(this.height, y1); y++) {
      for (let x = Math.max(0, x0); x < Math.min(this.width, x1); x++) this.data.set(colour, (y * this.width + x) * 4);
    }
  }

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
  textBox(box: Rect, paragraphs: string[]): void {
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
}
