import assert from "@std/assert";
import { ABSENT, condition, type ContextRows } from "../../src/pipeline/conditioning.ts";
import { parsePlan } from "../../src/plan/plan.ts";

const plan = (mode: "attention" | "latent") =>
  parsePlan({
    prompt: "an apple and a teapot",
    basePrompt: "a table",
    baseRatio: 0.25,
    splitRatio: "1,1",
    regions: [{ prompt: "an apple", negativePrompt: "pear" }, { prompt: "a teapot" }],
    mode,
  });
const guidance = { cfgScale: 5, negativePrompt: "blur", zerosForAbsent: true };

Deno.test("attention mode: two entries whatever the number of regions; each pixel sees its region and the base prompt", () => {
  const c = condition(plan("attention"), guidance);
  assert.equal(c.entries.length, 2);
  assert.deepEqual([...c.seen], ["blur, pear", "blur", "an apple", "a table", "a teapot"]);
  const rows: ContextRows = new Map([...c.seen].map((prompt, i) => [prompt, { start: 10 * i, count: 7 }]));
  const map = c.map(1, 4, rows);
  assert.deepEqual(Array.from(map.regionOfRow), [0, 0, 1, 1, 2, 2, 3, 3]);
  assert.deepEqual(map.sights[3], { start: 40, count: 7, base: { start: 30, count: 7, ratio: 0.25 } });
  assert.deepEqual([...c.share(1, 2)], [-4, -4, 5, 5]);
  assert.deepEqual([...c.conditionalShare(1, 2)], [0, 0, 1, 1]);
});

Deno.test("latent mode: an entry for each distinct prompt; shares sum to 1 at every pixel", () => {
  const c = condition(plan("latent"), guidance);
  assert.deepEqual(c.entries.map((e) => e.regions[0].prompt), [
    "blur, pear",
    "an apple",
    "a table",
    "blur",
    "a teapot",
  ]);
  const share = c.share(1, 2);
  const sums = [0, 1].map((pixel) => c.entries.reduce((sum, _, e) => sum + share[e * 2 + pixel], 0));
  assert.deepEqual(sums, [1, 1]);
  assert.deepEqual([...share.slice(2, 6)], [3.75, 0, 1.25, 1.25]);
});

Deno.test("without guidance nothing to avoid is asked; an absent negative prompt may be zeros", () => {
  assert.equal(condition(plan("attention"), { ...guidance, cfgScale: 1 }).entries.length, 1);
  const absent = condition(plan("attention"), { cfgScale: 5, zerosForAbsent: true });
  assert.equal(absent.entries[0].pooled, ABSENT);
  assert.ok(absent.seen.has(ABSENT) && absent.seen.has("pear"));
});
