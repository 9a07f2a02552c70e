/** The tiny UNets against diffusers: odd sizes that halving rounds up, a batch of two, whole and broken timesteps. */
import { Graph } from "../../src/gpu/graph.ts";
import { readFloats, writeFloats } from "../../src/gpu/storage.ts";
import { vectorInputs } from "../../src/nn/backbone.ts";
import { readUNet } from "../../src/nn/unet.ts";
import { Weights } from "../../src/nn/weights.ts";
import { assertClose, testDevice } from "../ops/harness.ts";
import { channelsLast, MODELS, openGoldens, peak, SHARE } from "./goldens.ts";

for (const precision of ["f32", "f16"] as const) {
  Deno.test(`UNet ${precision}`, async (t) => {
    const device = await testDevice();
    for (const model of MODELS) {
      const { checkpoint, cases, get } = await openGoldens(model);
      const network = readUNet(checkpoint.unet.config);
      const weights = new Weights(device, precision, "unet");
      for (const number of cases("unet")) {
        await t.step(`${model} ${number}`, async () => {
          const part = (name: string) => get(`unet.${number}.${name}`);
          const sample = channelsLast(part("sample"));
          const expected = channelsLast(part("output"));
          const context = part("context");
          const [batch, tokens, dim] = context.shape;

          const graph = new Graph(device, "prompts", precision);
          const g = new Graph(device, "unet", precision);
          const inputs = {
            latents: g.input("latents", sample.shape),
            step: vectorInputs(g, network.stepVectors, batch),
          };
          const conditioning = {
            graph,
            context: graph.input("context", [1, batch * tokens, dim]),
            entry: vectorInputs(graph, network.entryVectors, batch),
            keys: new Map(),
            // Every picture of the batch sees its own prompt.
            map: (height: number, width: number) => ({
              regionOfRow: Uint32Array.from(
                { length: batch * height * width },
                (_, i) => Math.floor(i / height / width),
              ),
              sights: Array.from({ length: batch }, (_, i) => ({ start: i * tokens, count: tokens })),
            }),
          };
          const out = g.output(network.record(g, weights, inputs, conditioning));
          await weights.load(checkpoint.unet.source);
          const [prompts, program] = [await graph.compile(), await g.compile()];
          writeFloats(device, conditioning.context, context.values);
          for (const [name, tensor] of Object.entries(conditioning.entry)) {
            const pooled = part("text_embeds"), sizes = part("time_ids");
            const rows = Array.from({ length: batch }, (_, i) => [
              ...network.entryVectors[name].of({
                pooled: pooled.values.subarray(i * pooled.shape[1], (i + 1) * pooled.shape[1]),
                sizes: [...sizes.values.subarray(i * 6, i * 6 + 6)],
              }),
            ]);
            writeFloats(device, tensor, rows.flat());
          }
          writeFloats(device, inputs.latents, sample.values);
          const time = network.stepVectors.time.of({ timestep: part("timestep").values[0], guidance: 1 });
          writeFloats(device, inputs.step.time, Array.from({ length: batch }, () => [...time]).flat());
          prompts.run();
          program.run();
          const ours = await readFloats(device, out);
          prompts.destroy();
          program.destroy();
          assertClose(ours, expected.values, SHARE[precision] * peak(expected.values), 0);
        });
      }
      weights.release();
      checkpoint.close();
    }
  });
}
