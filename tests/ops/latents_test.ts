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
  SCRATCH_SLOT,
  TERM_WORDS,
  termWords,
} from "../../src/ops/latents.ts";
import { rescaleGuided } from "../sample/guidance.ts";
import { assertClose, random, testDevice } from "./harness.ts";

const SLOTS = 4, H = 5, W = 7, C = 8;
const SIZE = H * W * C;

async function latents(values: Float32Array): Promise<Tensor> {
  const device = await testDevice();
  const tensor = placeAlone(device, describeTensor("latents", [SLOTS, H, W, C], "f32", "plain"));
  writeFloats(device, tensor, values);
  return tensor;
}

Deno.test("latentsIn: a window of the slot that the call names for each batch entry, scaled", async () => {
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
  const places = [[3, 1], [0, 2]];
  const origins = g.constant("origins", Uint32Array.from(places.flat()));
  const out = g.output(latentsIn(g, tensor, call, { batch: 2, height: 3, width: 4, origins }, affine));
  const program = await g.compile();
  writeTensor(device, call, callWords({ slot: 2, scale: 0.5 }));
  program.run();
  const expected = Array.from({ length: 2 * 3 * 4 * C }, (_, i) => {
    const c = i % C, x = Math.floor(i / C) % 4, y = Math.floor(i / C / 4) % 3;
    const [left, top] = places[Math.floor(i / C / 12)];
    return values[2 * SIZE + ((top + y) * W + left + x) * C + c] * 0.5 * multiply[c] + add[c];
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
  const whole = g.constant("origins", new Uint32Array(4));
  guide(g, model, whole, g.constant("share", share as Float32Array<ArrayBuffer>), call, tensor);
  guide(g, model, whole, g.constant("conditional", conditional), call, tensor, { to: SCRATCH_SLOT });
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

Deno.test("guide: entries smaller than the picture count where they lie, and several batches add up", async () => {
  const device = await testDevice();
  const tensor = await latents(random(SLOTS * SIZE, 8));
  const g = new Graph(device, "guide", "f32");
  const call = callInput(g);
  const batches = [{ h: 3, w: 4, places: [[3, 2], [1, 0]] }, { h: 5, w: 2, places: [[5, 0]] }].map((batch, i) => {
    const n = batch.places.length;
    const model = g.input("model", [n, batch.h, batch.w, C]);
    const share = random(n * H * W, 9 + i) as Float32Array<ArrayBuffer>;
    const origins = g.constant("origins", Uint32Array.from(batch.places.flat()));
    guide(g, model, origins, g.constant("share", share), call, tensor, { more: i > 0 });
    return { ...batch, model, share, values: random(n * batch.h * batch.w * C, 19 + i) };
  });
  const program = await g.compile();
  for (const { model, values } of batches) writeFloats(device, model, values);
  writeTensor(device, call, callWords({ slot: 0, scale: 1, out: 2 }));
  program.run();
  const expected = new Float32Array(SIZE);
  for (const { h, w, places, share, values } of batches) {
    places.forEach(([left, top], e) => {
      for (let y = 0; y < h; y++) {
        for (let x = 0; x < w; x++) {
          const pixel = (top + y) * W + left + x;
          for (let c = 0; c < C; c++) {
            expected[pixel * C + c] += share[e * H * W + pixel] * values[((e * h + y) * w + x) * C + c];
          }
        }
      }
    });
  }
  assertClose((await readFloats(device, tensor)).subarray(2 * SIZE, 3 * SIZE), expected, 1e-6, 1e-6);
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
