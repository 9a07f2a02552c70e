/**
 * The tiny UNets against diffusers: odd sizes that halving rounds up, a batch of two, whole and broken timesteps,
 * residuals, heat maps.
 */
import assert from "@std/assert";
import { Graph } from "../../src/gpu/graph.ts";
import { readFloats, writeFloats } from "../../src/gpu/storage.ts";
import type { Tensor } from "../../src/gpu/tensor.ts";
import { unetConfig } from "../../src/model/infer_config.ts";
import { type Backbone, type PromptInputs, type Residuals, vectorInputs } from "../../src/nn/backbone.ts";
import type { Watch } from "../../src/nn/blocks.ts";
import type { Config } from "../../src/nn/config.ts";
import { HeatSums } from "../../src/nn/heat.ts";
import { readUNet } from "../../src/nn/unet.ts";
import { Weights } from "../../src/nn/weights.ts";
import { assertClose, testDevice } from "../ops/harness.ts";
import { channelsLast, drawn, type Golden, MODELS, openGoldens, openTensors, peak, SHARE } from "./goldens.ts";

/**
 * What the network gives for a golden's inputs; `residuals` may record and afterwards fill what is added to its
 * features, `watch` sees its cross-attention, and is told how to run the network once more at another timestep.
 */
async function evaluate(
  network: Backbone,
  weights: Weights,
  load: () => Promise<void>,
  part: (name: string) => Golden,
  { residuals, watch }: {
    residuals?: (g: Graph) => { recorded: Residuals; fill(): void };
    watch?: (g: Graph) => { watch: Watch; before(): void; after(run: (timestep: number) => void): Promise<void> };
  } = {},
): Promise<Float32Array> {
  const { device, precision } = weights;
  const sample = channelsLast(part("sample"));
  const context = part("context");
  const [batch, tokens, dim] = context.shape;
  const graph = new Graph(device, "prompts", precision);
  const g = new Graph(device, "unet", precision);
  const more = residuals?.(g);
  const watching = watch?.(g);
  const inputs = {
    latents: g.input("latents", sample.shape),
    step: vectorInputs(g, network.stepVectors, batch),
    entry: vectorInputs(g, network.entryVectors, batch),
    residuals: more && [more.recorded],
  };
  const conditioning: PromptInputs = {
    graph,
    context: graph.input("context", [1, batch * tokens, dim]),
    keys: new Map(),
    watch: watching?.watch,
    // Every picture of the batch sees its own prompt.
    map: (height, width) => ({
      regionOfRow: Uint32Array.from({ length: batch * height * width }, (_, i) => Math.floor(i / height / width)),
      sights: Array.from({ length: batch }, (_, i) => ({ start: i * tokens, count: tokens })),
    }),
  };
  const out = g.output(network.record(g, weights, inputs, conditioning));
  await load();
  using prompts = await graph.compile();
  using program = await g.compile();
  writeFloats(device, conditioning.context, context.values);
  for (const [name, tensor] of Object.entries(inputs.entry)) {
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
  const run = (timestep: number) => {
    const time = network.stepVectors.time.of({ timestep, guidance: 1 });
    writeFloats(device, inputs.step.time, Array.from({ length: batch }, () => [...time]).flat());
    program.run();
  };
  more?.fill();
  watching?.before();
  prompts.run();
  run(part("timestep").values[0]);
  const result = await readFloats(device, out);
  await watching?.after(run);
  return result;
}

/** Residual i of a shape [channels, height, width], as tests/oracle/residuals.py has it, channels last. */
function residual(i: number, [channels, height, width]: number[]) {
  const values = Float32Array.from({ length: channels * height * width }, (_, at) => {
    const [c, y, x] = [at % channels, Math.floor(at / channels / width), Math.floor(at / channels) % width];
    return ((31 * i + 7 * c + 3 * y + x) % 11 - 5) / 8;
  });
  return { shape: [1, height, width, channels], values };
}

const distilled: Record<string, { config: Config; shapes: Record<string, number[]> }> = JSON.parse(
  Deno.readTextFileSync(new URL("../golden/nn/distilled.json", import.meta.url)),
);
for (const precision of ["f32", "f16"] as const) {
  Deno.test(`UNets of fewer blocks than their family's ${precision}`, async (t) => {
    const device = await testDevice();
    const goldens = await openTensors("distilled");
    for (const [seed, [name, { config, shapes }]] of Object.entries(distilled).entries()) {
      await t.step(name, async () => {
        const weights = new Weights(device, precision, "unet");
        const source = drawn(shapes, seed);
        const part = (what: string) => goldens.get(`${name}.${what}`)!;
        const ours = await evaluate(readUNet(config), weights, () => weights.load(source), part);
        const { values } = channelsLast(part("output"));
        assertClose(ours, values, SHARE[precision] * peak(values), 0);
        weights.release();
        const told = unetConfig(source, "sd2", 64);
        for (const key of ["mid_block_type", "layers_per_block", "down_block_types", "up_block_types"]) {
          assert.deepEqual(told[key], config[key], key);
        }
        const { reverse_transformer_layers_per_block: up } = config;
        assert.deepEqual(told.reverse_transformer_layers_per_block, up);
        assert.deepEqual(told.transformer_layers_per_block, config.transformer_layers_per_block ?? [1, 1]);
      });
    }
    assert.throws(
      () => readUNet({ ...distilled.ssd.config, reverse_transformer_layers_per_block: null }),
      /"reverse_transformer_layers_per_block" is .*for each level one or a list \(of 3, 3\)/,
    );
  });

  Deno.test(`UNet ${precision}`, async (t) => {
    const device = await testDevice();
    const [added, heat] = [await openTensors("residuals"), await openTensors("heat")];
    for (const model of MODELS) {
      const { checkpoint, cases, get } = await openGoldens(model);
      const network = readUNet(checkpoint.unet.config);
      const weights = new Weights(device, precision, "unet");
      const load = () => weights.load(checkpoint.unet.source);
      const judge = (ours: Float32Array, golden: Golden) => {
        const { values } = channelsLast(golden);
        assertClose(ours, values, SHARE[precision] * peak(values), 0);
      };
      for (const number of cases("unet")) {
        await t.step(`${model} ${number}`, async () => {
          const part = (name: string) => get(`unet.${number}.${name}`);
          judge(await evaluate(network, weights, load, part), part("output"));
        });
      }
      await t.step(`${model} with residuals`, async () => {
        const { values } = added.get(`${model}.shapes`)!;
        const features = Array.from(
          { length: values.length / 3 },
          (_, i) => residual(i, [...values.subarray(i * 3, i * 3 + 3)]),
        );
        const residuals = (g: Graph) => {
          const tensors = features.map(({ shape }, i): Tensor => g.input(`residual ${i}`, shape));
          return {
            recorded: {
              skips: tensors.slice(0, -1),
              middle: tensors[tensors.length - 1],
              strengths: tensors.map(() => 1),
            },
            fill: () => features.forEach(({ values }, i) => writeFloats(device, tensors[i], values)),
          };
        };
        const ours = await evaluate(network, weights, load, (name) => get(`unet.1.${name}`), { residuals });
        judge(ours, added.get(`${model}.output`)!);
      });
      await t.step(`${model} sees its tokens where diffusers does`, async () => {
        const token = (...at: number[]) =>
          Float32Array.from({ length: 77 }, (_, i) => at.includes(i) ? 1 / at.length : 0);
        await evaluate(network, weights, load, (name) => get(`unet.1.${name}`), {
          watch(g) {
            const sums = new HeatSums(g, [token(2), token(5, 6)]);
            return {
              watch: sums.watch,
              before: () => sums.clear(),
              async after(run) {
                run(5);
                for (const { height, width, layers, maps } of await sums.read()) {
                  const { values } = heat.get(`${model}.${height}x${width}`)!;
                  assert.equal(layers, heat.get(`${model}.layers.${height}x${width}`)!.values[0]);
                  assertClose(maps.flatMap((map) => [...map]), values, SHARE[precision] * peak(values), 0);
                }
                assert.equal(
                  sums.sums.length,
                  [...heat.keys()].filter((key) => key.startsWith(`${model}.layers`)).length,
                );
              },
            };
          },
        });
      });
      weights.release();
      checkpoint.close();
    }
  });
}
