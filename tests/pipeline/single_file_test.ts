/** A model in one file draws what diffusers draws with the same weights (tests/oracle/single_files.py). */
import assert from "@std/assert";
import { paint } from "../../src/generate.ts";
import { openCheckpoint } from "../../src/model/checkpoint.ts";
import { BYTES } from "../../src/formats/dtype.ts";
import type { TensorSource } from "../../src/formats/tensor_source.ts";
import { loadModel } from "../../src/pipeline/model.ts";
import { golden, inFolder, readAll, safetensors, tinyModel, type Written } from "../model/files.ts";
import { testDevice } from "../ops/harness.ts";
import { type Case, compare, verdict } from "./judge.ts";

/** Where a tensor of the file comes from: tensors of the folder one below the other, perhaps turned. */
interface Ingredient {
  shape: number[];
  parts: [component: string, name: string][];
  turned: boolean;
}

const pictures = new URL("../golden/pipeline/", import.meta.url).pathname;
const cases: Record<string, Case> = JSON.parse(Deno.readTextFileSync(`${pictures}cases.json`));
const recipes: Record<string, Record<string, Ingredient>> = JSON.parse(
  new TextDecoder().decode(await golden("io/recipes.json.gz")),
);

async function assemble(recipe: Record<string, Ingredient>, sources: Record<string, TensorSource>) {
  const tensors: Record<string, Written> = {};
  for (const [name, { shape, parts, turned }] of Object.entries(recipe)) {
    const infos = parts.map(([component, part]) => sources[component].tensors.get(part)!);
    const pieces = await Promise.all(parts.map(([component, part]) => readAll(sources[component], part)));
    const data = new Uint8Array(pieces.flatMap((piece) => [...piece]));
    tensors[name] = {
      dtype: infos[0].dtype,
      shape,
      data: turned ? turn(data, infos[0].shape, BYTES[infos[0].dtype]) : data,
    };
  }
  return safetensors(tensors);
}

function turn(data: Uint8Array, [rows, columns]: number[], size: number): Uint8Array {
  const out = new Uint8Array(data.length);
  for (let r = 0; r < rows; r++) {
    for (let c = 0; c < columns; c++) {
      const from = (r * columns + c) * size;
      out.set(data.subarray(from, from + size), (c * rows + r) * size);
    }
  }
  return out;
}

async function copyConfigs(from: string, to: string): Promise<void> {
  for await (const { name, isDirectory } of Deno.readDir(from)) {
    if (isDirectory) {
      await Deno.mkdir(`${to}/${name}`);
      await copyConfigs(`${from}/${name}`, `${to}/${name}`);
    } else if (!name.includes(".safetensors")) await Deno.copyFile(`${from}/${name}`, `${to}/${name}`);
  }
}

for (const [family, recipe] of Object.entries(recipes)) {
  Deno.test(`${family} as a single file draws diffusers' picture`, () =>
    inFolder(async (folder) => {
      const model = await openCheckpoint(tinyModel(family));
      const sources: Record<string, TensorSource> = { unet: model.unet.source, vae: model.vae.source };
      model.textEncoders.forEach(({ source }, i) => sources[i ? "text_encoder_2" : "text_encoder"] = source);
      // Widths are odd here: heads and groups come from the configs beside the file, as from_single_file had them.
      await copyConfigs(tinyModel(family), folder);
      await Deno.writeFile(`${folder}/model.safetensors`, await assemble(recipe, sources));
      model.close();
      const loaded = await loadModel(`${folder}/model.safetensors`, { type: "f32", device: await testDevice() });
      assert.match(loaded.checkpoint.reason.join(" "), /A single file.*Configs, scheduler and vocabulary/);
      const { image } = await paint(loaded, cases[`${family}_default`].options);
      loaded.close();
      assert.equal(verdict(await compare(image, `${pictures}${family}_default.png`), "f32"), undefined);
    }));
}
