import assert from "@std/assert";
import { PlannerError } from "../../src/errors.ts";
import { parseBaseRatio } from "../../src/region/base_ratio.ts";
import { hasRegionKeywords, parseRegionTexts } from "../../src/region/keywords.ts";

const fails = (call: () => unknown, expected: RegExp) =>
  assert.throws(call, (error: unknown) => error instanceof PlannerError && expected.test(error.message));

Deno.test("keywords: BREAK parts regions only as a word of its own", () => {
  assert.deepEqual(parseRegionTexts("a BREAK b, BREAK\nc").prompts, ["a", "b", "c"]);
  assert.deepEqual(parseRegionTexts("BREAKFAST on a table BREAK a heartbreak break").prompts, [
    "BREAKFAST on a table",
    "a heartbreak break",
  ]);
  assert(hasRegionKeywords("a BREAK b") && !hasRegionKeywords("a cat AND a dog, BREAKFAST, BREAK-DANCE"));
});

Deno.test("keywords: base and common prompts stand before ADDBASE and ADDCOMM", () => {
  assert.deepEqual(parseRegionTexts("two pets ADDBASE oil painting ADDCOMM a cat BREAK a dog"), {
    prompts: ["oil painting, a cat", "oil painting, a dog"],
    base: "two pets",
  });
});

Deno.test("keywords: ADDCOL and ADDROW give the structure, AND latent mode", () => {
  assert.deepEqual(parseRegionTexts("sky ADDROW tree ADDCOL house ADDROW grass"), {
    prompts: ["sky", "tree", "house", "grass"],
    cellsPerRow: [1, 2, 1],
  });
  assert.deepEqual(parseRegionTexts("a AND b"), { prompts: ["a", "b"], mode: "latent" });
});

Deno.test("keywords: what does not go together is an error that says so", () => {
  fails(() => parseRegionTexts("a BREAK BREAK b"), /Region 2 of 3 has no prompt/);
  fails(() => parseRegionTexts("a ADDCOL b BREAK c"), /parted by BREAK and ADDCOL/);
  fails(() => parseRegionTexts("x ADDBASE y ADDBASE a"), /ADDBASE stands 2 times/);
  fails(() => parseRegionTexts("a BREAK b ADDBASE c"), /ADDBASE stands behind a region/);
  fails(() => parseRegionTexts("ADDBASE a"), /Nothing stands before ADDBASE/);
});

Deno.test("base ratio: one number, or a list in the shape of the split ratio whose last value repeats", () => {
  assert.deepEqual(parseBaseRatio(0.3, [2, 1]), [0.3, 0.3, 0.3]);
  assert.deepEqual(parseBaseRatio("0.2,0.4;0.6", [2, 1]), [0.2, 0.4, 0.6]);
  assert.deepEqual(parseBaseRatio("0.2;0.6", [3, 2, 1]), [0.2, 0.2, 0.2, 0.6, 0.6, 0.6]);
  assert.deepEqual(parseBaseRatio("0.2,40%", [2, 2]), [0.2, 0.4, 0.4, 0.4]);
  fails(() => parseBaseRatio("0.2,1.5", [2]), /value 2 of row 1 must be a number from 0 to 1 but is "1.5"/);
  fails(() => parseBaseRatio("0.2,", [2]), /value 2 of row 1 .* is empty/);
  fails(() => parseBaseRatio("0,0,0", [2]), /has 3 values, but the split ratio has only 2 cells/);
  fails(() => parseBaseRatio("0;0;0", [2, 1]), /has 3 rows/);
});
