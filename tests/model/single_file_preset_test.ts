import assert from "node:assert/strict";
import { openCheckpoint } from "../../src/model/checkpoint.ts";
import { convert, planConversion } from "../../src/model/convert.ts";
import { openTensors } from "../../src/formats/open_tensors.ts";
import { inFolder, type Written } from "./files.ts";
import { variant } from "./published.ts";

const NORM = "model.diffusion_model.output_blocks.11.1.transformer_blocks.0.norm1.bias";
const halves = (...values: number[]) => new Uint8Array(Float16Array.from(values).buffer);
const DETECTED: [
  what: string,
  base: string,
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
    const told = async (base: string, metadata: Record<string, string>) => {
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
