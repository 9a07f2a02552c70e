import type { Rect } from "../../region/layout.ts";
import { gridBoxes } from "../../region/partition.ts";
import { fitLines, wrapText } from "./font.ts";
import { baseRatiosOf, layoutOf, type Plan, regionsOf } from "../plan.ts";

/** Box-drawing characters by the arms they have: up 1, right 2, down 4, left 8. */
const JOINTS = " ╵╶└╷│┌├╴┘─┴┐┤┬┼";

/** Lines that the boxes take, so that with what stands below it is a dozen; a plan of many rows takes what they need. */
const LINES = 10;

/**
 * A plan as lines of text for a terminal: the cells as boxes with their prompts, below them the ratios and the base prompt.
 *
 * @param columns letters a line, 72 by default
 */
export function boxDrawing(plan: Plan, { columns = 72 }: { columns?: number } = {}): string {
  const ratios = baseRatiosOf(plan);
  const texts = regionsOf(plan).map(({ prompt }, i) =>
    `${i + 1} ${prompt}${plan.basePrompt ? ` (base ${ratios[i]})` : ""}`
  );
  const boxes = placeBoxes(plan, columns - 1, texts);
  const high = Math.max(1, ...boxes.map(({ y1 }) => y1));
  const arms = Array.from({ length: high + 1 }, () => new Uint8Array(columns));
  const letters = Array.from({ length: high + 1 }, () => new Array<string>(columns).fill(""));
  boxes.forEach(({ x0, y0, x1, y1 }, i) => {
    for (let x = x0; x <= x1; x++) {
      for (const y of [y0, y1]) arms[y][x] |= (x > x0 ? 8 : 0) | (x < x1 ? 2 : 0);
    }
    for (let y = y0; y <= y1; y++) {
      for (const x of [x0, x1]) arms[y][x] |= (y > y0 ? 1 : 0) | (y < y1 ? 4 : 0);
    }
    const width = x1 - x0 - 3;
    if (width < 1) return;
    fitLines(wrapText(texts[i], width), y1 - y0 - 1, width).forEach((line, row) =>
      [...line].forEach((letter, at) => letters[y0 + 1 + row][x0 + 2 + at] = letter)
    );
  });
  const drawn = arms.map((row, y) => Array.from(row, (arm, x) => letters[y][x] || JOINTS[arm]).join("").trimEnd());
  return [
    ...drawn,
    `split ratio ${plan.splitRatio}, planned by ${plan.planner}`,
    ...(plan.basePrompt ? fitLines(wrapText(`base prompt: ${plan.basePrompt}`, columns), 1, columns) : []),
  ].join("\n");
}

/** The cells in as few lines as their texts take, or in as many as there are; in more only where each needs one. */
function placeBoxes(plan: Plan, wide: number, texts: string[]): Rect[] {
  const layout = layoutOf(plan);
  const shown = (high: number, room: (box: Rect, lines: number) => boolean) => {
    const boxes = gridBoxes(layout, wide, high);
    const fits = boxes?.every((box, i) => room(box, wrapText(texts[i], Math.max(1, box.x1 - box.x0 - 3)).length));
    return fits ? boxes : undefined;
  };
  const inside = ({ y0, y1 }: Rect) => y1 - y0 - 1;
  for (let high = 2; high < LINES; high++) {
    const boxes = shown(high, (box, lines) => inside(box) >= lines);
    if (boxes) return boxes;
  }
  for (let high = LINES - 1; high < 100; high++) {
    const boxes = shown(high, (box) => inside(box) >= 1);
    if (boxes) return boxes;
  }
  return gridBoxes(layout, wide, 100) ?? [];
}
