/**
 * CLIP tokenizers on disk, in the layouts that transformers writes: vocab.json and merges.txt, or tokenizer.json.
 *
 * @module
 */
import { brief } from "../brief.ts";
import { ModelError } from "../errors.ts";
import type { AddedToken, Vocabulary } from "../text/tokenizer.ts";
import { exists } from "../files/byte_file.ts";
import { type Config, readJson, readText } from "../files/json_file.ts";

const DEFAULTS = { bos: "<|startoftext|>", eos: "<|endoftext|>", pad: "<|endoftext|>", unk: "<|endoftext|>" };

/**
 * Reads the tokenizer of a folder. Where a file says nothing, CLIP's defaults count, as in transformers.
 * @throws ModelError naming the file, what was expected and what was found
 */
export async function readVocabulary(folder: string): Promise<Vocabulary> {
  const optional = async (file: string) => await exists(`${folder}/${file}`) ? await readJson(`${folder}/${file}`) : {};
  const config = await optional("tokenizer_config.json");
  const { vocab, merges, added } = await exists(`${folder}/tokenizer.json`)
    ? await readTokenizerJson(`${folder}/tokenizer.json`)
    : await readPair(folder);
  const decoder = config.added_tokens_decoder as Config | undefined;
  if (!decoder) Object.assign(config, await optional("special_tokens_map.json"));

  const ids = new Map<string, number>();
  for (const [token, id] of vocab) {
    if (!Number.isSafeInteger(id)) {
      throw new ModelError(`${brief(token)} in ${folder} has the id ${brief(id)}; expected a number.`);
    }
    ids.set(token, id as number);
  }
  const found = new Map<string, AddedToken>();
  const add = (token: AddedToken, id?: unknown) => {
    if (typeof id === "number") ids.set(token.content, id);
    if (ids.has(token.content)) found.set(token.content, token);
  };
  for (const token of added) add(addedToken(token), (token as Config | null)?.id);
  for (const [id, token] of Object.entries(decoder ?? {})) add(addedToken(token), Number(id));
  const special = { ...DEFAULTS };
  const roles: AddedToken[] = [];
  for (const role of ["bos", "eos", "unk", "pad"] as const) {
    const token = config[`${role}_token`] ?? DEFAULTS[role];
    const parsed = typeof token === "string"
      ? { content: token, normalized: false }
      : addedToken({ special: true, ...token });
    special[role] = parsed.content;
    roles.push(found.get(parsed.content) ?? parsed);
  }
  if (!decoder) {
    for (const [content, id] of Object.entries(await optional("added_tokens.json"))) {
      add({ content, normalized: !Object.values(special).includes(content) }, id);
    }
  }
  for (const token of roles) add(token); // of a token with two roles, the later one's spelling counts
  const length = config.model_max_length;
  const maxLength = typeof length === "number" && length >= 3 && length <= 1e6 ? length : 77;
  return { ids, merges, added: [...found.values()], ...special, maxLength };
}

function addedToken(token: unknown): AddedToken {
  const { content, normalized, special, lstrip, rstrip } = (token ?? {}) as Record<string, boolean | undefined>;
  return { content: String(content), normalized: normalized ?? !special, lstrip, rstrip };
}

async function readPair(folder: string) {
  const vocab = Object.entries(await readJson(`${folder}/vocab.json`));
  const path = `${folder}/merges.txt`;
  const lines = (await readText(path)).split(/\r?\n/).filter((line) => line && !line.startsWith("#version"));
  const merges = lines.map((line) => line.trim());
  checkMerges(merges, path);
  return { vocab, merges, added: [] };
}

async function readTokenizerJson(path: string) {
  const json = await readJson(path);
  const model = (json.model ?? {}) as Config;
  if (typeof model.vocab !== "object" || model.vocab === null || !Array.isArray(model.merges)) {
    throw new ModelError(`${path} has no "model" with "vocab" and "merges"; expected a byte-level BPE tokenizer.`);
  }
  const merges = model.merges.map((pair) => Array.isArray(pair) ? pair.join(" ") : String(pair));
  checkMerges(merges, path);
  return {
    vocab: Object.entries(model.vocab),
    merges,
    added: Array.isArray(json.added_tokens) ? json.added_tokens : [],
  };
}

function checkMerges(merges: string[], path: string): void {
  const bad = merges.find((pair) => !/^\S+ \S+$/.test(pair));
  if (bad !== undefined) throw new ModelError(`${path} has the merge ${brief(bad)}; expected two symbols.`);
}
