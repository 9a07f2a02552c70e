import type { Layout, Rect } from "../../region/layout.ts";
import { gridRects, partition } from "../../region/partition.ts";
import { largestRects } from "../../region/visible.ts";
import { fitLines, wrapText } from "../../picture/font.ts";
import { baseRatiosOf, layoutOf } from "../layout_of.ts";
import { type Plan, regionsOf, restOf } from "../plan.ts";

/** Box-drawing characters by the arms they have: up 1, right 2, down 4, left 8. */
const JOINTS = " ╵╶└╷│┌├╴┘─┴┐┤┬┼";

/**
 * Lines that the boxes take, so that with what stands below it is a dozen; a plan of many rows takes what they need.
 */
const LINES = 10;

/**
 * A plan as lines of text for a terminal: the cells as boxes with their prompts, below them the ratios and the base
 * prompt.
 *
 * @param columns letters a line, 72 by default
 */
export function boxDrawing(plan: Plan, { columns = 72 }: { columns?: number } = {}): string {
  const ratios = baseRatiosOf(plan);
  const layout = layoutOf(plan);
  const texts = regionsOf(plan).map(({ prompt }, i) =>
    `${i + 1} ${prompt}${plan.basePrompt ? ` (base ${ratios[i]})` : ""}`
  );
  const around = plan.basePrompt ? "base prompt" : layout.rest === undefined ? undefined : "around the boxes";
  const { rects, seen } = place(layout, columns - 1, texts);
  const high = Math.max(1, ...rects.map(({ y1 }) => y1));
  const arms = Array.from({ length: high + 1 }, () => new Uint8Array(columns));
  const letters = Array.from({ length: high + 1 }, () => new Array<string>(columns).fill(""));
  const over = layout.boxes.map(({ region }) => region);
  const draw = ({ x0, y0, x1, y1 }: Rect) => {
    const within = (x: number, y: number) => (x > x0 ? 8 : 0) | (x < x1 ? 2 : 0) | (y > y0 ? 1 : 0) | (y < y1 ? 4 : 0);
    for (let x = x0; x <= x1; x++) for (let y = y0; y <= y1; y++) arms[y][x] &= ~within(x, y); // what lies behind
    for (let x = x0; x <= x1; x++) for (const y of [y0, y1]) arms[y][x] |= within(x, y) & (8 | 2);
    for (let y = y0; y <= y1; y++) for (const x of [x0, x1]) arms[y][x] |= within(x, y) & (1 | 4);
  };
  rects.forEach((rect, region) => over.includes(region) || draw(rect));
  for (const region of over) draw(rects[region]);
  seen.forEach((rect, i) => {
    const width = rect ? rect.x1 - rect.x0 - 3 : 0;
    if (!rect || width < 1 || i === layout.rest) return;
    fitLines(wrapText(texts[i], width), rect.y1 - rect.y0 - 1, width).forEach((line, row) =>
      [...line].forEach((letter, at) => letters[rect.y0 + 1 + row][rect.x0 + 2 + at] = letter)
    );
  });
  const drawn = arms.map((row, y) => Array.from(row, (arm, x) => letters[y][x] || JOINTS[arm]).join("").trimEnd());
  return [
    ...drawn,
    `${layout.rest === undefined ? `split ratio ${plan.splitRatio}` : "boxes"}, planned by ${plan.planner}`,
    ...(around ? fitLines(wrapText(`${around}: ${restOf(plan).prompt}`, columns), 1, columns) : []),
  ].join("\n");
}

/** Regions on a grid of letters: all of each, and the largest part of it that nothing lies over. */
interface Placed {
  rects: Rect[];
  seen: (Rect | undefined)[];
}

/** The regions in as few lines as their texts take, or in as many as there are; in more only where each needs one. */
function place(layout: Layout, wide: number, texts: string[]): Placed {
  const placed = (high: number): Placed | undefined => {
    const rects = gridRects(layout, wide, high);
    return rects && { rects, seen: largestRects(partition(layout, wide, high), wide, high, rects.length) };
  };
  const shown = (high: number, room: (rect: Rect, lines: number) => boolean) => {
    const at = placed(high);
    const fits = at?.seen.every((rect, i) =>
      i === layout.rest || rect && room(rect, wrapText(texts[i], Math.max(1, rect.x1 - rect.x0 - 3)).length)
    );
    return fits ? at : undefined;
  };
  const inside = ({ y0, y1 }: Rect) => y1 - y0 - 1;
  // Where boxes end is to be seen, so they take all lines there are.
  for (let high = layout.boxes.length ? LINES - 1 : 2; high < LINES; high++) {
    const at = shown(high, (rect, lines) => inside(rect) >= lines);
    if (at) return at;
  }
  for (let high = LINES - 1; high < 100; high++) {
    const at = shown(high, (rect) => inside(rect) >= 1);
    if (at) return at;
  }
  return placed(100) ?? { rects: [], seen: [] };
}
