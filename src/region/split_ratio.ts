import { brief } from "../brief.ts";
import { PlannerError } from "../errors.ts";
import type { Cut } from "./layout.ts";

/** A split ratio as written: rows of relative height, each with the relative widths of its cells. */
export interface SplitRatio {
  rows: { height: number; widths: number[] }[];
  warnings: string[];
}

/**
 * Read a split ratio. Without `;` it is one row of column widths (`1,2,1`); with `;` there is one row each, whose first
 * number is its height and whose others are its widths (`1,2,1,1;2,4,6`); a row of one number is one full-width cell.
 *
 * @param prompts how many region prompts must find a cell, where that is known
 * @throws PlannerError that names the field, or both counts where prompts and cells disagree
 */
export function parseSplitRatio(text: string, prompts?: number): SplitRatio {
  const rows = text.trim().replace(/[;.]$/, "").split(";").map((row, i) =>
    row.split(",").map((field, j) => parseField(field, `field ${j + 1} of row ${i + 1}`, text))
  );
  if (rows.length === 1) {
    const fields = rows[0];
    // "1,0.5,0.5": shares of the first number. "1,1,1" for two prompts may as well be a column too many, so it is
    // refused.
    const [first, ...others] = fields;
    const hasHeight = fields.length > 2 && fields.length - 1 === prompts &&
      Math.abs(others.reduce((sum, width) => sum + width, 0) / first - 1) < 0.011;
    const ratio: SplitRatio = {
      rows: [{ height: 1, widths: hasHeight ? others : fields }],
      warnings: hasHeight
        ? [
          `Split ratio ${brief(text)} has ${fields.length} numbers for ${prompts} prompts: ` +
          `the first was taken as the height of the only row and dropped.`,
        ]
        : [],
    };
    checkCount(ratio, text, prompts, rows);
    return ratio;
  }
  const ratio: SplitRatio = {
    rows: rows.map(([height, ...widths]) => ({ height, widths: widths.length ? widths : [1] })),
    warnings: [],
  };
  checkCount(ratio, text, prompts, rows);
  return ratio;
}

/** How many cells the ratio has. */
export function cellCount(ratio: SplitRatio): number {
  return ratio.rows.reduce((sum, row) => sum + row.widths.length, 0);
}

/**
 * The ratio as a tree of cuts; `parts`, in reading order, may split cells again and are plain regions where left out.
 */
export function cutOf(ratio: SplitRatio, parts: readonly Cut[] = []): Cut {
  let next = 0;
  const rows = ratio.rows.map(({ widths }): Cut => {
    const cells = widths.map((): Cut => parts[next++] ?? "region");
    return cells.length === 1 ? cells[0] : { axis: "x", sizes: widths, parts: cells };
  });
  return rows.length === 1 ? rows[0] : { axis: "y", sizes: ratio.rows.map((row) => row.height), parts: rows };
}

/** Write a ratio the way `parseSplitRatio` reads it. */
export function formatSplitRatio(rows: SplitRatio["rows"]): string {
  const brief = (n: number) => String(Number(n.toFixed(6)) || n);
  if (rows.length === 1) return rows[0].widths.map(brief).join(",");
  return rows.map(({ height, widths }) => [height, ...(widths.length > 1 ? widths : [])].map(brief).join(",")).join(
    ";",
  );
}

function parseField(field: string, where: string, text: string): number {
  const written = field.trim();
  const wrong = (what: string) =>
    new PlannerError(
      `Split ratio ${
        brief(text)
      }: ${where} ${what}. Write positive numbers, commas between columns, semicolons between rows.`,
    );
  if (written === "") throw wrong("is empty");
  if (!/^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?\s*%?$/i.test(written)) throw wrong(`is not a number: ${brief(written)}`);
  const value = written.endsWith("%") ? parseFloat(written) / 100 : parseFloat(written);
  if (!Number.isFinite(value)) throw wrong(`is too large: ${brief(written)}`);
  if (value <= 0) throw wrong(`must be greater than 0 but is ${written}`);
  return value;
}

function checkCount(ratio: SplitRatio, text: string, prompts: number | undefined, fields: number[][]): void {
  const cells = cellCount(ratio);
  if (prompts === undefined || prompts === cells) return;
  const widthsOnly = fields.flat().length === prompts && fields.length > 1;
  const hint = widthsOnly
    ? ` The first number of a row is its height: with ${prompts} cells that is ` +
      `${brief(fields.map((row) => [1, ...row].join(",")).join(";"))}.`
    : fields.length === 1 && fields[0].length === prompts + 1
    ? " If the first number is the height of the only row, leave it out."
    : "";
  throw new PlannerError(
    `Split ratio ${brief(text)} has ${count(cells, "cell")} but there ${prompts === 1 ? "is" : "are"} ` +
      `${count(prompts, "region prompt")}; both must be equal.${hint}`,
  );
}

function count(n: number, noun: string): string {
  return `${n} ${noun}${n === 1 ? "" : "s"}`;
}
