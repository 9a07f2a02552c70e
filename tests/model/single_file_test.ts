import assert from "node:assert/strict";
import { ModelError } from "../../src/errors.ts";
import { openCheckpoint } from "../../src/model/checkpoint.ts";
import type { Component } from "../../src/model/parts.ts";
import { BYTES } from "../../src/formats/dtype.ts";
import { openTensors } from "../../src/formats/open_tensors.ts";
import type { DType } from "../../src/formats/tensor_source.ts";
import type { SamplerName } from "../../src/sample/names.ts";
import { makeSchedule } from "../../src/sample/schedule.ts";
import { golden, inFolder, readAll, safetensors, type Written } from "./files.ts";
import { published, readGolden, variant } from "./published.ts";

type Fingerprint = [dtype: DType, shape: number[], sha256: string];
type Networks = Record<string, Record<string, Fingerprint>>;
const judged: Record<string, Networks> = await readGolden("single_files.json.gz");

const components = (
  model: { unet: Component; vae: Component; textEncoders: Component[] },
): Record<string, Component> => ({
  unet: model.unet,
  vae: model.vae,
  text_encoder: model.textEncoders[0],
  ...(model.textEncoders[1] ? { text_encoder_2: model.textEncoders[1] } : {}),
});

/** Every tensor of a file's networks against what diffusers makes of it. */
async function assertJudged(path: string, family: string): Promise<void> {
  const model = await openCheckpoint(path);
  assert.equal(model.family, family);
  const found = components(model);
  assert.deepEqual(Object.keys(found), Object.keys(judged[family]));
  for (const [part, tensors] of Object.entries(judged[family])) {
    const { source } = found[part];
    assert.deepEqual([...source.tensors.keys()].sort(), Object.keys(tensors).sort(), part);
    for (const [name, [dtype, shape, sha256]] of Object.entries(tensors)) {
      const info = source.tensors.get(name)!;
      const bytes = shape.reduce((n, s) => n * s, BYTES[dtype]);
      assert.deepEqual([info.dtype, info.shape, info.bytes], [dtype, shape, bytes], name);
      const digest = await crypto.subtle.digest("SHA-256", await readAll(source, name));
      assert.equal(new Uint8Array(digest).toHex().slice(0, 16), sha256, `${part} ${name}`);
    }
  }
  model.close();
}

const FILES: Record<string, string> = { sd1: "sd1.ckpt", sd2: "sd2.safetensors", sdxl: "sdxl.safetensors" };
for (const [family, file] of Object.entries(FILES)) {
  Deno.test(`${file}: every tensor is, bit for bit, what diffusers' conversion makes of it`, () =>
    inFolder(async (folder) => {
      await Deno.writeFile(`${folder}/${file}`, await golden(`io/${file}.gz`));
      await assertJudged(`${folder}/${file}`, family);
    }));
}

/** The golden file of a family, its tensors under other names; those that become undefined are left out. */
async function respelled(folder: string, family: string, name: (old: string) => string | undefined): Promise<string> {
  await Deno.writeFile(`${folder}/${FILES[family]}`, await golden(`io/${FILES[family]}.gz`));
  const source = await openTensors(`${folder}/${FILES[family]}`);
  const tensors: Record<string, Written> = {};
  for (const info of source.tensors.values()) {
    const to = name(info.name);
    if (to === undefined) continue;
    const data = await readAll(source, info.name);
    const turn = to.endsWith("text_projection.weight");
    tensors[to] = {
      dtype: info.dtype,
      shape: info.shape,
      data: turn ? turned(data, info.shape, BYTES[info.dtype]) : data,
    };
  }
  source.close();
  await Deno.writeFile(`${folder}/other.safetensors`, safetensors(tensors));
  return `${folder}/other.safetensors`;
}

/** A square matrix with rows and columns exchanged. */
function turned(bytes: Uint8Array, [rows, columns]: number[], size: number): Uint8Array {
  return bytes.map((_, i) => {
    const at = Math.floor(i / size);
    return bytes[((at % rows) * columns + Math.floor(at / rows)) * size + i % size];
  });
}

