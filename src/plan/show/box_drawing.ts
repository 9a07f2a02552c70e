import { gridBoxes } from "../../region/partition.ts";
import { fitLines, wrapText } from "./font.ts";
import { baseRatiosOf, layoutOf, type Plan, regionsOf } from "../plan.ts";

/** Box-drawing characters by the arms they have: up 1, right 2, down 4, left 8. */
const JOINTS = " ╵╶└╷│┌├╴┘─┴┐┤┬┼";

/**
 * A plan as lines of text for a terminal: the cells as boxes with their prompts, below them the ratios and the base prompt.
 *
 * @param columns letters a line, 72 by default; a letter is taken to be twice as high as wide
 * @param aspect width over height of the picture that is planned
 */
export function boxDrawing(
  plan: Plan,
  { columns = 72, aspect = 1 }: { columns?: number; aspect?: number } = {},
): string {
  const layout = layoutOf(plan);
  const wide = columns - 1;
  const high = Math.max(8, Math.round(wide / aspect / 3));
  const boxes = gridBoxes(layout, wide, high) ?? [];
  const arms = Array.from({ length: high + 1 }, () => new Uint8Array(columns));
  const letters = Array.from({ length: high + 1 }, () => new Array<string>(columns).fill(""));
  const regions = regionsOf(plan);
  const ratios = baseRatiosOf(plan);
  boxes.forEach(({ x0, y0, x1, y1 }, i) => {
    for (let x = x0; x <= x1; x++) {
      for (const y of [y0, y1]) arms[y][x] |= (x > x0 ? 8 : 0) | (x < x1 ? 2 : 0);
    }
    for (let y = y0; y <= y1; y++) {
      for (const x of [x0, x1]) arms[y][x] |= (y > y0 ? 1 : 0) | (y < y1 ? 4 : 0);
    }
    const width = x1 - x0 - 3;
    if (width < 1) return;
    const base = plan.basePrompt ? ` (base ${ratios[i]})` : "";
    const lines = wrapText(`${i + 1} ${regions[i].prompt}${base}`, width);
    fitLines(lines, y1 - y0 - 1, width).forEach((line, row) =>
      [...line].forEach((letter, at) => letters[y0 + 1 + row][x0 + 2 + at] = letter)
    );
  });
  const drawn = arms.map((row, y) => Array.from(row, (arm, x) => letters[y][x] || JOINTS[arm]).join("").trimEnd());
  return [
    ...drawn,
    `split ratio ${plan.splitRatio}, planned by ${plan.planner}`,
    ...(plan.basePrompt ? wrapText(`base prompt: ${plan.basePrompt}`, columns) : []),
  ].join("\n");
}
