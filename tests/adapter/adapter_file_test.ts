/**
 * Adapter files: what keys are called, what is said of files that do not fit, and what is left of weights that nothing
 * changes.
 */
import assert from "@std/assert";
import { Adapter } from "../../src/adapter/adapter_file.ts";
import { modulesOf, readKey } from "../../src/adapter/keys.ts";
import { merged } from "../../src/adapter/merged.ts";
import { AdapterShelf } from "../../src/adapter/shelf.ts";
import { openTensors } from "../../src/formats/open_tensors.ts";
import { openCheckpoint } from "../../src/model/checkpoint.ts";
import { readFloats } from "../../src/nn/weights.ts";
import { type AdapterSpec, adapterSpecs, writeAdapter } from "../pipeline/adapter_files.ts";

const golden = new URL("../golden", import.meta.url).pathname;

Deno.test("keys of every naming find their module", async () => {
  using model = await opened("sd1");
  const find = { unet: modulesOf(model.bases.unet), text_encoder: modulesOf(model.bases.text_encoder) };
  const block = "down_blocks.0.attentions.0.transformer_blocks.0.attn1";
  const cases: [key: string, role: string, module: string][] = [
    ["lora_unet_down_blocks_0_attentions_0_transformer_blocks_0_attn1_to_q.lora_down.weight", "down", `${block}.to_q`],
    ["lora_unet_input_blocks_1_1_transformer_blocks_0_attn1_to_out_0.lora_up.weight", "up", `${block}.to_out.0`],
    [`unet.${block}.to_out.0.lora_A.weight`, "down", `${block}.to_out.0`],
    [`unet.${block}.processor.to_out_lora.up.weight`, "up", `${block}.to_out.0`],
    [`base_model.model.${block}.to_v.lora_B.default.weight`, "up", `${block}.to_v`],
    ["diffusion_model.input_blocks.1.1.transformer_blocks.0.attn1.to_k.lora_A.weight", "down", `${block}.to_k`],
    ["lora_unet_middle_block_0_in_layers_2.alpha", "alpha", "mid_block.resnets.0.conv1"],
    ["lora_unet_time_embed_0.dora_scale", "magnitude", "time_embedding.linear_1"],
    ["lora_unet_input_blocks_2_0_op.hada_w1_a", "hada_w1_a", "down_blocks.0.downsamplers.0.conv"],
    ["lora_unet_out_2.lokr_w2_b", "lokr_w2_b", "conv_out"],
    [
      "lora_te_text_model_encoder_layers_1_mlp_fc1.lora_down.weight",
      "down",
      "text_model.encoder.layers.1.mlp.fc1",
    ],
    [
      "text_encoder.text_model.encoder.layers.0.self_attn.q_proj.lora_linear_layer.up.weight",
      "up",
      "text_model.encoder.layers.0.self_attn.q_proj",
    ],
    [
      "text_encoder.text_model.encoder.layers.0.self_attn.to_out_lora.down.weight", // DIFFUSERS_OLD of diffusers
      "down",
      "text_model.encoder.layers.0.self_attn.out_proj",
    ],
    ["lora_te1_encoder_layers_0_self_attn_out_proj.alpha", "alpha", "text_model.encoder.layers.0.self_attn.out_proj"],
  ];
  for (const [name, role, module] of cases) {
    const key = readKey(name)!;
    assert.equal(key.role, role, name);
    assert.equal(find[key.part as keyof typeof find](key.module), module, name);
  }
});

Deno.test("a file that does not fit says what it is", async () => {
  using model = await opened("sd1");
  const specs = adapterSpecs(golden);
  const refused = async (spec: AdapterSpec["tensors"], said: RegExp) => {
    await writeAdapter(`${model.folder}/strange.safetensors`, { seed: 1, tensors: spec });
    await assert.rejects(() => Adapter.open(`${model.folder}/strange.safetensors`, model.bases), said);
  };
  const q = "lora_unet_down_blocks_0_attentions_0_transformer_blocks_0_attn1_to_q";
  await refused(specs.xl.tensors, /does not fit this model: .*It is a LoRA for SDXL\.$/);
  await refused([["transformer.single_transformer_blocks.0.attn.to_q.lora_A.weight", [4, 8], 1]], /LoRA for Flux/);
  await refused([["string_to_param", [2, 32], 1]], /textual inversion/);
  await refused([["conv_in.weight", [16, 4, 3, 3], 1]], /conv_in\.weight belong to nothing/);
  await refused([[`${q}.lora_down.weight`, [2, 16], 1]], /stands alone/);
  await refused(
    [[`${q}.lora_down.weight`, [2, 24], 1], [`${q}.lora_up.weight`, [16, 2], 1]],
    /makes 16 × 24, .*16, 16/,
  );
  await refused([[`${q}.lora_down.weight`, [2, 16], 1], [`${q}.lora_up.weight`, [16, 3], 1]], /make no whole adapter/);
  const conv = "lora_unet_down_blocks_0_resnets_0_conv1";
  await refused(
    [[`${conv}.lora_down.weight`, [2, 16, 1, 1], 1], [`${conv}.lora_up.weight`, [16, 2, 1, 1], 1], [
      `${conv}.lora_mid.weight`,
      [2, 2, 1, 1],
      1,
    ]],
    /makes 16 × 16, .*16, 16, 3, 3/,
  );
  await refused([["unet.conv_in.lora_B.bias", [16], 1]], /conv_in\.lora_B\.bias stands alone/);
  await refused([[`${q}.oft_blocks`, [4, 4, 4], 1]], /OFT/);
});