const ATTENTION: Record<string, string> = { q: "to_q", k: "to_k", v: "to_v", proj_out: "to_out.0", norm: "group_norm" };
const SPELLINGS: [what: string, family: string, name: (old: string) => string][] = [
  [
    "attention of the VAE under diffusers' names",
    "sd2",
    (old) => old.replace(/(?<=mid\.attn_1\.)(q|k|v|proj_out|norm)(?=\.)/, (part) => ATTENTION[part]),
  ],
  [
    "the text projection as a linear layer",
    "sdxl",
    (old) => old.replace(/text_projection$/, "text_projection.weight"),
  ],
  ["the UNet's prefix twice", "sd1", (old) => old.replace(/^model\.diffusion_model\./, "$&$&")],
  ["a wrapper's prefix before all names", "sd1", (old) => `module.${old}`],
  ["the text encoder's prefix twice", "sd1", (old) => old.replace(/^cond_stage_model\./, "$&$&")],
];
for (const [what, family, name] of SPELLINGS) {
  Deno.test(`${family} with ${what} is the same model`, () =>
    inFolder(async (folder) => await assertJudged(await respelled(folder, family, name), family)));
}

/** First and last timestep of 20 steps in diffusers 0.42.1, from the published folder's config of SD 1 and 2. */
const SPACING: [sampler: SamplerName, first: number, last: number][] = [
  ["euler", 999, 0],
  ["euler_a", 999, 0],
  ["dpm++2m", 999, 50],
  ["heun", 999, 0],
  ["lms", 999, 0],
  ["unipc", 999, 50],
  ["ddim", 951, 1],
  ["pndm", 951, 1],
];
for (const family of ["sd1", "sd2"]) {
  Deno.test(`a single file of ${family} visits the timesteps of each sampler's own class`, () =>
    inFolder(async (folder) => {
      await Deno.writeFile(`${folder}/${FILES[family]}`, await golden(`io/${FILES[family]}.gz`));
      const { scheduler, close } = await openCheckpoint(`${folder}/${FILES[family]}`);
      for (const [sampler, first, last] of SPACING) {
        const { timesteps } = makeSchedule(scheduler, sampler, 20);
        assert.deepEqual([timesteps[0], timesteps.at(-1)], [first, last], sampler);
      }
      close();
    }));
}

Deno.test("SDXL without its text projection is refused, and the key is named", () =>
  inFolder(async (folder) => {
    const path = await respelled(folder, "sdxl", (old) => old.endsWith("text_projection") ? undefined : old);
    await assert.rejects(openCheckpoint(path), (error) => {
      return error instanceof ModelError &&
        /lacks conditioner\.embedders\.1\.model\.text_projection/.test(error.message);
    });
  }));

Deno.test("a transposed and a fused tensor are read by ranges like any other", () =>
  inFolder(async (folder) => {
    await Deno.writeFile(`${folder}/x.safetensors`, await golden("io/sdxl.safetensors.gz"));
    const model = await openCheckpoint(`${folder}/x.safetensors`);
    const { source } = model.textEncoders[1];
    for (const name of ["text_projection.weight", "text_model.encoder.layers.1.self_attn.k_proj.weight"]) {
      const whole = await readAll(source, name);
      const part = new Uint8Array(37);
      await source.read(name, part, 25);
      assert.deepEqual(part, whole.subarray(25, 62), name);
    }
    model.close();
  }));

/** A file with these names and shapes in f16 whose data are a hole on the disk. */
async function writeSparse(path: string, shapes: Record<string, number[]>): Promise<void> {
  const header: Record<string, unknown> = {};
  let end = 0;
  for (const [name, shape] of Object.entries(shapes)) {
    header[name] = { dtype: "F16", shape, data_offsets: [end, end += shape.reduce((n, size) => n * size, 2)] };
  }
  const text = new TextEncoder().encode(JSON.stringify(header));
  const length = new Uint8Array(8);
  new DataView(length.buffer).setBigUint64(0, BigInt(text.length), true);
  await Deno.writeFile(path, new Uint8Array([...length, ...text]));
  await Deno.truncate(path, 8 + text.length + end);
}

