import assert from "node:assert/strict";
import { ModelError } from "../../src/errors.ts";
import { openCheckpoint } from "../../src/model/checkpoint.ts";
import { chooseWeights } from "../../src/hub/weight_names.ts";
import { golden, inFolder, readAll, safetensors, tinyModel } from "./files.ts";

/** Copies a tiny model, so that a test may spoil it. */
async function copyModel(name: string, folder: string): Promise<string> {
  const to = `${folder}/${name}`;
  const copy = async (from: string, to: string) => {
    await Deno.mkdir(to);
    for await (const { name, isDirectory } of Deno.readDir(from)) {
      await (isDirectory ? copy : Deno.copyFile)(`${from}/${name}`, `${to}/${name}`);
    }
  };
  await copy(tinyModel(name), to);
  return to;
}

const edit = async (path: string, change: (json: Record<string, unknown>) => void) => {
  const json = JSON.parse(await Deno.readTextFile(path));
  change(json);
  await Deno.writeTextFile(path, JSON.stringify(json));
};

Deno.test("SD 1: plain files, published text names", async () => {
  const model = await openCheckpoint(tinyModel("sd1"));
  assert.deepEqual([model.family, model.preset.prediction, model.preset.width, model.tokenizers[0].pad], [
    "sd1",
    "epsilon",
    128,
    599,
  ]);
  assert.ok(model.unet.source.tensors.has("down_blocks.0.resnets.0.conv1.weight"));
  assert.ok(model.textEncoders[0].source.tensors.has("text_model.encoder.layers.0.self_attn.q_proj.weight"));
  assert.equal(model.scheduler._class_name, "PNDMScheduler");
  model.close();
});

Deno.test("SD 2: fp16 variant files, v-prediction, pads with 0; names without text_model. get it", async () => {
  const model = await openCheckpoint(tinyModel("sd2"));
  assert.deepEqual([model.family, model.preset.prediction, model.tokenizers[0].pad], ["sd2", "v_prediction", 0]);
  assert.ok(model.textEncoders[0].source.tensors.has("text_model.embeddings.token_embedding.weight"));
  model.close();
});

Deno.test("SDXL: two encoders, a sharded UNet read across its files", async () => {
  const model = await openCheckpoint(tinyModel("sdxl") + "/");
  assert.deepEqual([model.family, model.name, model.preset.forceZerosForEmptyPrompt], ["sdxl", "sdxl", true]);
  assert.deepEqual(model.tokenizers.map(({ pad }) => pad), [599, 0]);
  const files = new Set([...model.unet.source.tensors.values()].map(({ file }) => file));
  assert.equal(files.size, 3);
  for (const name of ["conv_in.weight", "conv_out.weight"]) {
    assert.ok((await readAll(model.unet.source, name)).some((byte) => byte !== 0));
  }
  model.close();
});

Deno.test("the index says whether a text encoder has a projection, as in diffusers, also where its config does not", () =>
  inFolder(async (folder) => {
    const path = await copyModel("sdxl", folder);
    const file = `${path}/text_encoder_2/config.json`;
    const { architectures: _, ...config } = JSON.parse(await Deno.readTextFile(file));
    await Deno.writeTextFile(file, JSON.stringify(config));
    const model = await openCheckpoint(path);
    assert.deepEqual(model.textEncoders[1].config.architectures, ["CLIPTextModelWithProjection"]);
    model.close();
  }));

Deno.test("what a user overrules is said, and counts", async () => {
  const options = { prediction: "v", zsnr: true, preset: "sdxl-turbo" } as const;
  const model = await openCheckpoint(tinyModel("sdxl"), options);
  assert.deepEqual([model.preset.name, model.preset.width, model.preset.cfgScale], ["sdxl-turbo", 512, 0]);
  assert.deepEqual([model.preset.prediction, model.scheduler.rescale_betas_zero_snr], ["v_prediction", true]);
  assert.match(model.reason.join(" "), /Preset sdxl-turbo: as asked.*Predicts v: as asked.*Zero terminal SNR/);
  model.close();
  await assert.rejects(openCheckpoint(tinyModel("sd1"), { preset: "sdxl" }), /sd1.*Presets for it: sd15/);
  await assert.rejects(openCheckpoint(tinyModel("sd1"), { preset: "sd51" }), /Did you mean "sd15"/);
});

