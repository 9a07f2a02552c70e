import assert from "@std/assert";
import { PlannerError } from "../../src/errors.ts";
import { makeLayout } from "../../src/region/layout.ts";
import { fitToGrid, type GridNode } from "../../src/region/partition.ts";
import { cutOf, formatSplitRatio, parseSplitRatio } from "../../src/region/split_ratio.ts";

/** The outer borders of a ratio on a square grid, and those within each of its rows. */
function borders(ratio: string, n: number): { outer: number[]; inner: number[][] } {
  const root = fitToGrid(makeLayout(cutOf(parseSplitRatio(ratio))), n, n) as GridNode;
  return { outer: root.borders, inner: root.parts.map((part) => part.borders) };
}

function message(ratio: string, prompts?: number): string {
  try {
    parseSplitRatio(ratio, prompts);
  } catch (error) {
    if (error instanceof PlannerError) return error.message;
    throw error;
  }
  throw new Error(`"${ratio}" was read`);
}

Deno.test("split ratio: columns, rows with heights, and the borders they give", () => {
  assert.deepEqual(borders("0.5,0.5", 64).outer, [0, 32, 64]);
  assert.deepEqual(borders("1;1;1", 32).outer, [0, 10, 21, 32]);
  assert.deepEqual(borders("1,2,1,1;2,4,6", 64), { outer: [0, 21, 64], inner: [[0, 32, 48, 64], [0, 25, 64]] });
  assert.deepEqual(borders("0.3;0.7,0.5,0.5", 64), { outer: [0, 19, 64], inner: [[], [0, 32, 64]] });
  assert.deepEqual(borders("1,1,1,1,1,1", 64).outer, [0, 10, 21, 32, 42, 53, 64]);
  assert.deepEqual(borders("0.1,0.3", 64).outer, [0, 16, 64]);
  assert.deepEqual(borders("1,1,1,1,1,1,1,1,1,1", 10).outer, [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
});

Deno.test("split ratio: spaces, percentages, one trailing semicolon or full stop, numbers that overflow a sum", () => {
  for (const same of ["1,1", " 1 , 1 ", "50%,50%", "0.5, 0.5;", "0.5,0.5.", "1e308,1e308", "50 %,.5"]) {
    assert.deepEqual(borders(same, 8).outer, [0, 4, 8], same);
  }
});

Deno.test("split ratio: a field that is no positive number is named by its place", () => {
  assert.match(message("1,,2"), /field 2 of row 1 is empty/);
  assert.match(message(""), /field 1 of row 1 is empty/);
  assert.match(message("1;;1"), /field 1 of row 2 is empty/);
  assert.match(message("1;1,0"), /field 2 of row 2 must be greater than 0 but is 0/);
  assert.match(message("1,-2"), /field 2 of row 1 must be greater than 0 but is -2/);
  assert.match(message("1,1e999"), /field 2 of row 1 is too large/);
  for (const odd of ["Infinity", "NaN", "a", "1/3", "0x10", "1 2"]) {
    assert.match(message(`1,${odd}`), /is not a number/);
  }
});

Deno.test("split ratio: prompts and cells must agree, and 1,1;1,1 is two rows", () => {
  assert.match(message("1,1", 3), /has 2 cells but there are 3 region prompts/);
  assert.match(message("1,1;1,1", 4), /has 2 cells but there are 4 region prompts.*"1,1,1;1,1,1"/);
  assert.deepEqual(borders("1,1;1,1", 8), { outer: [0, 4, 8], inner: [[], []] });
  assert.deepEqual(parseSplitRatio("1", 1), { rows: [{ height: 1, widths: [1] }], warnings: [] });
});

Deno.test("split ratio: a single row written with its height loses it, with a warning", () => {
  const { rows, warnings } = parseSplitRatio("1,0.5,0.5", 2);
  assert.deepEqual(rows, [{ height: 1, widths: [0.5, 0.5] }]);
  assert.match(warnings.join(), /the first was taken as the height of the only row and dropped/);
  assert.equal(formatSplitRatio(rows), "0.5,0.5");
  assert.deepEqual(parseSplitRatio("1,0.33,0.33,0.33", 3).rows[0].widths, [0.33, 0.33, 0.33]);
  assert.match(message("1,1,1", 2), /3 cells but there are 2 region prompts.*leave it out/);
  assert.match(message("1,1", 1), /2 cells but there is 1 region prompt;/);
});