for (const [family, { file, networks, unet, vae, texts }] of Object.entries(published)) {
  Deno.test(`${family} at its published size: names, shapes and configs are those of diffusers`, () =>
    inFolder(async (folder) => {
      const path = `${folder}/model.safetensors`;
      await writeSparse(path, file);
      const model = await openCheckpoint(path);
      assert.equal(model.family, family);
      for (const [part, { source, config }] of Object.entries(components(model))) {
        const shapes = Object.fromEntries([...source.tensors].map(([name, info]) => [name, info.shape]));
        assert.deepEqual(shapes, networks[part]);
        const golden = part === "unet" ? unet : part === "vae" ? vae : texts[part === "text_encoder" ? 0 : 1];
        for (const [key, value] of Object.entries(config)) {
          if (["architectures", "sample_size", "scaling_factor", "force_upcast"].includes(key)) continue;
          // The published SD 2 leaves out the last of its encoder's 24 layers.
          const expected = key === "num_hidden_layers" && family === "sd2" ? 23 : golden[key];
          if (key === "transformer_layers_per_block" && expected === 1) {
            assert.ok((value as number[]).every((n) => n === 1));
          } else if (key in golden) assert.deepEqual(value, expected, `${part} ${key}`);
        }
      }
      const last = model.unet.source.tensors.get("conv_out.weight")!;
      assert.equal((await readAll(model.unet.source, last.name)).length, last.bytes);
      model.close();
    }));
}

Deno.test("configs beside a file count where they fit; a file with another vocabulary needs them", () =>
  inFolder(async (folder) => {
    const path = `${folder}/x.safetensors`;
    await Deno.writeFile(path, await golden("io/sd2.safetensors.gz"));
    const alone = await openCheckpoint(path);
    const { unet, vae, textEncoders: [text] } = alone;
    const write = async (file: string, json: unknown) => {
      await Deno.mkdir(`${folder}/${file}`.replace(/\/[^/]*$/, ""), { recursive: true });
      await Deno.writeTextFile(`${folder}/${file}`, JSON.stringify(json));
    };
    await write("model_index.json", {});
    await write("unet/config.json", { ...unet.config, attention_head_dim: [2, 4], sample_size: 32 });
    await write("vae/config.json", { ...vae.config, scaling_factor: 0.5 });
    await write("text_encoder/config.json", { ...text.config, num_attention_heads: 2 });
    await write("scheduler/scheduler_config.json", {
      _class_name: "LMSDiscreteScheduler",
      prediction_type: "v_prediction",
    });
    await write("tokenizer/vocab.json", { "<|startoftext|>": 0, "<|endoftext|>": 1, "a</w>": 2 });
    await Deno.writeTextFile(`${folder}/tokenizer/merges.txt`, "");
    alone.close();

    const model = await openCheckpoint(path);
    assert.deepEqual(model.unet.config.attention_head_dim, [2, 4]);
    assert.deepEqual([model.vae.config.scaling_factor, model.textEncoders[0].config.num_attention_heads], [0.5, 2]);
    assert.deepEqual([model.scheduler._class_name, model.preset.width], ["LMSDiscreteScheduler", 64]);
    assert.deepEqual(model.tokenizers[0].encode("a a"), [2, 2]);
    model.close();

    await write("unet/config.json", { ...unet.config, block_out_channels: [320, 640] });
    const other = await openCheckpoint(path);
    assert.match(other.reason.join(" "), /of another model and are left aside/);
    assert.equal(other.tokenizers[0].eos, 49407);
    other.close();

    const table = "cond_stage_model.transformer.text_model.embeddings.token_embedding.weight";
    await variant(`${folder}/small.safetensors`, "sd1", (t) => t[table].shape = [600, 4]);
    await assert.rejects(openCheckpoint(`${folder}/small.safetensors`), /600 rows.*49408 tokens.*beside it/);
  }));

