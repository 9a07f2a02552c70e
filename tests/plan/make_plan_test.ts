import assert from "@std/assert";
import { encodePng } from "../../src/formats/png.ts";
import { filled } from "../../src/picture/picture.ts";
import { readPicture } from "../../src/picture/read_picture.ts";
import { PlannerError, UsageError } from "../../src/errors.ts";
import {
  boxDrawing,
  drawPlan,
  makePlan,
  parsePlan,
  planJsonSchema,
  type Planner,
  regionsOf,
} from "../../src/plan/make_plan.ts";
import { pictureDataUrl } from "../../src/plan/llm/picture.ts";

Deno.test("makePlan: a planner of one's own needs a ratio and prompts; its plan is checked like any other", async () => {
  const columns: Planner = ({ prompt }) => {
    const things = prompt.split(" and ");
    return { splitRatio: things.map(() => "1").join(), regions: things.map((prompt) => ({ prompt })) };
  };
  const plan = await makePlan("a whale and a boat", { planner: columns });
  assert.deepEqual([plan.splitRatio, plan.planner, plan.prompt], ["1,1", "columns", "a whale and a boat"]);
  await assert.rejects(
    makePlan("x", { planner: () => ({ splitRatio: "1,1", regions: [{ prompt: "a" }] }) }),
    PlannerError,
  );
});

Deno.test("makePlan: a prompt with region keywords is its own plan", async () => {
  const plan = await makePlan("two pets ADDBASE a cat BREAK a dog");
  assert.deepEqual([plan.planner, plan.basePrompt, regionsOf(plan).length], ["regions", "two pets", 2]);
});

Deno.test("makePlan: rules need no permission but to read", async () => {
  const program = await Deno.makeTempFile({ suffix: ".ts" });
  await Deno.writeTextFile(
    program,
    `import { makePlan } from ${JSON.stringify(new URL("../../src/plan/make_plan.ts", import.meta.url).href)};
    const plans = [await makePlan("a cat and a dog", { planner: "rules" }), await makePlan("a cat and a dog")];
    console.log(plans.map(({ splitRatio, planner }) => splitRatio + " " + planner).join());`,
  );
  const config = new URL("../../deno.json", import.meta.url).pathname;
  const { stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "--no-prompt", "--allow-read", "--config", config, program],
  }).output();
  await Deno.remove(program);
  assert.equal(new TextDecoder().decode(stdout), "1,1 rules,1,1 rules\n", new TextDecoder().decode(stderr));
});

Deno.test("makePlan: rules asked for refuse what is not English; auto draws it whole and says so", async () => {
  const prompt = "un gato negro a la izquierda y un perro blanco a la derecha";
  await assert.rejects(makePlan(prompt, { planner: "rules" }), /looks like Spanish.*--llm-url.*--no-plan/);
  const said: string[] = [];
  const plan = await makePlan(prompt, { environment: {}, say: (message) => said.push(message) });
  assert.deepEqual([plan.splitRatio, plan.regions], ["1", [{ prompt }]]);
  assert.match(said.join(" "), /looks like Spanish/);
});

Deno.test("makePlan: the code for language models is loaded only when one is asked", () => {
  const seen = new Set<string>();
  const follow = (url: URL) => {
    if (seen.has(url.href)) return;
    seen.add(url.href);
    const statics = Deno.readTextFileSync(url).matchAll(/^(?:import|export)(?! type)[^;]*? from "([^"]+)"/gm);
    for (const [, specifier] of statics) {
      if (specifier.startsWith(".")) follow(new URL(specifier, url));
      else seen.add(specifier);
    }
  };
  follow(new URL("../../src/plan/make_plan.ts", import.meta.url));
  const files = [...seen].join("\n");
  assert(/zod/.test(files) && !/codecs|llm\/chat\.ts/.test(files), files);
});

Deno.test("plan schema: docs/plan.schema.json is the schema that plans are checked with", async () => {
  const file = await Deno.readTextFile(new URL("../../docs/plan.schema.json", import.meta.url));
  assert.deepEqual(JSON.parse(file), planJsonSchema());
});

const nested = parsePlan({
  prompt: "a night",
  basePrompt: "a town at night",
  splitRatio: "1;1,1,1",
  regions: [{ prompt: "the moon" }, { prompt: "a cat" }, {
    splitRatio: "1;1",
    regions: [{ prompt: "a roof" }, { prompt: "a door" }],
  }],
});

