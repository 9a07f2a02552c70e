import assert from "node:assert/strict";
import { ModelError } from "../../src/errors.ts";
import { openCheckpoint } from "../../src/model/checkpoint.ts";
import { convert, planConversion } from "../../src/model/convert.ts";
import type { Component } from "../../src/model/parts.ts";
import { BYTES, toFloat32 } from "../../src/formats/dtype.ts";
import { openTensors } from "../../src/formats/open_tensors.ts";
import type { DType } from "../../src/formats/tensor_source.ts";
import type { SamplerName } from "../../src/sample/names.ts";
import { makeSchedule } from "../../src/sample/schedule.ts";
import { golden, inFolder, readAll, safetensors, withHeader, type Written } from "./files.ts";

type Fingerprint = [dtype: DType, shape: number[], sha256: string];
type Networks = Record<string, Record<string, Fingerprint>>;
interface Published {
  file: Record<string, number[]>;
  networks: Record<string, Record<string, number[]>>;
  unet: Record<string, unknown>;
  vae: Record<string, unknown>;
  texts: Record<string, unknown>[];
}

const read = async (name: string) => JSON.parse(new TextDecoder().decode(await golden(`io/${name}`)));
const judged: Record<string, Networks> = await read("single_files.json.gz");
const published: Record<string, Published> = await read("published.json.gz");

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

/**
 * A file with the published names of a family, some tensors added, changed or left out. Every axis is cut to four
 * numbers, but for those that tell families apart, the vocabulary and OpenCLIP's fused matrices, which must part in
 * three.
 */
async function variant(
  path: string,
  base: keyof typeof FILES,
  change: (tensors: Record<string, Written>) => void,
  metadata: Record<string, string> = {},
) {
  const tensors: Record<string, Written> = {};
  for (const [name, shape] of Object.entries(published[base].file)) {
    const telling = /input_blocks\.0\.0|attn2\.to_k|label_emb\.0\.0/.test(name);
    const first = name.endsWith("token_embedding.weight") ? Infinity : name.includes(".in_proj_") ? 6 : 4;
    const cut = shape.map((n, axis) => Math.min(n, axis === 0 ? first : telling ? Infinity : 4));
    tensors[name] = { dtype: "F16", shape: cut };
  }
  change(tensors);
  const notes = `{"__metadata__":${JSON.stringify(metadata)},`;
  await Deno.writeFile(path, safetensors(tensors, (header) => notes + header.slice(1)));
}

