/** Slots of latents on the device. */
import assert from "@std/assert";
import { DeviceLatents } from "../../src/pipeline/latent_space.ts";
import { testDevice } from "../ops/harness.ts";

Deno.test("what is read of a slot is its own values, and takes no more of the device than they do", async () => {
  const device = await testDevice();
  const size = { height: 3, width: 5, channels: 6 };
  const numbers = (first: number) => Float32Array.from({ length: 3 * 5 * 6 }, (_, i) => first + i / 8);
  using latents = await DeviceLatents.create(device, size, { normal: (count) => new Float32Array(count) });
  const [one, two] = [latents.write(numbers(0)), latents.write(numbers(100))];
  const before = device.peakBytes = device.allocatedBytes;
  assert.deepEqual(await latents.read(two), numbers(100));
  assert.deepEqual(await latents.read(one), numbers(0));
  assert.deepEqual(await latents.read(latents.combine([[2, one], [1, two]])), numbers(0).map((v) => 100 + 3 * v));
  assert.equal(device.peakBytes - before, 3 * 5 * 8 * 4); // channels in whole quads
});
