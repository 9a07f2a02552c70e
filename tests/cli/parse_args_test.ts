import assert from "@std/assert";
import { homeFolder } from "../../src/secrets.ts";
import { helpText } from "../../src/cli/help.ts";
import { pictureOptions } from "../../src/cli/options.ts";
import { parseArgs } from "../../src/cli/parse_args.ts";
import { UsageError } from "../../src/errors.ts";
import { flagOf } from "../../src/settings/check.ts";
import { type CommandName, COMMANDS } from "../../src/settings/commands.ts";
import { SETTINGS } from "../../src/settings/schema.ts";
import { takes } from "../../src/settings/setting.ts";

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
    flags: { seed: -1, steps: 30, splitRatio: "1,2", negativePrompt: "", width: 512, json: true, crop: [0, 8] },
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
  [["x", "-y", "4"], /There is no flag -y\. "/],
  [["x", "--stpes", "3"], /no flag --stpes.*Did you mean "--steps"/],
  [["x", "-Z"], /no flag -Z/],
  [["x", "--steps"], /--steps needs a value: --steps N/],
  [["x", "--steps", "2.5"], /--steps takes a whole number from 1 to 1000, not "2.5"/],
  [["x", "--cfg-scale", "much"], /--cfg-scale takes a number/],
  [["x", "--type", "f15"], /takes auto, f32, f16, bf16, .*not "f15"\. Did you mean "f16"/],
  [["x", "--sampling-method", "eulr"], /Unknown sampler "eulr"\. Did you mean "euler"/],
  [["x", "--json=yes"], /--json takes no value/],
  [["x", "--seed", "9223372036854775808"], /below 2⁶³/],
  [["plan", "x", "--steps", "3"], /--steps does nothing in "plan"/],
  [["a", "red", "apple"], /put the prompt in quotes, "a red apple"/],
  [["inspct", "model"], /no command "inspct"\. Did you mean "inspect"/],
  [["docter"], /Did you mean "doctor"/],
  [["hlep"], /Did you mean "help"/],
  [["version"], /Did you mean "--version"/],
  [["x", "--cgf-scale", "3"], /Did you mean "--cfg-scale"/],
  [["x", "--zebra"], /no flag --zebra\. "main\.ts help/],
  [["x", "--no-half"], /That is "--type f32" here/],
  [["x", "-t", "8"], /no flag -t\. Leave it out/],
  [["x", "--enable_hr"], /That is "--hires-scale 2" here/],
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
  for (const prompt of ["plane", "plant", "kelp", "a plan", ""]) assert.equal(parseArgs([prompt]).argument, prompt);
});

Deno.test("what other tools call a flag is understood, and their switches too", () => {
  const lines: [line: string, flags: object][] = [
    // stable-diffusion.cpp, AUTOMATIC1111, diffusers, CompVis
    ["--sampler k_euler --schedule karras --negative x --cfg 5", {
      samplingMethod: "euler",
      scheduler: "karras",
      negativePrompt: "x",
      cfgScale: 5,
    }],
    ["--vae-tiling --embd-dir e --clip-skip 2", { vaeTiling: "on", embeddings: "e", clipSkip: 2 }],
    ["--vae-tiling off --medvram", { vaeTiling: "off", offloadToCpu: true }],
    ["--num_inference_steps=4 --guidance_scale 7.5 --negative_prompt y", {
      steps: 4,
      cfgScale: 7.5,
      negativePrompt: "y",
    }],
    ["--ckpt m --ddim_steps 9 --scale 2 --W 64 --H 96 --n_iter 2", {
      model: "m",
      steps: 9,
      cfgScale: 2,
      width: 64,
      height: 96,
      batchCount: 2,
    }],
  ];
  for (const [line, flags] of lines) assert.deepEqual(parseArgs(["x", ...line.split(" ")]).flags, flags);
});

Deno.test("~ is the home folder wherever a path is, also where the shell leaves it", () => {
  const home = homeFolder()!;
  const line = ["x", "--lora=~/a.safetensors=0.8", "-m", "~/m", "--wildcards", "~", "--init-image", "~me/a.png"];
  assert.deepEqual(parseArgs(line).flags, {
    lora: [{ file: `${home}/a.safetensors`, weight: 0.8 }],
    model: `${home}/m`,
    wildcards: home,
    initImage: "~me/a.png",
  });
  assert.equal(parseArgs(["-p", "~/ art"]).flags.prompt, "~/ art");
});

Deno.test("no two settings share a spelling", () => {
  const spellings = Object.entries(SETTINGS).flatMap(([name, { short, also = [] }]) => [
    flagOf(name),
    ...also.map((other) => `--${other}`),
    ...(short ? [`-${short}`] : []),
  ]);
  assert.deepEqual(spellings.filter((spelling, i) => spellings.indexOf(spelling) !== i), []);
});

Deno.test("a command's help has all its flags and no others; the general help has what everybody needs", () => {
  const shown = (help: string, name: string) => new RegExp(`^  (-\\w, |    )${flagOf(name)} `, "m").test(help);
  for (const command of Object.keys(COMMANDS).filter((name) => name !== "help") as CommandName[]) {
    for (const [name, setting] of Object.entries(SETTINGS)) {
      assert.equal(shown(helpText(command), name), takes(command, setting), `${flagOf(name)} in "${command}"`);
    }
  }
  for (const [name, { common }] of Object.entries(SETTINGS)) {
    assert.equal(shown(helpText(), name), common === true, name);
  }
  const helps = [helpText(), ...Object.keys(COMMANDS).map((name) => helpText(name as CommandName))];
  for (const line of helps.join("\n").split("\n")) assert.ok(line.length <= 120, line);
  // What means something else in one command says so there.
  assert.match(helpText("edit"), /painted anew \(default 3\)[^]*edit_%03d\.png/);
  assert.doesNotMatch(helpText("convert"), /\.png/);
  assert.doesNotMatch(helpText("metadata"), /enlarge the finished/);
  assert.ok(helpText().split("\n").length <= 52, "the general help fits a screen");
});

Deno.test("sizes are width × height on the command line, and rows before columns for the pipeline, as in diffusers", () => {
  const { flags } = parseArgs(["a dog", "--original-size", "1024x768", "--target-size", "640x512", "--crop", "8x16"]);
  const { originalSize, targetSize, crop } = pictureOptions(flags);
  assert.deepEqual({ originalSize, targetSize, crop }, {
    originalSize: [768, 1024],
    targetSize: [512, 640],
    crop: [16, 8],
  });
});