const NORM = "model.diffusion_model.output_blocks.11.1.transformer_blocks.0.norm1.bias";
const halves = (...values: number[]) => new Uint8Array(Float16Array.from(values).buffer);
const DETECTED: [
  what: string,
  base: keyof typeof FILES,
  file: string,
  change: (t: Record<string, Written>) => void,
  preset: string,
  prediction: string,
][] = [
  ["plain SD 1", "sd1", "x", () => {}, "sd15", "epsilon"],
  [
    "9 channels",
    "sd1",
    "x",
    (t) => t["model.diffusion_model.input_blocks.0.0.weight"].shape = [4, 9, 3, 3],
    "sd15-inpaint",
    "epsilon",
  ],
  [
    "SD 2 with a calm last norm",
    "sd2",
    "x",
    (t) => t[NORM] = { dtype: "F16", shape: [4], data: halves(0.08, -0.08, 0.08, -0.08) },
    "sd21-base",
    "epsilon",
  ],
  [
    "SD 2 with a spread last norm",
    "sd2",
    "x",
    (t) => t[NORM] = { dtype: "F16", shape: [4], data: halves(0.1, -0.1, 0.1, -0.1) },
    "sd21",
    "v_prediction",
  ],
  ["plain SDXL", "sdxl", "x", () => {}, "sdxl", "epsilon"],
  ["a name that sounds distilled", "sdxl", "hyperRealisticXL_v2", () => {}, "sdxl", "epsilon"],
  [
    "9 channels and v_pred",
    "sdxl",
    "x",
    (t) => {
      t["model.diffusion_model.input_blocks.0.0.weight"].shape = [4, 9, 3, 3];
      t.v_pred = { shape: [0] };
    },
    "sdxl-inpaint",
    "v_prediction",
  ],
  ["v_pred", "sdxl", "x", (t) => t.v_pred = { shape: [0] }, "sdxl-vpred", "v_prediction"],
  [
    "edm_mean",
    "sdxl",
    "x",
    (t) => Object.assign(t, { edm_mean: { shape: [1, 4, 1, 1] }, edm_std: { shape: [1, 4, 1, 1] } }),
    "playground-v2.5",
    "edm",
  ],
  [
    "edm_vpred.sigma_max",
    "sdxl",
    "x",
    (t) => t["edm_vpred.sigma_max"] = { shape: [], data: new Uint8Array(Float32Array.of(100).buffer) },
    "cosxl",
    "edm",
  ],
  ["the name sd_xl_turbo", "sdxl", "sd_xl_turbo_1.0_fp16", () => {}, "sdxl-turbo", "epsilon"],
  ["the name Lightning", "sdxl", "sdxl_lightning_1step_x0", () => {}, "sdxl-lightning-x0", "sample"],
  ["the name playground", "sdxl", "playground-v2.fp16", () => {}, "playground-v2", "epsilon"],
  ["the name IterComp", "sdxl", "IterComp", () => {}, "itercomp", "epsilon"],
  ["the name DreamShaper XL turbo", "sdxl", "DreamShaperXL_Turbo_v2", () => {}, "dreamshaper-xl-turbo", "epsilon"],
  ["a calm last norm and the name sd_turbo", "sd2", "sd_turbo", (t) => t[NORM] = { shape: [4] }, "sd-turbo", "epsilon"],
];
for (const [what, base, file, change, preset, prediction] of DETECTED) {
  Deno.test(`a single file with ${what} is ${preset}, and says why`, () =>
    inFolder(async (folder) => {
      await variant(`${folder}/${file}.safetensors`, base, change);
      const model = await openCheckpoint(`${folder}/${file}.safetensors`);
      assert.deepEqual([model.preset.name, model.preset.prediction], [preset, prediction]);
      assert.ok(model.reason.length >= 3, model.reason.join(" "));
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

Deno.test("ztsnr beside v_pred asks for a zero terminal SNR; CosXL and Playground v2.5 bring what EDM needs", () =>
  inFolder(async (folder) => {
    const path = `${folder}/x.safetensors`;
    await variant(path, "sdxl", (t) => Object.assign(t, { v_pred: { shape: [0] }, ztsnr: { shape: [0] } }));
    const zero = await openCheckpoint(path);
    assert.equal(zero.scheduler.rescale_betas_zero_snr, true);
    zero.close();
    const sigma = { shape: [], data: new Uint8Array(Float32Array.of(100).buffer) };
    await variant(path, "sdxl", (t) => t["edm_vpred.sigma_max"] = sigma);
    const cosine = await openCheckpoint(path);
    const { sigma_min, sigma_max, sigma_data } = cosine.scheduler;
    assert.deepEqual([sigma_min, sigma_max, sigma_data], [0.002, 100, 1]);
    assert.deepEqual([cosine.vae.config.scaling_factor, cosine.vae.config.latents_mean], [0.13025, undefined]);
    cosine.close();
    const mean = new Uint8Array(Float32Array.of(-1.5, 2, -1, 2.5).buffer);
    await variant(
      path,
      "sdxl",
      (t) => Object.assign(t, { edm_mean: { shape: [1, 4, 1, 1], data: mean }, edm_std: { shape: [1, 4, 1, 1] } }),
    );
    const playground = await openCheckpoint(path);
    assert.deepEqual([playground.vae.config.latents_mean, playground.vae.config.scaling_factor], [
      [-1.5, 2, -1, 2.5],
      0.5,
    ]);
    playground.close();
    await variant(path, "sdxl", () => {});
    const merged = await openCheckpoint(path, { preset: "playground-v2.5" });
    assert.deepEqual([merged.vae.config.scaling_factor, merged.vae.config.latents_std], [
      0.5,
      [8.4927, 5.9022, 6.5498, 5.2299],
    ]);
    assert.match(merged.reason.join(" "), /not in the file: Playground v2\.5's own/);
    merged.close();
  }));

for (const place of ["time_embed.", "time_embedding."]) {
  Deno.test(`a UNet with ${place}cond_proj takes the guidance as an input, as LCM's own do`, () =>
    inFolder(async (folder) => {
      const projection = { [`model.diffusion_model.${place}cond_proj.weight`]: { shape: [4, 8] } };
      await variant(`${folder}/x.safetensors`, "sd1", (t) => Object.assign(t, projection));
      await variant(`${folder}/plain.safetensors`, "sd1", () => {});
      const alone = { unet: `${folder}/x.safetensors` };
      for (
        const [path, options] of [[`${folder}/x.safetensors`, {}], [`${folder}/plain.safetensors`, alone]] as const
      ) {
        const { preset, unet, close } = await openCheckpoint(path, options);
        close();
        assert.deepEqual([preset.name, preset.cfgScale, unet.config.time_cond_proj_dim], ["lcm", 8, 8]);
        assert.ok(unet.source.tensors.has("time_embedding.cond_proj.weight"));
      }
    }));
}

Deno.test("what the file of a UNet that replaces the model's says of its prediction counts", () =>
  inFolder(async (folder) => {
    const [base, unet] = [`${folder}/x.safetensors`, `${folder}/other.safetensors`];
    await variant(base, "sdxl", () => {});
    const told = async (change: (t: Record<string, Written>) => void, metadata?: Record<string, string>) => {
      await variant(unet, "sdxl", change, metadata);
      const { preset: { name, prediction }, scheduler, reason, close } = await openCheckpoint(base, { unet });
      close();
      return [name, prediction, scheduler.rescale_betas_zero_snr, reason.join(" ").match(/by the UNet's [^.]*/)?.[0]];
    };
    assert.deepEqual((await told(() => {})).slice(0, 2), ["sdxl", "epsilon"]);
    const alone = (t: Record<string, Written>) => {
      for (const name of Object.keys(t)) {
        const own = name.match(/^model\.diffusion_model\.(.*)/)?.[1];
        if (own) t[own] = t[name];
        delete t[name];
      }
      Object.assign(t, { v_pred: { shape: [0] }, ztsnr: { shape: [0] } });
    };
    const why = "by the UNet's file, since it has the key v_pred and the key ztsnr";
    assert.deepEqual(await told(alone), ["sdxl-vpred", "v_prediction", true, why]);
    const noted = { "modelspec.prediction_type": "v" };
    const header = "by the UNet's file, since its header notes the prediction v";
    assert.deepEqual(await told(() => {}, noted), ["sdxl-vpred", "v_prediction", false, header]);
  }));

Deno.test("what a header notes of the prediction counts where no key says it, and before the spread of SD 2", () =>
  inFolder(async (folder) => {
    const told = async (base: keyof typeof FILES, metadata: Record<string, string>) => {
      await variant(`${folder}/x.safetensors`, base, () => {}, metadata);
      const { preset: { name, prediction }, scheduler, close } = await openCheckpoint(`${folder}/x.safetensors`);
      close();
      return [name, prediction, scheduler.rescale_betas_zero_snr];
    };
    const [trainer, comfy] = ["modelspec.prediction_type", "modelspec.predict_key"];
    assert.deepEqual(await told("sd1", { [trainer]: "epsilon" }), ["sd15", "epsilon", undefined]);
    assert.deepEqual(await told("sd1", { [trainer]: "v" }), ["sd15", "v_prediction", false]);
    assert.deepEqual(await told("sd2", { [trainer]: "v" }), ["sd21", "v_prediction", undefined]);
    assert.deepEqual(await told("sd2", { [comfy]: "epsilon" }), ["sd21-base", "epsilon", undefined]);
    assert.deepEqual(await told("sdxl", { [comfy]: "v" }), ["sdxl-vpred", "v_prediction", false]);
    // It goes along where the file is converted; a hash of what it was does not.
    await variant(`${folder}/x.safetensors`, "sdxl", () => {}, { [trainer]: "v", "modelspec.hash_sha256": "0x1" });
    const source = await openTensors(`${folder}/x.safetensors`);
    for (const format of ["gguf", "safetensors"] as const) {
      using out = await Deno.open(`${folder}/y.${format}`, { write: true, create: true });
      await convert(source, planConversion(source, format), format, async (bytes) => void await out.write(bytes));
      const again = await openTensors(`${folder}/y.${format}`);
      assert.deepEqual([again.metadata![trainer], again.metadata!["modelspec.hash_sha256"]], ["v", undefined]);
      again.close();
      const model = await openCheckpoint(`${folder}/y.${format}`);
      assert.equal(model.preset.name, "sdxl-vpred");
      model.close();
    }
    source.close();
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

Deno.test("embeddings become rows behind the vocabulary", () =>
  inFolder(async (folder) => {
    await Deno.writeFile(`${folder}/x.ckpt`, await golden("io/sd1.ckpt.gz"));
    await Deno.mkdir(`${folder}/embeddings`);
    const rows = Float32Array.from({ length: 16 }, (_, i) => i / 4);
    const learnt = { emb_params: { shape: [2, 8], data: new Uint8Array(rows.buffer) } };
    await Deno.writeFile(`${folder}/embeddings/mine.safetensors`, safetensors(learnt));
    await Deno.writeFile(`${folder}/embeddings/wide.safetensors`, safetensors({ emb_params: { shape: [1, 9] } }));
    const pair = { clip_g: { shape: [1, 12] }, clip_l: { shape: [1, 8] } };
    await Deno.writeFile(`${folder}/embeddings/sdxl.safetensors`, safetensors(pair));
    await Deno.writeTextFile(`${folder}/embeddings/cut.pt`, "");
    await Deno.mkdir(`${folder}/embeddings/negative`);
    const toy = safetensors({ "<cat-toy>": { shape: [8] } });
    await Deno.writeFile(`${folder}/embeddings/negative/bad hands (v2).safetensors`, toy);
    await Deno.writeFile(`${folder}/embeddings/negative/mine.safetensors`, safetensors(learnt));
    const huge = `{"emb_params":{"dtype":"F32","shape":[1000000,8],"data_offsets":[0,32000000]}}`;
    await Deno.writeFile(`${folder}/embeddings/huge.safetensors`, withHeader(huge, [new Uint8Array(32_000_000)]));
    const model = await openCheckpoint(`${folder}/x.ckpt`, { embeddings: `${folder}/embeddings` });
    const [{ source, config }] = model.textEncoders;
    const table = source.tensors.get("text_model.embeddings.token_embedding.weight")!;
    assert.deepEqual([table.shape, config.vocab_size], [[49411, 8], 49411]);
    assert.deepEqual([...model.tokenizers[0].embeddings], [
      ["mine", [49408, 49409]],
      ["bad hands (v2)", [49410]],
      ["<cat-toy>", [49410]],
    ]);
    const across = new Uint8Array(3 * 8 * 2);
    await source.read(table.name, across, 49407 * 16);
    assert.deepEqual(toFloat32(across.subarray(16), "F16"), rows);
    assert.match(
      model.reason.join(" "),
      new RegExp(
        "Left out: .*cut\\.pt.*huge.*it is no embedding.*negative/mine\\.safetensors has the name of .*sdxl.* 8 and 12 wide.*" +
          "wide\\.safetensors is an embedding 9 wide.*Embeddings: mine, bad hands \\(v2\\)",
      ),
    );
    model.close();
    const wrong = openCheckpoint(`${folder}/x.ckpt`, { embeddings: `${folder}/embeddings/wide.safetensors` });
    await assert.rejects(wrong, /9 wide; this model's text is 8/);

    await variant(`${folder}/small.safetensors`, "sd1", (t) => {
      for (const tensor of Object.values(t)) tensor.dtype = "F8_E4M3";
    });
    const four = safetensors({ emb_params: { shape: [4, 4], data: new Uint8Array(rows.buffer) } });
    await Deno.writeFile(`${folder}/four.safetensors`, four);
    const small = await openCheckpoint(`${folder}/small.safetensors`, { embeddings: `${folder}/four.safetensors` });
    const learntRows = new Uint8Array(4 * 4 * 4);
    await small.textEncoders[0].source.read(table.name, learntRows, 49408 * 4 * 4);
    assert.deepEqual(toFloat32(learntRows, "F32"), rows);
    small.close();
  }));
