import assert from "@std/assert";
import { Graph } from "../../src/gpu/graph.ts";
import { placeAlone, readFloats, writeFloats, writeTensor } from "../../src/gpu/storage.ts";
import { describeTensor, type Tensor } from "../../src/gpu/tensor.ts";
import {
  callInput,
  callWords,
  combine,
  guide,
  latentsIn,
  rescale,
  TERM_WORDS,
  termWords,
} from "../../src/ops/latents.ts";
import { rescaleGuided } from "../../src/sample/guidance.ts";
import { assertClose, random, testDevice } from "./harness.ts";

const SLOTS = 4, H = 5, W = 7, C = 8;
const SIZE = H * W * C;

async function latents(values: Float32Array): Promise<Tensor> {
  const device = await testDevice();
  const tensor = placeAlone(device, describeTensor("latents", [SLOTS, H, W, C], "f32", "plain"));
  writeFloats(device, tensor, values);
  return tensor;
}

Deno.test("latentsIn: a window of the slot that the call names, scaled, for every batch entry", async () => {
  const device = await testDevice();
  const values = random(SLOTS * SIZE);
  const tensor = await latents(values);
  const g = new Graph(device, "in", "f32");
  const call = callInput(g);
  const multiply = random(C, 2), add = random(C, 3);
  const affine = {
    multiply: g.constant("m", multiply as Float32Array<ArrayBuffer>),
    add: g.constant("a", add as Float32Array<ArrayBuffer>),
  };
  const out = g.output(latentsIn(g, tensor, call, 2, affine, [3, 4]));
  const program = await g.compile();
  writeTensor(device, call, callWords({ slot: 2, scale: 0.5, x: 3, y: 1 }));
  program.run();
  const expected = Array.from({ length: 2 * 3 * 4 * C }, (_, i) => {
    const c = i % C, x = Math.floor(i / C) % 4, y = Math.floor(i / C / 4) % 3;
    return values[2 * SIZE + ((y + 1) * W + x + 3) * C + c] * 0.5 * multiply[c] + add[c];
  });
  assertClose(await readFloats(device, out), expected, 1e-6, 1e-6);
  program.destroy();
});

Deno.test("guide and rescale: shares per pixel, and the deviation of the conditional prediction", async () => {
  const device = await testDevice();
  const tensor = await latents(new Float32Array(SLOTS * SIZE));
  const g = new Graph(device, "guide", "f32");
  const call = callInput(g);
  const model = g.input("model", [2, H, W, C]);
  const share = random(2 * H * W, 5),
    conditional = Float32Array.from({ length: 2 * H * W }, (_, i) => i < H * W ? 0 : 1);
  guide(g, model, g.constant("share", share as Float32Array<ArrayBuffer>), call, tensor);
  guide(g, model, g.constant("conditional", conditional), call, tensor, true);
  rescale(g, call, tensor, 0.7, C);
  const program = await g.compile();
  const values = random(2 * SIZE, 6);
  writeFloats(device, model, values);
  writeTensor(device, call, callWords({ slot: 0, scale: 1, out: 3 }));
  program.run();
  const guided = Float32Array.from({ length: SIZE }, (_, i) => {
    const pixel = Math.floor(i / C);
    return share[pixel] * values[i] + share[H * W + pixel] * values[SIZE + i];
  });
  const result = (await readFloats(device, tensor)).subarray(3 * SIZE);
  assertClose(result, rescaleGuided(guided, values.slice(SIZE), 0.7), 1e-5, 1e-5);
  program.destroy();
});

Deno.test("combine: up to eight terms, a slot may be its own summand, and a limit cuts off", async () => {
  const device = await testDevice();
  const values = random(SLOTS * SIZE, 7);
  const tensor = await latents(values);
  const terms = placeAlone(device, describeTensor("terms", [TERM_WORDS], "u32", "plain"));
  const g = new Graph(device, "combine", "f32");
  combine(g, tensor, terms);
  const program = await g.compile();
  const slots = [0, 1, 2, 3, 0, 1, 2, 3], weights = [1, -2, 0.5, 3, 0.25, 1, -1, 2];
  const run = (out: number, sum: (readonly [number, number])[], limit: number) => {
    writeTensor(device, terms, termWords({ out, terms: sum, limit }));
    program.run();
  };
  run(1, slots.map((slot, n) => [weights[n], slot]), Infinity);
  const after = await readFloats(device, tensor);
  const expected = Float32Array.from({ length: SIZE }, (_, i) => {
    return slots.reduce((sum, slot, n) => sum + weights[n] * values[slot * SIZE + i], 0);
  });
  assertClose(after.subarray(SIZE, 2 * SIZE), expected, 1e-5, 1e-5);
  assert.deepEqual(after.subarray(0, SIZE), values.subarray(0, SIZE));

  run(2, [[1, 3]], 0.25);
  const clipped = (await readFloats(device, tensor)).subarray(2 * SIZE, 3 * SIZE);
  assert.deepEqual(clipped, values.subarray(3 * SIZE).map((v) => Math.max(-0.25, Math.min(0.25, v))));
  writeFloats(device, tensor, values.with(3 * SIZE, NaN));
  run(2, [[1, 3]], 0.25);
  assert.ok(Number.isNaN((await readFloats(device, tensor))[2 * SIZE]), "a limit must not hide that latents are NaN");
  program.destroy();
});
