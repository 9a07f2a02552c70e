import { brief } from "../brief.ts";
import { PlannerError } from "../errors.ts";

/**
 * Read a base ratio and give every cell its own. One number holds for all; a list in the shape of the split ratio
 * (`0.2,0.4;0.6`, no heights) gives each cell its value. The last value of a row repeats to the end of that row, the
 * last row repeats for the rows below; a list without `;` runs through all cells in reading order.
 *
 * @param cellsPerRow how many cells each row of the split ratio has
 * @returns one number of 0…1 per cell, in reading order
 * @throws PlannerError that names the value's position
 */
export function parseBaseRatio(text: string | number, cellsPerRow: readonly number[]): number[] {
  const rows = String(text).trim().replace(/[;.]$/, "").split(";").map((row, i) =>
    row.split(",").map((field, j) => parseShare(field.trim(), `value ${j + 1} of row ${i + 1}`, text))
  );
  const cells = cellsPerRow.reduce((sum, n) => sum + n, 0);
  if (rows.length === 1) return stretch(rows[0], cells, `Base ratio ${brief(text)}`, "values", "cells");
  const perRow = stretch(rows, cellsPerRow.length, `Base ratio ${brief(text)}`, "rows", "rows");
  return perRow.flatMap((row, i) =>
    stretch(row, cellsPerRow[i], `Base ratio ${brief(text)}, row ${i + 1},`, "values", "cells")
  );
}

function stretch<T>(list: T[], length: number, what: string, has: string, needs: string): T[] {
  if (list.length > length) {
    throw new PlannerError(`${what} has ${list.length} ${has}, but the split ratio has only ${length} ${needs} there.`);
  }
  return Array.from({ length }, (_, i) => list[Math.min(i, list.length - 1)]);
}

function parseShare(field: string, where: string, text: string | number): number {
  const value = /^(\d+\.?\d*|\.\d+)(e[+-]?\d+)?\s*%?$/i.test(field)
    ? parseFloat(field) / (field.endsWith("%") ? 100 : 1)
    : NaN;
  if (!(value >= 0 && value <= 1)) {
    throw new PlannerError(
      `Base ratio ${brief(text)}: ${where} must be a number from 0 to 1 but is ${
        field === "" ? "empty" : brief(field)
      }.`,
    );
  }
  return value;
}
