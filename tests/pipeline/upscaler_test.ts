/** Enlarging: odd sizes with folded pixels, tiles, and files that are no upscaler. */
import assert from "@std/assert";
import { ModelError } from "../../src/errors.ts";
import { padChannels } from "../../src/gpu/tensor.ts";
import { rrdbnet } from "../../src/nn/rrdbnet.ts";
import { arraysSource } from "../../src/nn/twins.ts";
import { cropped, filled, pasted } from "../../src/picture/picture.ts";
import { declarePart } from "../../src/pipeline/part.ts";
import { enlarge, Upscaler } from "../../src/pipeline/upscaler.ts";
import { noiseGenerator } from "../../src/sample/noise.ts";
import { inFolder, safetensors } from "../model/files.ts";
import { testDevice } from "../ops/harness.ts";

const CONFIG = { inChannels: 12, shuffle: 2, features: 8, growth: 8, blocks: 1, doublings: 2, scale: 2 };

/** A network whose weights are small noise, so that its result is smooth. */
async function part() {
  const device = await testDevice();
  const record = (g: Parameters<typeof rrdbnet>[0], w: Parameters<typeof rrdbnet>[1]) => {
    rrdbnet(g, w, CONFIG, g.input("picture", [1, 4, 4, padChannels(12)]));
  };
  const declared = declarePart(device, "upscaler", CONFIG, record, { precision: "f32" });
  const draw = noiseGenerator("cpu", 3);
  const entries = [...declared.weights.list].flatMap(({ name, inChannels, outChannels }) => {
    const size = inChannels * outChannels * 9;
    const values = draw.normal(Math.max(16, size)).subarray(0, size).map((v) => v * Math.sqrt(1 / (inChannels * 9)));
    return [
      [`${name}.weight`, { shape: [outChannels, inChannels, 3, 3], values }],
      [`${name}.bias`, {
        shape: [outChannels],
        values: new Float32Array(outChannels).fill(name === "conv_last" ? 0.5 : 0),
      }],
    ] as const;
  });
  await declared.weights.load(arraysSource(Object.fromEntries(entries)));
  return declared;
}

function picture(width: number, height: number) {
  const data = new Uint8Array(width * height * 4).fill(255);
  for (let i = 0; i < width * height; i++) {
    const [x, y] = [i % width, Math.floor(i / width)];
    data.set([128 + 100 * Math.sin(x / 9), 128 + 100 * Math.cos(y / 7), (x * 5 + y * 3) % 256], i * 4);
  }
  return { width, height, data };
}

Deno.test("a picture of odd sides is enlarged as one that its last row and column were repeated for", async () => {
  const upscaler = await part();
  const odd = await enlarge(upscaler, picture(7, 5));
  assert.deepEqual([odd.width, odd.height], [14, 10]);
  assert.ok(new Set(odd.data).size > 20, "it shows something");
  const even = pasted(filled(8, 6, [0, 0, 0, 255]), picture(7, 5), 0, 0);
  for (let y = 0; y < 6; y++) {
    for (let x = 0; x < 8; x++) {
      const from = (Math.min(y, 4) * 8 + Math.min(x, 6)) * 4;
      even.data.copyWithin((y * 8 + x) * 4, from, from + 4);
    }
  }
  assert.deepEqual(odd, cropped(await enlarge(upscaler, even), 0, 0, 14, 10));
  upscaler.weights.release();
});

Deno.test("a picture too large for one piece goes through in tiles, whose seams do not show", async () => {
  const upscaler = await part();
  const wide = picture(300, 16);
  const tiled = await enlarge(upscaler, wide);
  assert.deepEqual([tiled.width, tiled.height], [600, 32]);
  // The middle of the first tile is what a picture that ends behind it gives.
  const left = { width: 180, height: 16, data: new Uint8Array(180 * 16 * 4) };
  for (let y = 0; y < 16; y++) left.data.set(wide.data.subarray(y * 300 * 4, y * 300 * 4 + 180 * 4), y * 180 * 4);
  const alone = await enlarge(upscaler, left);
  for (let y = 0; y < 32; y++) {
    for (let x = 0; x < 200; x++) {
      const [a, b] = [tiled.data[(y * 600 + x) * 4], alone.data[(y * 360 + x) * 4]];
      assert.ok(Math.abs(a - b) <= 1, `${x}, ${y}: ${a} and ${b}`);
    }
  }
  upscaler.weights.release();
});

Deno.test("a file with blocks or doublings by numbers that no upscaler has is refused, and not built", () =>
  inFolder(async (folder) => {
    const path = `${folder}/x.safetensors`;
    const shapes = { "conv_first": [4, 3, 3, 3], "conv_last": [3, 4, 3, 3], "body.0.rdb1.conv1": [4, 4, 3, 3] };
    for (const name of ["body.4000000000.rdb1.conv1", "upconv4000000000"]) {
      const tensors = Object.entries({ ...shapes, [name]: [4, 4, 3, 3] });
      await Deno.writeFile(
        path,
        safetensors(Object.fromEntries(tensors.map(([name, shape]) => [`${name}.weight`, { shape }]))),
      );
      await assert.rejects(Upscaler.open(path, { device: await testDevice() }), (error: Error) => {
        return error instanceof ModelError && /400000000[01].*supported: up to 64 and 4/.test(error.message);
      });
    }
  }));

Deno.test("another network's file is refused by what it is", async () => {
  const path = new URL("../golden/models/sd1/vae/diffusion_pytorch_model.safetensors", import.meta.url).pathname;
  const device = await testDevice();
  await assert.rejects(Upscaler.open(path, { device }), (error: Error) => {
    assert.ok(error instanceof ModelError);
    assert.match(error.message, /is not an ESRGAN upscaler/);
    return true;
  });
});
