import assert from "@std/assert";
import { COMMANDS, FLAGS } from "../../src/cli/flags.ts";
import { helpText } from "../../src/cli/help.ts";
import { generateOptions } from "../../src/cli/options.ts";
import { parseArgs } from "../../src/cli/parse_args.ts";
import { UsageError } from "../../src/errors.ts";

Deno.test("a prompt with flags in every spelling", () => {
  const line = [
    "a dog",
    "-s",
    "-1",
    "--steps=30",
    "--split-ratio",
    "1,2",
    "-n",
    "",
    "-W",
    "512",
    "--json",
    "--crop",
    "8x0",
  ];
  assert.deepEqual(parseArgs(line), {
    command: "generate",
    argument: "a dog",
    flags: { seed: -1, steps: 30, splitRatio: "1,2", negativePrompt: "", width: 512, json: true, crop: [8, 0] },
  });
});

Deno.test("commands, repeated flags, and arguments that look like flags", () => {
  assert.deepEqual(parseArgs(["inspect", "model", "--size", "512x768"]).command, "inspect");
  assert.deepEqual(parseArgs(["plan", "x", "--image", "a.png", "--image", "b.png"]).flags.image, ["a.png", "b.png"]);
  assert.equal(parseArgs(["--", "-5 degrees"]).argument, "-5 degrees");
  assert.equal(parseArgs(["-p", "doctor"]).command, "generate");
});

Deno.test("other tools' names of samplers are understood, large seeds stay exact", () => {
  const { flags } = parseArgs([
    "x",
    "--sampling-method",
    "k_euler_a",
    "--scheduler",
    "Karras",
    "-s",
    "9007199254740993",
  ]);
  assert.equal(flags.samplingMethod, "euler_a");
  assert.equal(flags.scheduler, "karras");
  assert.equal(flags.seed, 9007199254740993n);
});

const REFUSED: [line: string[], message: RegExp][] = [
  [["x", "--stpes", "3"], /no flag --stpes.*Did you mean "--steps"/],
  [["x", "-Z"], /no flag -Z/],
  [["x", "--steps"], /--steps needs a value: --steps N/],
  [["x", "--steps", "2.5"], /--steps takes a whole number from 1 to 1000, not "2.5"/],
  [["x", "--cfg-scale", "much"], /--cfg-scale takes a number/],
  [["x", "--type", "f15"], /takes auto, f32, f16, not "f15"\. Did you mean "f16"/],
  [["x", "--sampling-method", "eulr"], /Unknown sampler "eulr"\. Did you mean "euler"/],
  [["x", "--json=yes"], /--json takes no value/],
  [["x", "--seed", "9223372036854775808"], /below 2⁶³/],
  [["plan", "x", "--steps", "3"], /--steps does nothing in "plan"/],
  [["a", "red", "apple"], /put the prompt in quotes, "a red apple"/],
  [["inspct", "model"], /no command "inspct"\. Did you mean "inspect"/],
  [["docter"], /Did you mean "doctor"/],
  [["doctor", "now"], /doctor takes no argument/],
];

Deno.test("what cannot be used is refused with the way out", () => {
  for (const [line, message] of REFUSED) {
    assert.throws(() => parseArgs(line), (error: Error) => {
      assert.ok(error instanceof UsageError);
      assert.match(error.message, message);
      return true;
    }, `refuses ${line.join(" ")}`);
  }
});

Deno.test("short words near a short command are prompts all the same", () => {
  for (const prompt of ["plane", "plant", "a plan", ""]) assert.equal(parseArgs([prompt]).argument, prompt);
});

Deno.test("the help names every flag, and a command's own help only its flags", () => {
  for (const name of Object.keys(FLAGS)) assert.ok(helpText().includes(`--${name}`), name);
  for (const command of Object.keys(COMMANDS) as (keyof typeof COMMANDS)[]) {
    for (const [name, { on }] of Object.entries(FLAGS)) {
      const row = new RegExp(`^  (-\\w, |    )--${name} `, "m");
      assert.equal(row.test(helpText(command)), on.includes(command), `--${name} in "${command}"`);
    }
  }
  const widest = Math.max(...helpText().split("\n").map((line) => line.length));
  assert.ok(widest <= 120, `the help is ${widest} wide`);
});

Deno.test("sizes are width × height on the command line, and rows before columns for the pipeline, as in diffusers", () => {
  const { flags } = parseArgs(["a dog", "--original-size", "1024x768", "--target-size", "640x512", "--crop", "8x16"]);
  const { originalSize, targetSize, crop } = generateOptions(flags);
  assert.deepEqual({ originalSize, targetSize, crop }, {
    originalSize: [768, 1024],
    targetSize: [512, 640],
    crop: [16, 8],
  });
});
