/**
 * What is fuzzed: each target makes one spoilt input from random numbers and reads it as the program would.
 *
 * @module
 */
import { parseStrictJson } from "../../src/files/strict_json.ts";
import { openTensors } from "../../src/formats/open_tensors.ts";
import { parseParameters } from "../../src/formats/parameters.ts";
import { readPictureText } from "../../src/formats/picture_text.ts";
import { encodePicture } from "../../src/formats/encode_picture.ts";
import { encodePng } from "../../src/formats/png.ts";
import type { Device } from "../../src/gpu/device.ts";
import { openCheckpoint } from "../../src/model/checkpoint.ts";
import { readVocabulary } from "../../src/model/tokenizer_files.ts";
import { readPicture } from "../../src/picture/read_picture.ts";
import { Model } from "../../src/pipeline/model.ts";
import { planFromRegions } from "../../src/plan/from_regions.ts";
import { readReply } from "../../src/plan/llm/reply.ts";
import { layoutOf } from "../../src/plan/layout_of.ts";
import { parsePlan } from "../../src/plan/parse_plan.ts";
import { planByRules } from "../../src/plan/rules/rules.ts";
import { readRecipe, RECIPE_KEYWORD } from "../../src/recipe.ts";
import { configuredSampler } from "../../src/sample/scheduler_settings.ts";
import { makeSchedule } from "../../src/sample/schedule.ts";
import { tokenize } from "../../src/text/chunks.ts";
import { clipTokenizer } from "../../src/text/tokenizer.ts";
import { torchZip } from "../formats/pickles.ts";
import { safetensors, tinyModel } from "../model/files.ts";
import { mutateBytes, mutateJson, mutateText, oneOf, type Random, randomPickle } from "./mutate.ts";

/** One kind of input. */
export interface Target {
  name: string;
  /** Makes an input and reads it. What it throws is an error of our own, or a find. */
  run(next: Random): Promise<void> | void;
}

const golden = (name: string) => new URL(`../golden/${name}`, import.meta.url).pathname;

/** Lays good files out in a scratch folder. @param device also declares networks on it where it is given */
export async function targets(folder: string, device?: Device): Promise<Target[]> {
  await layOut(folder);
  /** Spoils a file, reads, and puts the good one back. */
  const inFile = (file: string, read: (folder: string) => Promise<void>): Target => {
    const whole = Deno.readFileSync(`${folder}/${file}`);
    const run = async (next: Random) => {
      const json = file.endsWith(".json") && next(2) === 0;
      const spoilt = json
        ? new TextEncoder().encode(JSON.stringify(mutateJson(JSON.parse(new TextDecoder().decode(whole)), next)))
        : mutateBytes(whole, next);
      await Deno.writeFile(`${folder}/${file}`, spoilt);
      await read(folder).finally(() => Deno.writeFile(`${folder}/${file}`, whole));
    };
    return { name: file, run };
  };
  const openModel = async (folder: string) => {
    const checkpoint = await openCheckpoint(`${folder}/sd1`);
    try {
      if (device) new Model(device, checkpoint, "f16");
      makeSchedule(checkpoint.scheduler, configuredSampler(checkpoint.scheduler), 4);
    } finally {
      checkpoint.close();
    }
  };
  const openTokenizer = (name: string) => async (folder: string) =>
    void clipTokenizer(await readVocabulary(`${folder}/${name}`)).encode("a red apple, 2 ÉCLAIRS! <|endoftext|>");
  const configs = ["model_index", "unet/config", "vae/config", "text_encoder/config", "scheduler/scheduler_config"];
  const tokenizer = ["vocab.json", "merges.txt", "special_tokens_map.json", "tokenizer_config.json"];
  return [
    ...["a.safetensors", "types.gguf", "zip.ckpt", "legacy.ckpt", "inversion.pt"].map((file) =>
      inFile(file, (folder) => readEverything(`${folder}/${file}`))
    ),
    ...configs.map((file) => inFile(`sd1/${file}.json`, openModel)),
    ...tokenizer.map((file) => inFile(`sd1/tokenizer/${file}`, openTokenizer("sd1/tokenizer"))),
    inFile("sdxl/tokenizer.json", openTokenizer("sdxl")),
    {
      name: "pickles",
      async run(next) {
        const pickle = next(2) ? randomPickle(next) : mutateBytes(randomPickle(next), next);
        await Deno.writeFile(`${folder}/random.ckpt`, torchZip(pickle, { "0": new Uint8Array(8) }));
        await readEverything(`${folder}/random.ckpt`);
      },
    },
    ...await textTargets(),
    ...await pictureTargets(),
  ];
}

