import assert from "@std/assert";
import { join, resolve } from "@std/path";
import { flagsFor, parseConfig, underFlags } from "../../src/cli/config.ts";
import { UsageError } from "../../src/errors.ts";
import { finishEach, inFolder, TINY_MODEL } from "./program.ts";

const PATH = resolve("/home/me/config.toml");

Deno.test("a file has flags by their names, for all commands or for one; paths are meant from where it lies", async () => {
  const text = 'cfg_scale = 4\nsampler = "dpm++2m"\noutput = "pics/"\nlora = ["ink=0.5"]\nno-plan = false\n' +
    'seed = 9007199254740993\noriginal-size = "64x32"\nmodel = "./a.safetensors"\n[edit]\nrounds = 2\ncfg-scale = 9\n';
  const file = await parseConfig(text, PATH, "project");
  const { model, output, ...others } = flagsFor("generate", file);
  assert.deepEqual([model, resolve(output!)], [resolve("/home/me/a.safetensors"), resolve("/home/me/pics")]);
  assert.deepEqual(others, {
    cfgScale: 4,
    samplingMethod: "dpm++2m",
    lora: [{ file: "ink", weight: 0.5 }],
    noPlan: undefined,
    seed: 9007199254740993n,
    originalSize: [32, 64],
  });
  const edit = flagsFor("edit", file);
  assert.deepEqual([edit.rounds, edit.cfgScale, edit.originalSize], [2, 9, undefined]);
  assert.deepEqual(Object.keys(flagsFor("metadata", file)), ["output"], "a picture made again has settings of its own");
});

Deno.test("what a file cannot say is refused with its place", async () => {
  const cases: [text: string, whose: "user" | "project", message: RegExp][] = [
    ["stpes = 1", "user", /config\.toml, stpes: There is no flag --stpes\. Did you mean "--steps"/],
    ['steps = "many"', "user", /config\.toml: steps takes .*not "many"/],
    ["steps = 2020-01-01", "user", /config\.toml: steps takes/],
    ['prompt = "x"', "user", /one run/],
    ['control-net = "x"', "user", /one run/],
    ["force = true", "project", /user's own/],
    ['llm-url = "https://example.org"', "project", /user's own/],
    ["[edit]\nbatch-count = 3", "user", /does nothing in "edit"/],
    ["[edit]\nrounds = 0", "user", /config\.toml, edit\.rounds|config\.toml: rounds takes/],
    ["steps = 1\nsteps = 2", "user", /config\.toml, line 2, is not valid TOML/],
    ["steps", "user", /config\.toml, line 1, is not valid TOML/],
  ];
  for (const [text, whose, message] of cases) {
    await assert.rejects(
      () => parseConfig(text, PATH, whose),
      (error: Error) => error instanceof UsageError && message.test(error.message) && !error.message.includes("\n"),
      text,
    );
  }
});

Deno.test("what says more of something waits for that; of its picture and its masks an edit need not be told", () => {
  const file = { strength: 0.5, maskBlur: 2, inpaintPadding: 8, guessMode: true, judge: "none" } as const;
  assert.deepEqual(underFlags("generate", file, { steps: 3 }), { steps: 3 });
  assert.deepEqual(underFlags("edit", file, { steps: 3 }), { strength: 0.5, maskBlur: 2, judge: "none", steps: 3 });
  assert.deepEqual(underFlags("edit", file, { inpaintOnlyMasked: true }).inpaintPadding, 8);
  assert.deepEqual(underFlags("generate", {}, { strength: 0.5 }), { strength: 0.5 });
});

Deno.test("the command line goes before the project's file, that before the user's; config says what holds", () =>
  inFolder(async (cwd) => {
    const user = join(cwd, "home", "rpg");
    await Deno.mkdir(user, { recursive: true });
    await Deno.mkdir(join(cwd, "project", "sub"), { recursive: true });
    await Deno.writeTextFile(
      join(user, "config.toml"),
      'steps = 3\ncfg-scale = 2\nseed = 1\nhires-steps = 2\nllm-url = "https://me:hunter22@example.org/v1"\n',
    );
    await Deno.writeTextFile(
      join(cwd, "project", "rpg.toml"),
      `model = ${JSON.stringify(TINY_MODEL)}\nwidth = 64\nheight = 48\ncfg-scale = 3\nseed = 2\n`,
    );
    const running = {
      cwd: join(cwd, "project", "sub"),
      env: { XDG_CONFIG_HOME: join(cwd, "home"), APPDATA: join(cwd, "home"), OPENAI_API_KEY: "sk-verysecret" },
    };
    const line = ["a cat", "--no-plan", "--json", "--seed", "7", "--steps", "1"];
    const [drawn, { stdout }] = await finishEach([line, ["config"]], running);
    assert.equal(drawn.code, 0, drawn.stderr);
    const { steps, cfgScale, seed, width } = JSON.parse(drawn.stdout).settings;
    assert.deepEqual({ steps, cfgScale, seed, width }, { steps: 1, cfgScale: 3, seed: 7, width: 64 });
    assert.match(drawn.stderr, /Settings from .*rpg\.toml/);

    assert.match(stdout, /^cfg-scale +3 +\(.*rpg\.toml; .*config\.toml says 2\)$/m);
    assert.match(stdout, /^steps +3 +\(.*config\.toml\)$/m);
    assert.match(stdout, /^OPENAI_API_KEY +\(set\)$/m);
    assert.ok(!/hunter22|verysecret/.test(stdout), stdout);
  }));
