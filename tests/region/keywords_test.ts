import assert from "@std/assert";
import { PlannerError } from "../../src/errors.ts";
import { parseBaseRatio } from "../../src/region/base_ratio.ts";
import { hasRegionKeywords, negativesOfRegions, parseRegionTexts } from "../../src/region/keywords.ts";

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
  const cells = { prompts: ["sky", "tree", "house", "grass"], cellsPerRow: [1, 2, 1] };
  assert.deepEqual(parseRegionTexts("sky ADDROW tree ADDCOL house ADDROW grass"), cells);
  assert.deepEqual(parseRegionTexts("sky ADD ROW tree ADD COL house\nADD ROW\ngrass"), cells);
  assert.deepEqual(parseRegionTexts("sky ADDROW tree ADDCOL house ADDROW grass", true).cellsPerRow, [2, 2]);
  assert.deepEqual(parseRegionTexts("a AND b"), { prompts: ["a", "b"], mode: "latent" });
});

Deno.test("keywords: common and base in either order; BREAK beside ADDCOL begins a chunk within its region", () => {
  assert.deepEqual(parseRegionTexts("best quality ADDCOMM a street at night ADDBASE a fox ADDCOL an owl"), {
    prompts: ["best quality, a fox", "best quality, an owl"],
    base: "a street at night",
    cellsPerRow: [2],
    only: "ADDCOL",
  });
  assert.deepEqual(parseRegionTexts("a ADDCOL b BREAK c AND d").prompts, ["a", "b BREAK c AND d"]);
});

Deno.test("keywords: AND carries weights, emphasis holds on both sides of a keyword", () => {
  assert.deepEqual(parseRegionTexts("a fox :1.2 AND an owl:.8"), {
    prompts: ["a fox :1.2", "an owl :0.8"],
    mode: "latent",
  });
  assert.deepEqual(parseRegionTexts("(a fox BREAK an owl:1.3)").prompts, ["(a fox:1.3)", "(an owl:1.3)"]);
  assert(hasRegionKeywords("a fox :1.2 AND an owl :0.8") && hasRegionKeywords("a ADD COL b"));
});

Deno.test("keywords: the nth negative belongs to the nth region", () => {
  assert.deepEqual(negativesOfRegions("cars BREAK people", 2), ["cars", "people"]);
  assert.deepEqual(negativesOfRegions("(cars BREAK people:1.2)", 3), ["(cars:1.2)", "(people:1.2)", "(cars:1.2)"]);
  assert.deepEqual(negativesOfRegions("blur ADDCOMM cars ADDCOL", 2), ["blur, cars", "blur"]);
  assert.deepEqual(negativesOfRegions("blur", 2), ["blur", "blur"]);
  assert.deepEqual(negativesOfRegions("a BREAK b", 1), ["a BREAK b"]);
  fails(() => negativesOfRegions("a BREAK b BREAK c", 2), /3 parts.*only 2 regions/);
});

Deno.test("keywords: what does not go together is an error that says so", () => {
  fails(() => parseRegionTexts("a BREAK BREAK b"), /Region 2 of 3 has no prompt/);
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
