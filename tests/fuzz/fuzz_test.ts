import assert from "node:assert/strict";
import { testDevice } from "../ops/harness.ts";
import { fuzz } from "./fuzz.ts";

Deno.test("900 spoilt models, configs, pickles, plans, replies, prompts, recipes and pictures are read or refused in one line", async () => {
  const { read, refused, targets } = await fuzz(
    { seed: 7, more: (count) => count < 900 },
    await testDevice("as it is"),
  );
  assert.equal(read + refused, 900);
  assert.ok(refused > 300, `only ${refused} were refused`);
  assert.ok(targets.size >= 25);
  // A pickle of random opcodes is hardly ever one.
  const blind = [...targets].filter(([name, row]) => row.refused === row.inputs && name !== "pickles");
  assert.deepEqual(blind, [], "refuse good inputs too");
});
