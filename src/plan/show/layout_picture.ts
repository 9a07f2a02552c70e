import type { Picture } from "../../picture/picture.ts";
import { gridRects, partition } from "../../region/partition.ts";
import { largestRects } from "../../region/visible.ts";
import { Canvas, type Colour, INK, PAPER } from "../../picture/canvas.ts";
import { LETTER, plainText, wrapText } from "../../picture/font.ts";
import { baseRatiosOf, layoutOf } from "../layout_of.ts";
import { type Plan, regionsOf } from "../plan.ts";

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