/** Plans, replies, prompts: everything that arrives as text. */
async function textTargets(): Promise<Target[]> {
  const lines = (await Deno.readTextFile(new URL("../replies/written.jsonl", import.meta.url))).trim().split("\n");
  const replies = lines.map((line) => JSON.parse(line).reply as string);
  const prompts = [
    "a red cat on the left and a blue dog on the right of a street at night",
    "three owls in a row above two mice, oil painting, no people",
    "best quality ADDCOMM a street at night ADDBASE a fox ADDCOL an owl ADDROW (a mat:1.3)",
    "((a fox)) [cat:dog:0.5] <lora:foo:0.8> a mat BREAK {red|blue} AND an owl :1.2",
  ];
  const syntax = [
    "(",
    ")",
    "[",
    "]",
    "{",
    "}",
    ":",
    "|",
    "BREAK",
    "ADDROW",
    " AND ",
    "\\",
    "<",
    ">",
    ",",
    "1e9",
    "and a cat ",
  ];
  const vocabulary = clipTokenizer(await readVocabulary(tinyModel("sd1/tokenizer")));
  const plan = {
    prompt: "two things",
    splitRatio: "1,1,1;1,1",
    regions: [{ prompt: "a fox" }, { prompt: "an owl", baseRatio: 0.3 }, { prompt: "a mat", mask: "m.png" }],
    basePrompt: "at night",
    baseRatio: 0.2,
    mode: "attention",
    planner: "rules",
  };
  const usePlan = (json: unknown) => void layoutOf(parsePlan(json));
  return [
    { name: "plans", run: (next) => usePlan(mutateJson(plan, next)) },
    {
      name: "plan files",
      run: (next) => usePlan(parsedPlan(mutateText(JSON.stringify(plan), next, ["{", "[", '"', ",", ":"]))),
    },
    { name: "replies", run: (next) => void readReply(mutateText(oneOf(next, replies), next, REPLY_WORDS), prompts[0]) },
    {
      name: "replies of JSON",
      run: (next) => void readReply(`Sure!\n\`\`\`json\n${JSON.stringify(mutateJson(plan, next))}\n\`\`\``, prompts[0]),
    },
    {
      name: "prompts by rules",
      run: (next) => void planByRules(mutateText(oneOf(next, prompts), next, syntax).slice(0, 5000)),
    },
    {
      name: "regional prompts",
      run: (next) => usePlan(planFromRegions({ regions: mutateText(oneOf(next, prompts), next, syntax) })),
    },
    {
      name: "weighted prompts",
      run: (next) => void tokenize(vocabulary, mutateText(oneOf(next, prompts), next, syntax)),
    },
  ];
}

const REPLY_WORDS = [
  "Final split ratio:",
  "Regional Prompt:",
  "BREAK",
  "\n",
  "**",
  "1,1;1",
  "<think>",
  "{",
  "}",
  '"regions"',
  "| ",
];

/** As the program reads a plan file: what is no JSON is the user's mistake. */
function parsedPlan(text: string): unknown {
  try {
    return parseStrictJson(text);
  } catch (error) {
    if (error instanceof SyntaxError) return null;
    throw error;
  }
}

/** Pictures, their texts and recipes. */
async function pictureTargets(): Promise<Target[]> {
  const recipe = {
    version: "0.1.0",
    model: { name: "sd1", hash: "36854c12", type: "f16", path: "sd1" },
    plan: { prompt: "a cat", splitRatio: "1", regions: [{ prompt: "a cat" }], mode: "attention", planner: "none" },
    settings: { width: 32, height: 32, steps: 1, cfgScale: 7.5, samplingMethod: "pndm", seed: 42, rng: "cpu" },
  };
  const parameters =
    "a cat, (dog:1.2)\nNegative prompt: blurry\nSteps: 20, Sampler: Euler a, CFG scale: 7, Seed: 1, Size: 8x8";
  const pixels = { width: 8, height: 8, data: new Uint8Array(256).map((_, i) => i * 7) };
  const texts = { parameters, rpg: JSON.stringify(recipe), note: "ein Bär 🐻" };
  const files = await Promise.all(
    (["png", "jpeg", "webp"] as const).map((format) => encodePicture(format, pixels, texts)),
  );
  return [
    {
      name: "recipes",
      run: (next) => void readRecipe(new Map([[RECIPE_KEYWORD, JSON.stringify(mutateJson(recipe, next))]]), "a.png"),
    },
    {
      name: "recipes as text",
      run: (next) =>
        void readRecipe(
          new Map([[RECIPE_KEYWORD, mutateText(JSON.stringify(recipe), next, ["{", '"', "["])]]),
          "a.png",
        ),
    },
    {
      name: "parameters",
      run: (next) =>
        void parseParameters(mutateText(parameters, next, ["Negative prompt:", "\n", '"', ",", ": ", "Steps"])),
    },
    {
      name: "texts of pictures",
      run: (next) =>
        void readPictureText(mutateBytes(next(4) ? oneOf(next, files) : encodePng(pixels, texts), next), "a"),
    },
    { name: "pictures", run: async (next) => void await readPicture(mutateBytes(oneOf(next, files), next), "a") },
  ];
}

async function readEverything(path: string): Promise<void> {
  const source = await openTensors(path);
  try {
    for (const { name, bytes } of source.tensors.values()) await source.read(name, new Uint8Array(bytes));
  } finally {
    source.close();
  }
}

async function layOut(folder: string): Promise<void> {
  const tensors = {
    a: { shape: [3, 4] },
    b: { dtype: "F16", shape: [2] },
    "c.weight": { dtype: "F8_E4M3", shape: [1, 5] },
  } as const;
  await Deno.writeFile(`${folder}/a.safetensors`, safetensors(structuredClone(tensors) as never));
  for (const name of ["zip.ckpt", "legacy.ckpt", "inversion.pt"]) {
    await Deno.copyFile(golden(`io/torch_${name}`), `${folder}/${name}`);
  }
  await Deno.copyFile(golden("formats/types.gguf"), `${folder}/types.gguf`);
  const copy = async (from: string, to: string) => {
    await Deno.mkdir(to);
    for await (const { name, isDirectory } of Deno.readDir(from)) {
      await (isDirectory ? copy : Deno.copyFile)(`${from}/${name}`, `${to}/${name}`);
    }
  };
  await copy(tinyModel("sd1"), `${folder}/sd1`);
  await copy(tinyModel("sdxl/tokenizer"), `${folder}/sdxl`);
}
