/** Both halves of the tiny VAEs against diffusers, at odd sizes. */
import assert from "@std/assert";
import { Device } from "../../src/gpu/device.ts";
import { Graph } from "../../src/gpu/graph.ts";
import { readFloats, writeFloats } from "../../src/gpu/storage.ts";
import type { Tensor } from "../../src/gpu/tensor.ts";
import { decode, encode, readVaeConfig } from "../../src/nn/vae.ts";
import { Weights } from "../../src/nn/weights.ts";
import { assertClose, testDevice } from "../ops/harness.ts";
import { channelsLast, MODELS, openGoldens, peak, SHARE } from "./goldens.ts";

for (const precision of ["f32", "f16"] as const) {
  Deno.test(`VAE ${precision}`, async (t) => {
    const device = await testDevice();
    for (const model of MODELS) {
      const { checkpoint, cases, get } = await openGoldens(model);
      const config = readVaeConfig(checkpoint.vae.config);
      const weights = new Weights(device, precision, "vae");
      for (const number of cases("vae")) {
        const judge = async (from: string, to: string, record: (g: Graph, x: Tensor) => Tensor) => {
          const input = channelsLast(get(`vae.${number}.${from}`));
          const expected = channelsLast(get(`vae.${number}.${to}`));
          const g = new Graph(device, "vae", precision);
          const x = g.input("input", input.shape);
          const out = g.output(record(g, x));
          await weights.load(checkpoint.vae.source);
          const program = await g.compile();
          writeFloats(device, x, input.values);
          program.run();
          const ours = await readFloats(device, out);
          program.destroy();
          assertClose(ours, expected.values, SHARE[precision] * peak(expected.values), 0);
        };
        await t.step(
          `${model} decoder ${number}`,
          () => judge("latents", "decoded", (g, x) => decode(g, weights, config, x)),
        );
        await t.step(
          `${model} encoder ${number}`,
          () => judge("image", "moments", (g, x) => encode(g, weights, config, x)),
        );
      }
      weights.release();
      checkpoint.close();
    }
  });
}

Deno.test("a convolution that doubles its picture is packed for what it gives, not for what it is given", async () => {
  const { gpu, summary } = await testDevice();
  const device = new Device(gpu, { ...summary, software: true }, true, false);
  const weights = new Weights(device, "f16", "vae");
  const config = readVaeConfig({ block_out_channels: [320, 320, 320], latent_channels: 4 });
  const g = new Graph(device, "vae", "f16");
  decode(g, weights, config, g.input("latents", [1, 2, 2, 4]));
  const packed = new Map(weights.list.map(({ name, taps }) => [name, taps]));
  const tapsOf = (level: number, layer: string) => packed.get(`decoder.up_blocks.${level}.${layer}`);
  assert.deepEqual([tapsOf(0, "resnets.0.conv2"), tapsOf(0, "upsamplers.0.conv")], [16, 36], "2² and 4²");
});
