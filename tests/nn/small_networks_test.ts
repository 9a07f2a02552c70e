/** Upscalers against spandrel and TAESD against diffusers, with weights that both sides draw. */
import assert from "@std/assert";
import { openSafetensors } from "../../src/formats/safetensors.ts";
import type { TensorSource } from "../../src/formats/tensor_source.ts";
import { viewOf } from "../../src/formats/view.ts";
import { Graph } from "../../src/gpu/graph.ts";
import { readFloats, writeFloats } from "../../src/gpu/storage.ts";
import type { Tensor } from "../../src/gpu/tensor.ts";
import { taesdNames } from "../../src/model/taesd_file.ts";
import { upscalerNames } from "../../src/model/upscaler.ts";
import { type RrdbConfig, rrdbnet } from "../../src/nn/rrdbnet.ts";
import { type TaesdConfig, taesdDecode } from "../../src/nn/taesd.ts";
import { Weights } from "../../src/nn/weights.ts";
import { assertClose, testDevice } from "../ops/harness.ts";
import { channelsLast, drawn, peak, SHARE } from "./goldens.ts";

const folder = new URL("../golden/nn/", import.meta.url).pathname;
const shapes: Record<string, Record<string, number[]>> = JSON.parse(Deno.readTextFileSync(`${folder}small.json`));

/** [1, channels, height, width] with squares of pixels folded into channels, as torch's pixel_unshuffle does. */
function folded(shape: readonly number[], values: Float32Array, side: number) {
  const [, c, h, w] = shape;
  const out = new Float32Array(values.length);
  values.forEach((value, i) => {
    const [x, y, channel] = [i % w, Math.floor(i / w) % h, Math.floor(i / w / h)];
    const to = (channel * side + y % side) * side + x % side;
    out[(to * (h / side) + Math.floor(y / side)) * (w / side) + Math.floor(x / side)] = value;
  });
  return { shape: [1, c * side * side, h / side, w / side], values: out };
}

const RRDB: Record<string, RrdbConfig> = {
  x4: { inChannels: 3, shuffle: 1, features: 8, growth: 32, blocks: 2, doublings: 2, scale: 4 },
  x2plus: { inChannels: 12, shuffle: 2, features: 8, growth: 32, blocks: 1, doublings: 2, scale: 2 },
};
const TAESD: TaesdConfig = { latentChannels: 4, width: 8, decoder: [2, 1, 1], factor: 4 };

for (const precision of ["f32", "f16"] as const) {
  Deno.test(`upscalers and TAESD ${precision}`, async (t) => {
    const device = await testDevice();
    const golden = await openSafetensors(`${folder}small.safetensors`);
    const get = async (name: string) => {
      const { shape, bytes, dtype } = golden.tensors.get(name)!;
      const raw = new Uint8Array(bytes);
      await golden.read(name, raw);
      const values = dtype === "F16" ? Float32Array.from(new Float16Array(raw.buffer)) : new Float32Array(raw.buffer);
      return { shape, values };
    };
    const judge = async (
      source: TensorSource,
      given: { shape: readonly number[]; values: Float32Array },
      expected: Float32Array,
      record: (g: Graph, w: Weights, x: Tensor) => Tensor,
    ) => {
      const input = channelsLast(given);
      const g = new Graph(device, "small", precision);
      const weights = new Weights(device, precision, "small");
      const x = g.input("x", input.shape);
      const out = g.output(record(g, weights, x));
      const names = [...source.tensors.keys()];
      const views = upscalerNames(names);
      const shown = viewOf(source, views.size ? views : taesdNames(source));
      weights.check(shown, /^(encoder|decoder)\./);
      await weights.load(shown);
      const program = await g.compile();
      writeFloats(device, x, input.values);
      program.run();
      assertClose(await readFloats(device, out), expected, SHARE[precision] * peak(expected), 0);
      program.destroy();
      weights.release();
    };
    for (const [seed, name] of Object.keys(RRDB).entries()) {
      await t.step(name, async () => {
        const { shape, values } = await get(`${name}.picture`);
        const expected = channelsLast(await get(`${name}.result`)).values;
        const input = folded(shape, values, RRDB[name].shuffle);
        await judge(drawn(shapes[name], seed), input, expected, (g, w, x) => rrdbnet(g, w, RRDB[name], x));
      });
    }
    await t.step("TAESD decodes", async () => {
      const decoded = channelsLast(await get("taesd.decoded"));
      const expected = decoded.values.map((v, i) => i % 4 === 3 ? 0 : (v + 1) / 2); // theirs is in −1 … 1
      const latents = await get("taesd.latents");
      await judge(drawn(shapes.taesd, 7), latents, expected, (g, w, x) => taesdDecode(g, w, TAESD, x));
    });
    golden.close();
  });
}

Deno.test("names of upscalers: the first ESRGAN's and the trainers' are brought to Real-ESRGAN's", () => {
  const named = (...names: string[]) =>
    Object.fromEntries([...upscalerNames(names)].map(([to, { from }]) => [from, to]));
  assert.deepEqual(
    named("params.conv_hr.bias", "params_ema.conv_hr.bias", "params_ema.body.22.rdb3.conv5.weight"),
    { "params_ema.conv_hr.bias": "conv_hr.bias", "params_ema.body.22.rdb3.conv5.weight": "body.22.rdb3.conv5.weight" },
  );
  assert.deepEqual(named("RRDB_trunk.3.RDB2.conv1.weight", "HRconv.bias", "upconv2.weight", "trunk_conv.bias"), {
    "RRDB_trunk.3.RDB2.conv1.weight": "body.3.rdb2.conv1.weight",
    "HRconv.bias": "conv_hr.bias",
    "upconv2.weight": "conv_up2.weight",
    "trunk_conv.bias": "conv_body.bias",
  });
});