Deno.test("text encoders without text_model. get it, and averaged weights are left aside", () =>
  inFolder(async (folder) => {
    await variant(`${folder}/x.safetensors`, "sd1", (t) => {
      for (const name of Object.keys(t)) {
        if (!name.includes("text_model.")) continue;
        t[name.replace("text_model.", "")] = t[name];
        delete t[name];
      }
      t["model_ema.diffusion_modelinput_blocks00weight"] = { shape: [4] };
    });
    const model = await openCheckpoint(`${folder}/x.safetensors`);
    assert.ok(model.textEncoders[0].source.tensors.has("text_model.encoder.layers.11.mlp.fc2.bias"));
    assert.match(model.reason.join(" "), /averaged \(EMA\) weights.*plain ones/);
    model.close();
  }));

const FOREIGN: [names: string[], message: RegExp][] = [
  [["lora_unet_down_blocks_0_attentions_0.lora_up.weight"], /a LoRA/],
  [["control_model.time_embed.0.weight", "control_model.input_hint_block.0.weight"], /a ControlNet/],
  [["controlnet_cond_embedding.conv_in.weight", "down_blocks.0.resnets.0.conv1.weight"], /a ControlNet/],
  [["encoder.down.0.block.0.conv1.weight", "decoder.conv_in.weight"], /a VAE.*--vae/],
  [["decoder.up_blocks.0.resnets.0.conv1.weight"], /a VAE/],
  [["emb_params"], /textual inversion.*--embeddings/],
  [["down_blocks.0.resnets.0.conv1.weight"], /UNet without text encoder/],
  [["model.diffusion_model.input_blocks.0.0.weight"], /UNet without text encoder/],
  [["model.diffusion_model.double_blocks.0.img_attn.norm.key_norm.scale"], /a Flux model/],
  [["model.diffusion_model.joint_blocks.0.x"], /Stable Diffusion 3/],
  [["something.else"], /Its 1 tensors \(something\.else\) are none/],
];
for (const [names, message] of FOREIGN) {
  Deno.test(`${names[0]} as a model is refused for what it is`, () =>
    inFolder(async (folder) => {
      const path = `${folder}/x.safetensors`;
      await Deno.writeFile(path, safetensors(Object.fromEntries(names.map((name) => [name, { shape: [1] }]))));
      await assert.rejects(openCheckpoint(path), (error) => {
        assert.ok(error instanceof ModelError, String(error));
        assert.match(error.message, message);
        return true;
      });
    }));
}

Deno.test("the refiner as a single file is refused; a model without VAE takes one apart", () =>
  inFolder(async (folder) => {
    const path = `${folder}/x.safetensors`;
    await variant(path, "sdxl", (t) => {
      for (const name of Object.keys(t)) if (name.includes("embedders.0.")) delete t[name];
    });
    await assert.rejects(openCheckpoint(path), /refiner.*Use the base model/);
    await variant(path, "sd2", (t) => t["model.diffusion_model.label_emb.0.0.weight"] = { shape: [4, 4] });
    await assert.rejects(openCheckpoint(path), /is an unCLIP model/);

    const vae: Record<string, Written> = {};
    await variant(path, "sd1", (t) => {
      for (const name of Object.keys(t)) {
        if (!name.startsWith("first_stage_model.")) continue;
        vae[name.slice("first_stage_model.".length)] = t[name];
        delete t[name];
      }
    });
    await assert.rejects(openCheckpoint(path), /no VAE.*--vae/);
    await Deno.writeFile(`${folder}/vae.safetensors`, safetensors(vae));
    const model = await openCheckpoint(path, { vae: `${folder}/vae.safetensors` });
    assert.ok(model.vae.source.tensors.has("decoder.mid_block.attentions.0.to_out.0.weight"));
    assert.equal(model.vae.config.scaling_factor, 0.18215);
    model.close();
  }));
