import assert from "@std/assert";
import { UsageError } from "../../src/errors.ts";
import { loadModel, type LoadOptions, makePlan } from "../../src/mod.ts";
import { parseArgs } from "../../src/cli/parse_args.ts";
import { checkPicture, type GenerateOptions, readSettings } from "../../src/settings.ts";
import { checkSettings, flagOf } from "../../src/settings/check.ts";
import { pictureSettings, SETTINGS } from "../../src/settings/schema.ts";
import type { Setting, Table } from "../../src/settings/setting.ts";
import { firstSeed, seedOf } from "../../src/settings/seeds.ts";

/** What the check says of one setting. */
function complaint(values: unknown): string {
  try {
    checkPicture(values as GenerateOptions);
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    assert.ok(error.message.length < 300 && !error.message.includes("\n"), error.message);
    return error.message;
  }
  throw new Error(`accepts ${Deno.inspect(values)}`);
}

Deno.test("values of a wrong type or range are refused by name, whoever gives them", () => {
  const hostile = [
    null,
    5.5,
    NaN,
    Infinity,
    -2,
    1e9,
    "x",
    "__proto__",
    "constructor",
    [],
    {},
    [1, 2, 3],
    true,
    () => 1,
  ];
  const fits = ({ type, fields, repeat, least = -Infinity, most = Infinity }: Setting, value: unknown) => {
    const inRange = typeof value === "number" && value >= least && value <= most;
    if (fields || repeat) return Array.isArray(value) && value.length === 0;
    if (type === "anyText" || type === "picture" || type === "file") return typeof value === "string";
    if (type === "flag") return typeof value === "boolean";
    if (type === "number") return inRange;
    if (type === "integer") return inRange && Number.isInteger(value);
    return type === "seed" && value === 1e9;
  };
  for (const [name, setting] of Object.entries(pictureSettings as Table)) {
    for (const value of hostile) {
      if (fits(setting, value)) checkPicture({ [name]: value });
      else {assert.match(
          complaint({ [name]: value }),
          new RegExp(`^${name}( takes|\\[0\\] (must be|takes))|^Unknown (sampler|scheduler)`),
        );}
    }
  }
});

Deno.test("the library's message is the command line's, but for the name", () => {
  for (const [name, value] of [["steps", "2.5"], ["eta", "7"], ["clipSkip", "-1"], ["vaeTileSize", "3"]] as const) {
    let said = "";
    try {
      parseArgs(["x", `${flagOf(name)}=${value}`]);
    } catch (error) {
      said = (error as Error).message;
    }
    assert.equal(complaint({ [name]: Number(value) }), said.replace(flagOf(name), name).replaceAll('"', ""));
  }
  assert.match(complaint({ samplingMethod: "nope" }), /Unknown sampler "nope"/);
  assert.match(complaint({ rng: "cdua" }), /rng takes cpu, cuda, not "cdua"\. Did you mean "cuda"/);
});

Deno.test("options that do not exist are errors with the nearest that does", () => {
  assert.match(complaint({ step: 3 }), /There is no option step\. Did you mean "steps"/);
  assert.match(complaint({ cfg_scale: 3 }), /no option cfg_scale\. Did you mean "cfgScale"/);
  assert.match(complaint({ sgnal: 3 }), /Did you mean "signal"/);
  for (const value of [null, 5, "x", [], undefined]) assert.match(complaint(value), /options must be an object/);
});

Deno.test("values come out in one canonical form and the schema's order", () => {
  const checked = checkPicture({
    seed: "9007199254740993" as never,
    scheduler: "Karras" as never,
    prompt: "x",
    width: 64,
  });
  assert.deepEqual(Object.entries(checked), [["scheduler", "karras"], ["seed", 9007199254740993n], ["width", 64]]);
});

Deno.test("a recipe's settings must be complete, and are named where they stand", () => {
  const settings = { width: 64, height: 64, steps: 2, cfgScale: 7, samplingMethod: "euler", seed: 1, rng: "cpu" };
  assert.deepEqual(readSettings(settings, "settings."), settings);
  assert.throws(() => readSettings({}, "settings."), /^UsageError: settings\.steps is missing\.$/);
  assert.throws(
    () => readSettings({ ...settings, originalSize: 5 }, "settings."),
    /^UsageError: settings\.originalSize takes/,
  );
  assert.throws(() => readSettings(null, "settings."), /^UsageError: settings must be an object, not null/);
});

Deno.test("every default is a value that its setting takes", () => {
  for (const [name, setting] of Object.entries(SETTINGS)) {
    if (setting.default !== undefined) checkSettings({ [name]: setting }, { [name]: setting.default });
    if (setting.alone !== undefined) checkSettings({ [name]: setting }, { [name]: setting.alone });
  }
});

Deno.test("a batch must have a seed for each of its pictures", () => {
  const largest = 2n ** 63n - 1n;
  assert.equal(seedOf(largest - 1n, 1), largest);
  assert.throws(() => seedOf(largest, 1), /leaves no seed for picture 2/);
  assert.equal(seedOf(Number.MAX_SAFE_INTEGER, 1), 2n ** 53n);
  assert.equal(firstSeed(), 42);
  assert.ok(Number(firstSeed(-1)) >= 0);
});

Deno.test("models and planners are asked for with checked options, too", async () => {
  const load = (path: unknown, options: unknown) => loadModel(path as string, options as LoadOptions);
  const cases: [call: () => Promise<unknown>, message: RegExp][] = [
    [() => load(5, {}), /path takes a text.*not 5/],
    [() => load(undefined, { tpye: "f16" }), /no option tpye\. Did you mean "type"/],
    [() => load(undefined, { type: "f64" }), /type takes auto, f32, f16, bf16, .*not "f64"/],
    [() => load(undefined, { checkpoint: { prediction: "x" } }), /checkpoint\.prediction takes auto, eps, v/],
    [() => load(undefined, { checkpoint: { preset: 5 } }), /checkpoint\.preset takes a text/],
    [() => makePlan(5 as never), /prompt takes a text.*not 5/],
    [() => makePlan("a cat", { planner: "rule" as never }), /planner takes .*Did you mean "rules"/],
    [() => makePlan("a cat", { lmUrl: "x" } as never), /no option lmUrl\. Did you mean "llmUrl"/],
    [() => makePlan("a cat", { llmModel: 5 as never }), /llmModel takes a text/],
  ];
  for (const [call, message] of cases) {
    await assert.rejects(call, (error: Error) => {
      assert.match(error.message, message);
      return error instanceof UsageError;
    });
  }
});