Deno.test("pictures of plans: each region has its colour and its words, the footer the ratios", () => {
  const { width, height, data } = drawPlan(nested, { width: 256, aspect: 2 });
  assert.equal(width, 256);
  assert(height > 128);
  assert.equal(data.length, width * height * 4);
  const colourAt = (x: number, y: number) => data.slice((y * width + x) * 4, (y * width + x) * 4 + 3).join();
  const corners = [colourAt(250, 2), colourAt(120, 124), colourAt(250, 92), colourAt(250, 124)];
  assert.equal(new Set(corners).size, 4);
  const dark = (x0: number, y0: number, x1: number, y1: number) => {
    let count = 0;
    for (let y = y0; y < y1; y++) for (let x = x0; x < x1; x++) if (data[(y * width + x) * 4] < 60) count++;
    return count;
  };
  assert(dark(2, 2, 254, 62) > 50 && dark(2, 66, 126, 126) > 50 && dark(2, 132, 254, height) > 50);
});

Deno.test("box drawing: borders meet in joints and the prompts are inside", () => {
  assert.equal(
    boxDrawing(nested, { columns: 33 }),
    `
┌───────────────────────────────┐
│ 1 the moon (base 0.2)         │
│                               │
│                               │
├───────────────┬───────────────┤
│ 2 a cat (base │ 3 a roof...   │
│ 0.2)          ├───────────────┤
│               │ 4 a door      │
│               │ (base 0.2)    │
└───────────────┴───────────────┘
split ratio 1;1,1,1, planned by file
base prompt: a town at night`.slice(1),
  );
});

Deno.test("box drawing: what lies behind a box ends at it, and prompts stand where they are seen", () => {
  const boxes = parsePlan({
    prompt: "a cat in a garden",
    regions: [
      { prompt: "a house", box: [0.1, 0, 0.9, 0.7], depth: 2 },
      { prompt: "a cat", box: [0, 0.5, 0.5, 1], depth: 1 },
    ],
  });
  assert.equal(
    boxDrawing(boxes, { columns: 31 }),
    `
┌──┬───────────────────────┬──┐
│  │ 1 a house             │  │
│  │                       │  │
│  │                       │  │
├──┴───────────┐           │  │
│ 2 a cat      │           │  │
│              ├───────────┘  │
│              │              │
│              │              │
└──────────────┴──────────────┘
boxes, planned by file
around the boxes: a cat in a...`.slice(1),
  );
});

Deno.test("box drawing: as many lines as the prompts take, a dozen at most", () => {
  const drawn = (ratio: string, prompts: string[]) =>
    boxDrawing(
      parsePlan({
        prompt: "x",
        splitRatio: ratio,
        regions: prompts.map((prompt) => ({ prompt })),
        basePrompt: "y ".repeat(99),
      }),
      { columns: 60 },
    ).split("\n");
  const long = "a very long description ".repeat(30);
  assert.equal(drawn("1,1", ["a cat", "a dog"]).length, 5);
  assert.equal(drawn("1,1", ["a cat", long]).length, 12);
  for (const line of drawn("1,1", ["a cat", long])) assert.ok(line.length <= 60);
  const tall = drawn("1;1;1;1;1;1;1;1", Array.from({ length: 8 }, (_, i) => `thing ${i}`));
  for (let i = 0; i < 8; i++) assert.ok(tall.some((line) => line.includes(`thing ${i}`)), `row ${i}`);
});

Deno.test("pictures for vision models: scaled down, on white, as a JPEG's data URL", async () => {
  const large = encodePng(filled(1600, 400, [0, 0, 0, 255]));
  const url = await pictureDataUrl(large, "large.png");
  const bytes = Uint8Array.fromBase64(url.replace("data:image/jpeg;base64,", ""));
  const seen = await readPicture(bytes, "what is shown");
  assert.deepEqual([seen.width, seen.height], [768, 192]);
  const faint = await Deno.readFile(new URL("../golden/picture/alpha.png", import.meta.url)); // least so at the top
  const shown = Uint8Array.fromBase64((await pictureDataUrl(faint, "faint.png")).split(",")[1]);
  const { data } = await readPicture(shown, "what is shown");
  assert(data[0] > 240 && data[1] > 240 && data[2] > 240);
  await assert.rejects(
    pictureDataUrl(new Uint8Array(9), "odd.png"),
    (error: Error) => error instanceof UsageError && /odd.png/.test(error.message),
  );
});

Deno.test("makePlan: the rules keep prompt editing and embeddings whole, or draw the prompt as it is", async () => {
  const prompts = async (prompt: string) => {
    const plan = await makePlan(prompt, { planner: "rules" });
    return [...regionsOf(plan).map((region) => region.prompt), ...(plan.notes ?? [])];
  };
  const kept = await prompts("a [red cat and a dog:fox:0.5] on the left and a lamp on the right");
  assert(kept.length >= 2 && kept.some((text) => text.includes("[red cat and a dog:fox:0.5]")), kept.join("; "));
  const torn = "a fox, embedding:foo and an owl";
  const [whole, note] = await prompts(torn);
  assert.equal(whole, torn);
  assert(/"embedding:foo"/.test(note), note);
});