Deno.test("what is merged has its own identity; what nothing changes keeps its numbers, and strength 0 changes nothing", async () => {
  using model = await opened("sd1");
  await writeAdapter(`${model.folder}/kohya.safetensors`, adapterSpecs(golden).kohya);
  const shelf = new AdapterShelf(model.bases, [model.folder]);
  const adapter = await shelf.find("Kohya");
  const { unet } = model.bases;
  assert.equal(merged(unet, "unet", [{ adapter, weight: 0 }]), unet);
  const [weak, strong] = [0.5, 1].map((weight) => merged(unet, "unet", [{ adapter, weight }]));
  assert.notEqual(weak.identity, strong.identity);
  const same = "conv_in.weight";
  assert.deepEqual(await readFloats(weak, weak.tensors.get(same)!), await readFloats(unet, unet.tensors.get(same)!));
  // Read in pieces it is what it is at once.
  const name = "mid_block.attentions.0.transformer_blocks.0.attn2.to_k.weight";
  const told = (name: string) => [strong.tensors.get(name)!.file, strong.tensors.get(name)!.added];
  assert.deepEqual(told(name), [unet.tensors.get(name)!.file, "kohya"]);
  assert.deepEqual(told(same), [unet.tensors.get(same)!.file, undefined]);
  const whole = await readFloats(strong, strong.tensors.get(name)!);
  const piece = new Uint8Array(64);
  await strong.read(name, piece, 128);
  assert.deepEqual(new Float32Array(piece.buffer), whole.slice(32, 48));
  await assert.rejects(() => shelf.find("kohja"), /no LoRA kohja in .*Did you mean "kohya"/);
  await Deno.rename(`${model.folder}/kohya.safetensors`, `${model.folder}/kohja.safetensors`);
  assert.equal((await shelf.find("kohja")).hash, adapter.hash); // it has come meanwhile
  shelf.close();
});

Deno.test("DoRA as PEFT saves it gives every output of a convolution its length", async () => {
  using model = await opened("sd1");
  const name = "down_blocks.0.resnets.0.conv1";
  const [out, ...inner] = model.bases.unet.tensors.get(`${name}.weight`)!.shape;
  const path = `${model.folder}/dora.safetensors`;
  await writeAdapter(path, {
    seed: 3,
    tensors: [
      [`unet.${name}.lora_A.weight`, [2, ...inner], 0.3],
      [`unet.${name}.lora_B.weight`, [out, 2, 1, 1], 0.3],
      [`unet.${name}.lora_magnitude_vector`, [1, out, 1, 1], 0.1],
    ],
    about: { lora_magnitude_vector: 0.6 },
  });
  const adapter = await Adapter.open(path, model.bases);
  const file = await openTensors(path);
  const lengths = await readFloats(file, file.tensors.get(`unet.${name}.lora_magnitude_vector`)!);
  const source = merged(model.bases.unet, "unet", [{ adapter, weight: 1 }]);
  const weight = await readFloats(source, source.tensors.get(`${name}.weight`)!);
  const size = weight.length / out;
  for (let row = 0; row < out; row++) {
    const length = Math.hypot(...weight.subarray(row * size, (row + 1) * size));
    assert.ok(Math.abs(length - lengths[row]) < 1e-5, `output ${row}: ${length}, expected ${lengths[row]}`); // f32
  }
  file.close();
  adapter.close();
});

Deno.test("a config's α by names of modules holds there; by a regular expression it is refused", async () => {
  using model = await opened("sd1");
  const name = "conv_in";
  const [out, ...inner] = model.bases.unet.tensors.get(`${name}.weight`)!.shape;
  const change = async (alpha_pattern: Record<string, number>) => {
    const path = `${model.folder}/adapter_model.safetensors`;
    await writeAdapter(path, {
      seed: 3,
      tensors: [[`${name}.lora_A.weight`, [2, ...inner], 0.3], [`${name}.lora_B.weight`, [out, 2, 1, 1], 0.3]],
    });
    await Deno.writeTextFile(`${model.folder}/adapter_config.json`, JSON.stringify({ lora_alpha: 2, alpha_pattern }));
    const adapter = await Adapter.open(path, model.bases);
    const base = { shape: [out, ...inner], values: new Float32Array(out * inner[0] * inner[1] * inner[2]) };
    const made = await adapter.change("unet", `${name}.weight`, base, 1);
    adapter.close();
    return made!;
  };
  const plain = await change({});
  for (const pattern of ["conv_in", "^conv_in", "conv_in$"]) {
    assert.deepEqual(await change({ [pattern]: 8 }), plain.map((value) => value * 4), pattern);
  }
  assert.deepEqual(await change({ "^in": 8 }), plain);
  await assert.rejects(() => change({ "conv_(in|out)": 8 }), /α by the pattern conv_\(in\|out\), a regular expression/);
});

/** A tiny model's sources, and a folder of its own. */
async function opened(name: string) {
  const checkpoint = await openCheckpoint(`${golden}/models/${name}`);
  const folder = await Deno.makeTempDir();
  return {
    folder,
    bases: { unet: checkpoint.unet.source, text_encoder: checkpoint.textEncoders[0].source },
    [Symbol.dispose]() {
      checkpoint.close();
      Deno.removeSync(folder, { recursive: true });
    },
  };
}
