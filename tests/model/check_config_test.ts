import assert from "node:assert/strict";
import { ModelError } from "../../src/errors.ts";
import { openCheckpoint } from "../../src/model/checkpoint.ts";
import { CONFIG_RANGES } from "../../src/limits.ts";
import { inFolder, tinyModel } from "./files.ts";

/** A copy of a tiny model with one value of one JSON file changed. */
async function spoilt(folder: string, file: string, key: string, value: unknown): Promise<string> {
  for (const from of Deno.readDirSync(tinyModel("sd1"))) {
    if (!from.isDirectory) {
      Deno.copyFileSync(`${tinyModel("sd1")}/${from.name}`, `${folder}/${from.name}`);
      continue;
    }
    Deno.mkdirSync(`${folder}/${from.name}`, { recursive: true });
    for (const { name } of Deno.readDirSync(`${tinyModel("sd1")}/${from.name}`)) {
      Deno.copyFileSync(`${tinyModel("sd1")}/${from.name}/${name}`, `${folder}/${from.name}/${name}`);
    }
  }
  const config = JSON.parse(await Deno.readTextFile(`${folder}/${file}`));
  const text = JSON.stringify({ ...config, [key]: "@" }).replace(
    '"@"',
    value === Infinity ? "Infinity" : JSON.stringify(value),
  );
  await Deno.writeTextFile(`${folder}/${file}`, text);
  return folder;
}

const nested = (depth: number): unknown => depth ? [nested(depth - 1), "x".repeat(1000)] : 1;
const absurd = [1e9, 1e300, Infinity, 1.5, -1, "8", {}, [], Array(1000).fill(1), nested(20)];

/** Every count that each network's config has, and values that no network has. */
for (const part of ["unet", "vae", "text_encoder"]) {
  Deno.test(`absurd values in the config of the ${part} are refused in one short line`, () =>
    inFolder(async (folder) => {
      const config = JSON.parse(await Deno.readTextFile(`${tinyModel("sd1")}/${part}/config.json`));
      for (const key of Object.keys(CONFIG_RANGES).filter((key) => config[key])) {
        for (const value of absurd) {
          const path = await spoilt(folder, `${part}/config.json`, key, value);
          await assert.rejects(openCheckpoint(path), (error) => {
            assert.ok(error instanceof ModelError, `${key} ${value}: ${error}`);
            assert.match(error.message, new RegExp(`"?${key}"?`));
            assert.ok(error.message.length - folder.length < 300 && !error.message.includes("\n"), error.message);
            return true;
          });
        }
      }
    }));
}

const REFUSED: [file: string, key: string, value: unknown, message: RegExp][] = [
  [
    "unet/config.json",
    "norm_num_groups",
    null,
    /"block_out_channels" is \[.*\]; supported: multiples of "norm_num_groups", which is 32/,
  ],
  ...[0, -1, "0.18", Infinity].map((value): typeof REFUSED[number] => {
    return ["vae/config.json", "scaling_factor", value, /"?scaling_factor"?/];
  }),
  ["unet/config.json", "norm_num_groups", 5, /multiples of "norm_num_groups"/],
  ["unet/config.json", "attention_head_dim", 0, /"attention_head_dim" is 0; supported: whole numbers from 1/],
  ["unet/config.json", "attention_head_dim", 7, /"attention_head_dim" is 7; supported: divisors of/],
  ["unet/config.json", "time_cond_proj_dim", 1, /"time_cond_proj_dim" is 1; supported: multiples of 4 from 4/],
  ["unet/config.json", "layers_per_block", 0, /"layers_per_block" is 0/],
  ["unet/config.json", "down_block_types", Array(1e5).fill("DownBlock2D"), /at most 8 levels/],
  ["text_encoder/config.json", "num_attention_heads", 7, /"hidden_size" is \d+; supported: multiples of/],
  [
    "text_encoder/config.json",
    "max_position_embeddings",
    4000,
    /position_embedding.weight in .* is \[\d+,\d+\], but the config says \[4000,/,
  ],
  ["text_encoder/config.json", "vocab_size", 7, /token_embedding.weight in .* is/],
  ["scheduler/scheduler_config.json", "_class_name", nested(9), /has the class \[\[\[…/],
  ["model_index.json", "_class_name", nested(9), /./],
  ["model_index.json", "unet", ["diffusers", nested(9)], /its unet is \[\[\[…/],
];
for (const [file, key, value, message] of REFUSED) {
  Deno.test(`${file} with ${key} = ${JSON.stringify(value).slice(0, 30)} is refused for it`, () =>
    inFolder(async (folder) => {
      const path = await spoilt(folder, file, key, value);
      const said = await openCheckpoint(path).then((model) => {
        model.close();
        return model.reason.join("\n");
      }, (error) => error instanceof ModelError ? error.message : Promise.reject(error));
      assert.match(said, message);
      assert.ok(said.split("\n").every((line) => line.length - folder.length < 300), said);
    }));
}
