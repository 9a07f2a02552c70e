/** Products of adapters' factors on the device are those of the host, whole and in strips. */
import assert from "@std/assert";
import { product } from "../../src/adapter/algebra.ts";
import { multiplier, multiply } from "../../src/pipeline/multiply.ts";
import { assertClose, random, testDevice } from "../ops/harness.ts";

Deno.test("factors of any shape: odd ranks, kernels of convolutions, more than one strip", async () => {
  const device = await testDevice();
  for (const [m, r, n] of [[5, 3, 7], [70, 16, 36], [33, 4, 9 * 20], [300, 6, 8190]]) {
    const [a, b] = [{ shape: [m, r], values: random(m * r) }, { shape: [r, n / 9, 3, 3], values: random(r * n, 2) }];
    assertClose(await multiply(device, a, b), product(a, b).values, 2e-6 * r, 2e-6);
  }
});

Deno.test("large products go to the device one after the other, small ones stay, and nothing is left there", async () => {
  const device = await testDevice();
  const times = multiplier(device);
  const matrix = (rows: number, columns: number, seed: number) => ({
    shape: [rows, columns],
    values: random(rows * columns, seed),
  });
  const [up, down] = [matrix(512, 32, 1), matrix(32, 1024, 2)];
  const before = device.allocatedBytes;
  const [first, second, small] = await Promise.all([
    times(up, down),
    times(up, down),
    times(matrix(2, 3, 1), matrix(3, 4, 2)),
  ]);
  assert.deepEqual(first, second);
  assertClose(first, product(up, down).values, 1e-4, 1e-5);
  assert.equal(small.length, 8);
  assert.equal(device.allocatedBytes, before);
});
