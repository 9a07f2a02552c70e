import assert from "node:assert/strict";
import { UsageError } from "../../src/errors.ts";
import { CudaNoise } from "../../src/sample/cuda_noise.ts";
import { noiseGenerator } from "../../src/sample/noise.ts";
import { philox } from "../../src/sample/philox.ts";
import draws from "../golden/sample/noise.json" with { type: "json" };
import { floats, near } from "./floats.ts";

Deno.test("the CPU generator repeats torch.randn bit for bit, short draws and tails included", () => {
  for (const { seed, sizes, values } of draws) {
    const generator = noiseGenerator("cpu", BigInt(seed));
    sizes.forEach((size, i) => {
      assert.deepEqual(bits(generator.normal(size)), bits(floats(values[i])), `seed ${seed}, draw ${i} of ${size}`);
    });
  }
});

Deno.test("Philox gives the vectors its authors publish", () => {
  const ones = Array(4).fill(0xffffffff);
  assert.deepEqual(philox([0, 0, 0, 0], [0, 0]), [0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8]);
  assert.deepEqual(philox(ones, ones), [0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd]);
  assert.deepEqual(
    philox([0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344], [0xa4093822, 0x299f31d0]),
    [0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1],
  );
});

Deno.test("the CUDA generator gives the values AUTOMATIC1111 prints for seed 0", () => {
  const published = [
    ...[-0.92466259, -0.42534415, -2.6438457, 0.14518388, -0.12086647, -0.57972564],
    ...[-0.62285122, -0.32838709, -1.07454231, -0.36314407, -1.67105067, 2.26550497],
  ];
  const values = noiseGenerator("cuda", 0).normal(12);
  published.forEach((value, i) => near(values[i], value, 1e-6, `value ${i}`));
});

Deno.test("a CUDA draw depends on its place in the stream, not on its length, until the threads run out", () => {
  const [long, short] = [noiseGenerator("cuda", 5), noiseGenerator("cuda", 5)];
  long.normal(1000);
  short.normal(10);
  assert.deepEqual(long.normal(100), short.normal(300).slice(0, 100));

  // 256 threads make four values each, so that 1025 values take the streams two places on.
  const few = new CudaNoise(5n, 256), many = new CudaNoise(5n);
  const values = few.normal(1025);
  const [first, second] = [many.normal(256), many.normal(256)];
  assert.deepEqual(values.slice(0, 256), first);
  assert.equal(values[1024], second[0]);
  assert.deepEqual(few.normal(100), many.normal(100));
});

Deno.test("seeds are whole numbers from 0 to 2⁶³ − 1", () => {
  assert.notDeepEqual(
    noiseGenerator("cuda", 2n ** 63n - 1n).normal(4),
    noiseGenerator("cuda", 2n ** 32n - 1n).normal(4),
  );
  for (const seed of [-1, 0.5, 2 ** 53, 2n ** 63n, NaN]) {
    assert.throws(
      () => noiseGenerator("cpu", seed),
      (error) => error instanceof UsageError && /seed/.test(error.message),
    );
  }
});

function bits(values: Float32Array): Int32Array {
  return new Int32Array(values.buffer);
}