Deno.test("the name of a UNet that replaces the model's says what the model's own scheduler cannot know", () =>
  inFolder(async (folder) => {
    await Deno.rename(await copyModel("sdxl", folder), `${folder}/some_vpred`);
    const model = await openCheckpoint(tinyModel("sdxl"), { unet: `${folder}/some_vpred` });
    const { preset, scheduler, reason } = model;
    assert.deepEqual([preset.name, preset.prediction, preset.width], ["sdxl-vpred", "v_prediction", 1024]);
    assert.equal(scheduler.timestep_spacing, "trailing");
    assert.match(reason.join(" "), /Preset sdxl-vpred .*by the UNet's name "some_vpred"/);
    model.close();
    await Deno.rename(`${folder}/some_vpred`, `${folder}/sdxl_lightning_8step_unet`);
    const fast = await openCheckpoint(tinyModel("sdxl"), { unet: `${folder}/sdxl_lightning_8step_unet` });
    assert.deepEqual([fast.preset.name, fast.preset.steps], ["sdxl-lightning", 8]);
    fast.close();
  }));

const FEW_STEPS: [model: string, scheduler: string, preset: string][] = [
  ["sd1", "DDIM", "hyper-sd15"],
  ["sd1", "LCM", "lcm"],
  ["sdxl", "EulerDiscrete", "sdxl-lightning"],
  ["sdxl", "EulerAncestralDiscrete", "sdxl-turbo"],
  ["sdxl", "DDIM", "hyper-sdxl"],
  ["sdxl", "LCM", "lcm-sdxl"],
];
Deno.test("few-step models are told by their scheduler; many steps, zero SNR and a name say otherwise", () =>
  inFolder(async (folder) => {
    const preset = async (path: string, scheduler: Record<string, unknown>) => {
      await Deno.writeTextFile(`${path}/scheduler/scheduler_config.json`, JSON.stringify(scheduler));
      const model = await openCheckpoint(path);
      model.close();
      return model.preset.name;
    };
    for (const name of ["sd1", "sdxl"]) await copyModel(name, folder);
    for (const [model, name, expected] of FEW_STEPS) {
      const scheduler = { _class_name: `${name}Scheduler`, timestep_spacing: "trailing" };
      assert.equal(await preset(`${folder}/${model}`, scheduler), expected);
    }
    const euler = { _class_name: "EulerDiscreteScheduler", timestep_spacing: "trailing" };
    assert.equal(await preset(`${folder}/sdxl`, { ...euler, timestep_spacing: "leading" }), "sdxl");
    assert.equal(await preset(`${folder}/sdxl`, { ...euler, rescale_betas_zero_snr: true }), "sdxl");
    assert.equal(await preset(`${folder}/sdxl`, { ...euler, prediction_type: "v_prediction" }), "sdxl-vpred");
    const edm = { _class_name: "EDMEulerScheduler", prediction_type: "epsilon" };
    assert.equal(await preset(`${folder}/sdxl`, edm), "playground-v2.5");
    assert.equal(await preset(`${folder}/sdxl`, { ...edm, prediction_type: "v_prediction" }), "cosxl");
    await Deno.rename(`${folder}/sdxl`, `${folder}/DreamShaper-XL-Turbo`);
    assert.equal(await preset(`${folder}/DreamShaper-XL-Turbo`, euler), "dreamshaper-xl-turbo");
  }));

Deno.test("a VAE of another folder replaces the model's", async () => {
  const model = await openCheckpoint(tinyModel("sd1"), { vae: tinyModel("sd2") });
  assert.deepEqual(model.vae.config.block_out_channels, [8, 12, 16]);
  model.close();
});

Deno.test("old VAE names and .bin files are read", () =>
  inFolder(async (folder) => {
    const path = await copyModel("sd1", folder);
    const old = {
      "encoder.mid_block.attentions.0.query.weight": { shape: [4, 4] },
      "encoder.mid_block.attentions.0.proj_attn.bias": { shape: [4] },
    };
    await Deno.writeFile(`${path}/vae/diffusion_pytorch_model.safetensors`, safetensors(old));
    const model = await openCheckpoint(path);
    assert.deepEqual([...model.vae.source.tensors.keys()], [
      "encoder.mid_block.attentions.0.to_q.weight",
      "encoder.mid_block.attentions.0.to_out.0.bias",
    ]);
    model.close();
  }));

Deno.test("weights: safetensors before .bin, the wanted variant, then none, then fp16; shards by their index", () => {
  const choose = (names: string, variant?: string) => chooseWeights(new Set(names.split(" ")), variant);
  assert.equal(choose("model.fp16.safetensors model.safetensors pytorch_model.bin"), "model.safetensors");
  assert.equal(choose("model.fp16.safetensors model.safetensors", "fp16"), "model.fp16.safetensors");
  assert.equal(choose("model.non_ema.safetensors model.fp16.safetensors"), "model.fp16.safetensors");
  assert.equal(choose("pytorch_model.bin pytorch_model.fp16.bin config.json"), "pytorch_model.bin");
  assert.equal(
    choose(
      "diffusion_pytorch_model.fp16-00001-of-00002.safetensors diffusion_pytorch_model.safetensors.index.fp16.json",
    ),
    "diffusion_pytorch_model.safetensors.index.fp16.json",
  );
  assert.equal(choose("config.json README.md"), undefined);
});

const SPOILED: [what: string, spoil: (path: string) => Promise<void>, message: RegExp][] = [
  ["no model_index.json", (p) => Deno.remove(`${p}/model_index.json`), /no model_index\.json.*It holds scheduler/],
  ["wrong JSON", (p) => Deno.writeTextFile(`${p}/unet/config.json`, "{"), /unet\/config\.json is not valid JSON/],
  ["no config", (p) => Deno.remove(`${p}/vae/config.json`), /vae\/config\.json does not exist/],
  [
    "no weights",
    (p) => Deno.remove(`${p}/vae/diffusion_pytorch_model.safetensors`),
    /vae has no weights: expected .*found config\.json/,
  ],
  ["no vocabulary", (p) => Deno.remove(`${p}/tokenizer/vocab.json`), /vocab\.json does not exist/],
  [
    "merges that are none",
    (p) => Deno.writeTextFile(`${p}/tokenizer/merges.txt`, "#version\na b\nabc\n"),
    /merges\.txt has the merge "abc"/,
  ],
  [
    "another network",
    (p) => edit(`${p}/model_index.json`, (j) => j.unet = ["diffusers", "FluxTransformer2DModel"]),
    /unet is FluxTransformer2DModel/,
  ],
  [
    "a scheduler of no name",
    (p) => edit(`${p}/scheduler/scheduler_config.json`, (j) => j._class_name = ["PNDM"]),
    /scheduler config has the class \["PNDM"\]/,
  ],
  ["no text encoder", (p) => edit(`${p}/model_index.json`, (j) => delete j.text_encoder), /text_encoder is missing/],
  ["eight channels", (p) => edit(`${p}/unet/config.json`, (j) => j.in_channels = 8), /8 channels.*instruct-pix2pix/],
];
for (const [what, spoil, message] of SPOILED) {
  Deno.test(`a folder with ${what} is refused, and the file named`, () =>
    inFolder(async (folder) => {
      const path = await copyModel("sd1", folder);
      await spoil(path);
      await assert.rejects(openCheckpoint(path), (error) => {
        assert.ok(error instanceof ModelError, String(error));
        assert.match(error.message, message);
        return true;
      });
    }));
}

Deno.test("an index that points out of its folder, or to a shard without the tensor, is refused", () =>
  inFolder(async (folder) => {
    const path = await copyModel("sdxl", folder);
    const index = `${path}/unet/diffusion_pytorch_model.safetensors.index.json`;
    const change = (file: string) =>
      edit(index, (json) => (json.weight_map as Record<string, string>)["conv_in.weight"] = file);
    await change("../vae/diffusion_pytorch_model.safetensors");
    await assert.rejects(openCheckpoint(path), /conv_in\.weight into ".*expected a file beside it/);
    await change("diffusion_pytorch_model-00003-of-00003.safetensors");
    await assert.rejects(openCheckpoint(path), /conv_in\.weight into .*which does not hold it/);
  }));

Deno.test("the refiner, a part of a model, a missing path and a loop of links are told apart", () =>
  inFolder(async (folder) => {
    const path = await copyModel("sdxl", folder);
    await edit(`${path}/model_index.json`, (json) => json.text_encoder = [null, null]);
    await assert.rejects(openCheckpoint(path), /refiner.*Use the base model/);
    await assert.rejects(openCheckpoint(`${path}/vae`), /AutoencoderKL: one network of a model/);
    await edit(`${path}/vae/config.json`, (json) => json._class_name = "ControlNetModel");
    await assert.rejects(openCheckpoint(`${path}/vae`), /ControlNetModel: it steers.*--control-net/);
    await assert.rejects(openCheckpoint(`${path}/nowhere`), /does not exist/);
    await Deno.symlink("b", `${folder}/a`);
    await Deno.symlink("a", `${folder}/b`);
    await assert.rejects(openCheckpoint(`${folder}/a`), /loop of symbolic links/);
    await assert.rejects(openCheckpoint("/dev/null"), /not a regular file/);
  }));

Deno.test("a folder of models offers those that can draw, in folders within it too, and no LoRA", () =>
  inFolder(async (folder) => {
    await Deno.mkdir(`${folder}/sdxl/by me`, { recursive: true });
    await Deno.mkdir(`${folder}/.cache`);
    const lora = safetensors({ "lora_unet_down_blocks_0_attentions_0.lora_up.weight": { shape: [2, 2] } });
    await Deno.writeFile(`${folder}/sdxl/detail.safetensors`, lora);
    await Deno.writeFile(`${folder}/broken.ckpt`, new Uint8Array(100));
    const offers = () =>
      openCheckpoint(folder).then(() => "opened", (error) => (error as Error).message.slice(folder.length));
    assert.match(await offers(), /It holds only LoRAs, which change a model\.$/);
    await Deno.writeFile(`${folder}/sdxl/by me/dream.safetensors`, await golden("io/sdxl.safetensors.gz"));
    await Deno.writeFile(`${folder}/.cache/hidden.safetensors`, await golden("io/sd2.safetensors.gz"));
    await copyModel("sd1", folder);
    await Deno.writeFile(
      `${folder}/vae.safetensors`,
      safetensors({ "decoder.conv_in.weight": { shape: [4, 4, 3, 3] } }),
    );
    assert.match(await offers(), /Give one of the models in it: sd1, sdxl\/by me\/dream\.safetensors\.$/);
  }));

Deno.test("a file that its owner keeps from this user is named", async () => {
  // Root, as in containers, may read everything: so the system's answer is played.
  const { open } = Deno;
  Deno.open = () => Promise.reject(new Deno.errors.PermissionDenied("Permission denied (os error 13)"));
  try {
    await assert.rejects(openCheckpoint(tinyModel("sd1")), /sd1\/model_index\.json may not be read by this user/);
  } finally {
    Deno.open = open;
  }
});

Deno.test("a file that Deno was not allowed to read is named", async () => {
  const code = `import { openCheckpoint } from "${new URL("../../src/model/checkpoint.ts", import.meta.url)}";
    await openCheckpoint("${tinyModel("sd1")}").catch((error) => console.log(error.name, error.message));`;
  const allowed = `--allow-read=${tinyModel("sd1")}/model_index.json`;
  const child = new Deno.Command(Deno.execPath(), {
    args: ["run", "--no-prompt", allowed, "-"],
    stdin: "piped",
    stdout: "piped",
  }).spawn();
  const writer = child.stdin.getWriter();
  await writer.write(new TextEncoder().encode(code));
  await writer.close();
  const { stdout } = await child.output();
  assert.match(new TextDecoder().decode(stdout), /ModelError .*sd1.* may not be read/);
});
