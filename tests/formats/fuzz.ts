/**
 * Spoils good model files at random and opens them: each must open or be refused with an error of our own, quickly and without
 * taking memory the file does not have.
 *
 *     deno run -A tests/formats/fuzz.ts [mutations] [seed]
 *
 * @module
 */
import { RpgError } from "../../src/errors.ts";
import { openCheckpoint } from "../../src/model/checkpoint.ts";
import { openTensors } from "../../src/formats/open_tensors.ts";
import { readVocabulary } from "../../src/model/tokenizer_files.ts";
import { clipTokenizer } from "../../src/text/tokenizer.ts";
import { safetensors, tinyModel } from "../model/files.ts";

/** Longest that a mutant of a few KiB may take: far more than any does, for a machine that others keep busy. */
const MILLISECONDS = 60_000;
/** What the process may grow by, whatever the files claim: garbage not yet collected, compiled code, a constant. */
const GROWTH = 512 * 1024 * 1024;

/** A small generator (xorshift32), so that a seed tells the whole run. */
function random(seed: number): (below: number) => number {
  let state = 2 * seed + 1;
  return (below) => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) % below;
  };
}

const WORDS = [
  "{",
  "}",
  "[",
  "]",
  '"',
  "null",
  "-1",
  "1e999",
  "99999999999999999999",
  "\\u0000",
  '"__proto__":',
  ",",
  "\n",
  "\xff\xff\xff\xff",
  "\0\0\0\0\0\0\0\x80",
];

/** One to four small changes: a byte, a bit, a piece cut out, doubled or replaced. */
function mutate(bytes: Uint8Array, next: (below: number) => number): Uint8Array {
  let out = Array.from(bytes);
  for (let changes = 1 + next(4); changes > 0; changes--) {
    // Half of the changes go to the first bytes, where headers are.
    const at = next(next(2) ? out.length + 1 : Math.min(out.length, 400) + 1);
    const length = next(16);
    switch (next(6)) {
      case 0:
        out[Math.min(at, out.length - 1)] = next(256);
        break;
      case 1:
        out[Math.min(at, out.length - 1)] ^= 1 << next(8);
        break;
      case 2:
        out.splice(at, length);
        break;
      case 3:
        out.splice(at, 0, ...out.slice(at, at + length));
        break;
      case 4:
        out.splice(at, next(2) * length, ...Array.from(WORDS[next(WORDS.length)], (c) => c.charCodeAt(0)));
        break;
      case 5:
        out = next(8) ? out : out.slice(0, at);
    }
    if (out.length === 0) out = [0];
  }
  return Uint8Array.from(out);
}

interface Target {
  /** The file to spoil, within the scratch folder. */
  file: string;
  open(folder: string): Promise<void>;
}

async function readEverything(path: string): Promise<void> {
  const source = await openTensors(path);
  try {
    for (const { name, bytes } of source.tensors.values()) await source.read(name, new Uint8Array(bytes));
  } finally {
    source.close();
  }
}

const openModel = async (folder: string) => (await openCheckpoint(`${folder}/sd1`)).close();
const openTokenizer = (name: string) => async (folder: string) =>
  void clipTokenizer(await readVocabulary(`${folder}/${name}`)).encode("a red apple, 2 ÉCLAIRS! <|endoftext|>");

const TARGETS: Target[] = [
  ...["a.safetensors", "zip.ckpt", "legacy.ckpt", "inversion.pt"].map((file) => ({
    file,
    open: (folder: string) => readEverything(`${folder}/${file}`),
  })),
  ...[
    "model_index.json",
    "unet/config.json",
    "vae/config.json",
    "text_encoder/config.json",
    "scheduler/scheduler_config.json",
  ]
    .map((file) => ({ file: `sd1/${file}`, open: openModel })),
  ...["vocab.json", "merges.txt", "special_tokens_map.json", "tokenizer_config.json"].map((file) => ({
    file: `sd1/tokenizer/${file}`,
    open: openTokenizer("sd1/tokenizer"),
  })),
  { file: "sdxl/tokenizer.json", open: openTokenizer("sdxl") },
];

async function layOut(folder: string): Promise<void> {
  const tensors = {
    a: { shape: [3, 4] },
    b: { dtype: "F16", shape: [2] },
    "c.weight": { dtype: "F8_E4M3", shape: [1, 5] },
  } as const;
  await Deno.writeFile(`${folder}/a.safetensors`, safetensors(structuredClone(tensors) as never));
  for (const name of ["zip.ckpt", "legacy.ckpt", "inversion.pt"]) {
    await Deno.copyFile(new URL(`../golden/io/torch_${name}`, import.meta.url), `${folder}/${name}`);
  }
  const copy = async (from: string, to: string) => {
    await Deno.mkdir(to);
    for await (const { name, isDirectory } of Deno.readDir(from)) {
      await (isDirectory ? copy : Deno.copyFile)(`${from}/${name}`, `${to}/${name}`);
    }
  };
  await copy(tinyModel("sd1"), `${folder}/sd1`);
  await copy(tinyModel("sdxl/tokenizer"), `${folder}/sdxl`);
}

/**
 * Runs `count` mutations. @returns how many opened and how many were refused
 * @throws Error with seed and number of the first mutant that crashed, hung or took too much memory
 */
export async function fuzz(count: number, seed: number): Promise<{ opened: number; refused: number }> {
  const folder = await Deno.makeTempDir();
  const next = random(seed);
  const result = { opened: 0, refused: 0 };
  try {
    await layOut(folder);
    const whole = new Map<string, Uint8Array>();
    for (const { file } of TARGETS) whole.set(file, await Deno.readFile(`${folder}/${file}`));
    const before = Deno.memoryUsage().rss;
    for (let i = 0; i < count; i++) {
      const { file, open } = TARGETS[i % TARGETS.length];
      const mutant = mutate(whole.get(file)!, next);
      await Deno.writeFile(`${folder}/${file}`, mutant);
      const started = performance.now();
      try {
        await open(folder);
        result.opened++;
      } catch (error) {
        if (!(error instanceof RpgError)) {
          throw new Error(`Mutant ${i} of seed ${seed} (${file}) crashed.`, { cause: error });
        }
        result.refused++;
      }
      const took = performance.now() - started;
      if (took > MILLISECONDS) throw new Error(`Mutant ${i} of seed ${seed} (${file}) took ${Math.round(took)} ms.`);
      const grown = Deno.memoryUsage().rss - before;
      if (grown > GROWTH) throw new Error(`Mutant ${i} of seed ${seed} (${file}): the process grew by ${grown} bytes.`);
      await Deno.writeFile(`${folder}/${file}`, whole.get(file)!);
    }
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
  return result;
}

if (import.meta.main) {
  const count = Number(Deno.args[0] ?? 20000);
  const seed = Number(Deno.args[1] ?? Date.now() % 1e6);
  const { opened, refused } = await fuzz(count, seed);
  console.log(`Seed ${seed}: ${count} mutations, ${refused} refused, ${opened} opened, no crash, no hang.`);
}
