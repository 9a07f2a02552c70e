/**
 * Networks' configs are held against what networks can be, and against the tensors there are, before any work is done
 * for them: a count of a billion layers would otherwise be a billion layers declared.
 *
 * @module
 */
import { brief } from "../brief.ts";
import { ModelError } from "../errors.ts";
import { type Config, readJson } from "../files/json_file.ts";
import { CONFIG_RANGES, COUNT_OF } from "../limits.ts";
import type { Component } from "./parts.ts";

/** Reads the config.json of one network. @throws ModelError naming the file and the value that no network has */
export async function readNetworkConfig(path: string): Promise<Config> {
  return checkConfig(await readJson(path), path);
}

/**
 * Checks every count, that groups divide channels, and heads widths. Absent keys have their defaults and are not looked
 * at.
 * @throws ModelError naming `where`, the key, its value and what is supported
 */
export function checkConfig(config: Config, where: string): Config {
  const refuse = (key: string, expected: string) =>
    new ModelError(`${where}: "${key}" is ${brief(config[key])}; supported: ${expected}.`);
  for (const [key, [least, most, multiple = 1]] of Object.entries(CONFIG_RANGES)) {
    const value = config[key];
    if (value === undefined || value === null) continue;
    const list = [value].flat(2) as number[];
    const fits = list.length > 0 && [value].flat().length <= COUNT_OF.levels && list.length <= COUNT_OF.levels ** 2 &&
      list.every((n) => Number.isInteger(n) && n >= least && n <= most && n % multiple === 0);
    if (!fits) {
      throw refuse(key, `${multiple > 1 ? `multiples of ${multiple}` : "whole numbers"} from ${least} to ${most}`);
    }
  }
  for (const key of Object.keys(config)) {
    const value = config[key];
    if (key.endsWith("block_types") && Array.isArray(value) && value.length > COUNT_OF.levels) {
      throw refuse(key, `at most ${COUNT_OF.levels} levels`);
    }
  }
  const { scaling_factor: scale } = config;
  if (scale !== undefined && !(typeof scale === "number" && scale > 0 && Number.isFinite(scale))) {
    throw refuse("scaling_factor", "numbers above 0");
  }
  const widths = [config.block_out_channels ?? []].flat() as number[];
  const groups = config.norm_num_groups ?? 32;
  if (widths.some((width) => width % (groups as number))) {
    throw refuse("block_out_channels", `multiples of "norm_num_groups", which is ${groups}`);
  }
  const { hidden_size: width, num_attention_heads: heads } = config as Record<string, number>;
  if (width && heads && width % heads) throw refuse("hidden_size", `multiples of "num_attention_heads" (${heads})`);
  checkHeads(config, widths, refuse);
  return config;
}

/** diffusers calls the number of heads of a UNet "attention_head_dim" and keeps the mistake for the files' sake. */
function checkHeads(config: Config, widths: number[], refuse: (key: string, expected: string) => ModelError): void {
  const types = config.down_block_types;
  if (!Array.isArray(types)) return;
  const key = config.num_attention_heads ? "num_attention_heads" : "attention_head_dim";
  const heads = config[key] ?? 8;
  widths.forEach((width, level) => {
    const count = Array.isArray(heads) ? heads[level] : heads;
    if (String(types[level]).startsWith("CrossAttn") && width % count) throw refuse(key, `divisors of ${width}`);
  });
}

/**
 * The tables of a text encoder are as long and as wide as its config says; they are read row by row, not declared as
 * weights.
 * @throws ModelError naming the table and both shapes
 */
export function checkTables({ config, source }: Component): void {
  const rows = { token: config.vocab_size, position: config.max_position_embeddings };
  for (const [kind, count] of Object.entries(rows)) {
    const name = `text_model.embeddings.${kind}_embedding.weight`;
    const shape = source.tensors.get(name)?.shape;
    if (!shape) throw new ModelError(`${source.describe} lacks ${name}.`);
    const expected = [count ?? shape[0], config.hidden_size ?? shape[1]];
    if (shape.length !== 2 || shape[0] !== expected[0] || shape[1] !== expected[1]) {
      throw new ModelError(`${name} in ${source.describe} is [${shape}], but the config says [${expected}].`);
    }
  }
}
