/** Where one more thing is painted: as asked where that is free, else near it, else over what stands there. */
import assert from "@std/assert";
import { freePlace } from "../../src/edit/free_place.ts";
import { operationOf } from "../../src/edit/operation.ts";
import { type Guides, placed } from "../../src/edit/place.ts";
import { boxMask } from "../../src/edit/mask.ts";
import type { Judge, Mark } from "../../src/judge/judge.ts";
import { filled } from "../../src/picture/picture.ts";
import { planByRules } from "../../src/plan/rules/rules.ts";

const page = filled(64, 64, [200, 200, 200, 255]);
const plan = planByRules("a red apple on the left and a blue teapot on the right");
const apple = { x0: 0, y0: 0.55, x1: 0.4, y1: 1 };

/** Sees the apple at the bottom left; of the teapot says what it is told. */
const judge = (teapot: Mark): Judge => (_, checks) =>
  Promise.resolve(checks.map(({ words }) => words.includes("apple") ? { verdict: "right", box: apple } : teapot));

Deno.test("what is added goes beside what stands there, on the side that was asked for", async () => {
  const said: string[] = [];
  const where = async (text: string, guides: Guides) =>
    (await placed(operationOf("add", text), page, { plan, say: (line) => said.push(line), ...guides })).box;
  const free = judge({ verdict: "missing" });
  assert.deepEqual(await where("a cat at the bottom right", { judge: free }), [0.5, 0.5, 1, 1]); // nothing is there
  assert.deepEqual(await where("a cat at the left", { judge: free }), [0, 0, 0.5, 0.5]);
  assert.deepEqual(await where("a cat", { judge: free }), [0.4063, 0.1563, 0.9063, 0.6563]); // anywhere
  assert.deepEqual(said, []);
  // Where nobody sees it, the teapot may be anywhere in its cell, or where its contour is.
  const blind = judge({ verdict: "unknown" });
  assert.deepEqual(await where("a cat at the right", { judge: blind }), [0.5, 0.25, 1, 0.75]);
  assert.deepEqual(said.splice(0), ['No room is left for "a cat" there: it is painted over what stands there.']);
  const teapot = boxMask({ x0: 0.6, y0: 0, x1: 1, y1: 0.5 }, 64, 64);
  const sees: Guides["sees"] = (words) => Promise.resolve(words.includes("teapot") ? teapot : undefined);
  assert.deepEqual(await where("a cat at the right", { judge: blind, sees }), [0.5, 0.5, 1, 1]);
  // What an earlier operation takes away is no obstacle, what one adds is.
  const gone = [{ ...operationOf("remove", "the apple"), box: [0, 0, 0.5, 1] as [number, number, number, number] }];
  assert.deepEqual(await where("a cat at the bottom left", { judge: free, before: gone }), [0, 0.5, 0.5, 1]);
  const come = [{ ...operationOf("add", "a dog"), box: [0.5, 0.5, 1, 1] as [number, number, number, number] }];
  assert.deepEqual(await where("a cat at the bottom right", { judge: free, before: come }), [
    0.3125,
    0.0313,
    0.8125,
    0.5313,
  ]);
  assert.deepEqual(said, []);
});

Deno.test("a little smaller is better than far away, and no room is no place", () => {
  const asked = { x0: 0, y0: 0, x1: 0.5, y1: 0.5 };
  const narrow = freePlace(asked, [{ x0: 0.35, y0: 0, x1: 1, y1: 1 }, { x0: 0, y0: 0.6, x1: 1, y1: 1 }])!;
  assert.ok(narrow.x1 - narrow.x0 < 0.5 && narrow.x1 < 0.45, JSON.stringify(narrow));
  // But not so small that no model draws a thing in it.
  const taken = [{ x0: 0.35, y0: 0, x1: 1, y1: 0.4 }, { x0: 0, y0: 0.6, x1: 1, y1: 1 }];
  const least = { width: 0.45, height: 0.2 };
  const wide = freePlace(asked, taken, least);
  assert.ok(!wide || wide.x1 - wide.x0 >= 0.45 - 1e-9, JSON.stringify(wide));
  assert.deepEqual(freePlace(asked, [{ x0: 0.35, y0: 0, x1: 1, y1: 1 }], least), undefined);
  assert.equal(freePlace(asked, [{ x0: 0, y0: 0, x1: 1, y1: 1 }]), undefined);
});
