/** Windows of streamed weights. */
import assert from "@std/assert";
import { placeBytes } from "../../src/gpu/storage.ts";
import { windowsOf } from "../../src/gpu/streamed_program.ts";
import { describeTensor } from "../../src/gpu/tensor.ts";
import { testDevice } from "../ops/harness.ts";

Deno.test("windows hold as many dispatches as their weights allow, and none is left out or cut", async () => {
  const device = await testDevice("like a GPU");
  const weight = (label: string, elements: number) => describeTensor(label, [elements], "f32", "plain");
  const [a, b, c, large] = [weight("a", 64), weight("b", 64), weight("c", 64), weight("large", 1024)];
  const other = weight("activation", 4096);
  const tensors = new Set([a, b, c, large]);
  const dispatches = [[other], [a, other], [b, a], [other, other], [c], [large], [other, a]];
  const windows = windowsOf(device, dispatches, { tensors, windowBytes: 2 * placeBytes(device, a) });
  // c does not fit beside a and b; the large one passes the window alone; a comes again.
  assert.deepEqual(windows.map(({ first, end }) => [first, end]), [[0, 4], [4, 5], [5, 6], [6, 7]]);
  assert.deepEqual(windows.map(({ weights }) => [...weights].map((w) => w.label)), [["a", "b"], ["c"], ["large"], [
    "a",
  ]]);
  assert.equal(windows[2].bytes, placeBytes(device, large));
});

Deno.test("a window has all weights that its dispatches read, also those that the window before it had", async () => {
  const device = await testDevice("like a GPU");
  const [a, b] = ["a", "b"].map((label) => describeTensor(label, [64], "f32", "plain"));
  const windows = windowsOf(device, [[a], [a, b]], { tensors: new Set([a, b]), windowBytes: placeBytes(device, a) });
  assert.deepEqual(windows.map(({ weights }) => [...weights].map(({ label }) => label)), [["a"], ["a", "b"]]);
});
