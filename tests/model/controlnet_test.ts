import assert from "node:assert/strict";
import { BUNDLED_MODEL } from "../../src/assets.ts";
import { ModelError } from "../../src/errors.ts";
import type { TensorInfo, TensorSource } from "../../src/formats/tensor_source.ts";
import { viewOf } from "../../src/formats/view.ts";
import { controlNetBeside, openControlNet } from "../../src/model/controlnet_file.ts";
import { controlNetViews } from "../../src/model/controlnet_names.ts";
import { controlNetConfig } from "../../src/model/infer_config.ts";
import { golden, inFolder, safetensors, type Written } from "./files.ts";

interface Judged {
  /** Original name → diffusers' name. */
  file: Record<string, string>;
  /** By diffusers' names. */
  shapes: Record<string, number[]>;
  config: Record<string, unknown>;
}
const judged: Record<string, Judged> = JSON.parse(new TextDecoder().decode(await golden("io/controlnets.json.gz")));

/** A source of names and shapes, without numbers. */
function shapes(tensors: Record<string, number[]>): TensorSource {
  const infos = Object.entries(tensors).map(([name, shape]): [string, TensorInfo] => {
    return [name, { name, shape, dtype: "F16", bytes: 2 * shape.reduce((n, s) => n * s, 1), file: "c" }];
  });
  return { tensors: new Map(infos), describe: "c", close() {}, read: () => Promise.reject(new Error("no numbers")) };
}

Deno.test("blocks by numbers that no network has are refused, and not looked for one by one", () => {
  const first = "down_blocks.0.resnets.0.conv1.weight";
  for (const block of ["down_blocks.", "down_blocks.0.attentions.", "down_blocks.0.attentions.0.transformer_blocks."]) {
    const source = shapes({ [first]: [8, 8, 3, 3], [`${block}4000000000.weight`]: [8] });
    assert.throws(() => controlNetConfig(source, "sd1"), (error: Error) => {
      return error instanceof ModelError && error.message.includes(`has ${block}4000000000; supported: up to 63`);
    });
  }
});

/** Settings of a config that shape the network; the rest has one value in every ControlNet. */
const SHAPING = [
  "in_channels",
  "conditioning_channels",
  "conditioning_embedding_out_channels",
  "block_out_channels",
  "layers_per_block",
  "down_block_types",
  "mid_block_type",
  "attention_head_dim",
  "norm_num_groups",
  "addition_embed_type",
  "addition_time_embed_dim",
  "projection_class_embeddings_input_dim",
  "controlnet_conditioning_channel_order",
  "global_pool_conditions",
];

for (const [name, { file, shapes: own, config }] of Object.entries(judged)) {
  const family = name.slice(0, 4) === "sdxl" ? "sdxl" : name as "sd1" | "sd2";
  const pooled = family === "sdxl" ? 1280 : 0;
  for (const prefix of ["control_model.", "", "diffusers"]) {
    const what = prefix === "diffusers" ? "under diffusers' names" : `as the original code has it, prefix "${prefix}"`;
    Deno.test(`ControlNet ${name} ${what}: names, shapes and config are those of diffusers`, () => {
      const named = Object.entries(file).map(([old, to]) => [prefix === "diffusers" ? to : prefix + old, own[to]]);
      const whole = shapes(Object.fromEntries([...named, ["unrelated", [1]]]));
      const source = viewOf(whole, controlNetViews([...whole.tensors.keys()]));
      assert.deepEqual(Object.fromEntries([...source.tensors].map(([to, { shape }]) => [to, shape])), own);
      const found = controlNetConfig(source, family, pooled);
      for (const key of SHAPING) assert.deepEqual(found[key] ?? null, config[key] ?? null, key);
      if (name === "sdxl_small") return; // nothing attends, so that the rest is of no account
      for (const key of ["cross_attention_dim", "use_linear_projection"]) {
        assert.deepEqual(found[key], config[key], key);
      }
      const attends = (config.down_block_types as string[]).map((type) => type.startsWith("Cross"));
      const depths = [config.transformer_layers_per_block].flat() as number[];
      attends.forEach((yes, level) => {
        if (!yes) return;
        const found = (controlNetConfig(source, family, pooled).transformer_layers_per_block as number[])[level];
        assert.equal(found, depths[level] ?? depths[0], `depth of level ${level}`);
      });
    });
  }
}

const BASE = { family: "sd1", contextWidth: 768, pooledWidth: 0 } as const;
/** A ControlNet with the right names and the least of shapes. */
function tiny(width = 768): Record<string, Written> {
  const of = ([to, shape]: [string, number[]]): [string, Written] => {
    const cut = shape.map((n, axis) =>
      axis > 1 || n <= 4 ? n : n === 768 ? width : Math.max(1, Math.round(n / 32)) * 4
    );
    return [to, { dtype: "F16", shape: cut }];
  };
  return Object.fromEntries(Object.entries(judged.sd1.shapes).map(of));
}

Deno.test("a ControlNet's file opens with its config; one called shuffle pools what steers it", () =>
  inFolder(async (folder) => {
    for (
      const [name, pools] of [["canny.safetensors", false], ["control_v11e_sd15_shuffle.safetensors", true]] as const
    ) {
      await Deno.writeFile(`${folder}/${name}`, safetensors(tiny()));
      const { config, source } = await openControlNet(`${folder}/${name}`, BASE);
      assert.equal(config.global_pool_conditions, pools);
      assert.ok(source.tensors.has("controlnet_mid_block.weight"));
      source.close();
    }
  }));

Deno.test("a name is a ControlNet of the model's own folder, a path stays one, and what is neither is told from what there is", async () => {
  assert.equal(await controlNetBeside(BUNDLED_MODEL, "canny"), `${BUNDLED_MODEL}/canny`);
  assert.equal(await controlNetBeside(BUNDLED_MODEL, "./canny"), undefined);
  await assert.rejects(controlNetBeside(BUNDLED_MODEL, "unet"), /no ControlNet unet: .* has only canny\./);
  await inFolder(async (folder) => {
    await Deno.writeFile(`${folder}/sd15.safetensors`, new Uint8Array());
    await assert.rejects(controlNetBeside(`${folder}/sd15.safetensors`, "canny"), /has none\. Give its path/);
  });
});

const REFUSED: [what: string, tensors: Record<string, Written>, message: RegExp][] = [
  ["for SD 2 beside SD 1", tiny(1024), /is a ControlNet for SD 2, but the model is sd1, its text 768 wide/],
  ["a Control-LoRA", { lora_controlnet: { shape: [1] } }, /is a Control-LoRA, which/],
  ["a union ControlNet", { ...tiny(), task_embedding: { shape: [6, 4] } }, /is a union ControlNet/],
  ["a difference", { "control_model.time_embed.0.weight.diff": { shape: [1] } }, /only plain ControlNets/],
  ["a VAE", { "decoder.conv_in.weight": { shape: [4, 4, 3, 3] } }, /is no ControlNet\. It is a VAE/],
  [
    "cut off",
    { "controlnet_cond_embedding.conv_in.weight": { shape: [16, 3, 3, 3] } },
    /lacks .*, so its architecture/,
  ],
];
for (const [what, tensors, message] of REFUSED) {
  Deno.test(`as a ControlNet, one that is ${what} is refused for it`, () =>
    inFolder(async (folder) => {
      await Deno.writeFile(`${folder}/c.safetensors`, safetensors(tensors));
      await assert.rejects(openControlNet(`${folder}/c.safetensors`, BASE), (error) => {
        return error instanceof ModelError && message.test(error.message) && error.message.length < 300;
      });
    }));
}
