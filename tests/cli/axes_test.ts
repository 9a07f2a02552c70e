import assert from "@std/assert";
import { readAxis, withField } from "../../src/cli/axes.ts";
import { parseArgs } from "../../src/cli/parse_args.ts";
import { readPngText } from "../../src/formats/png_text.ts";
import { finishEach, inFolder, names, TINY_MODEL } from "./program.ts";

const values = (text: string) => readAxis(text).values.map(({ flags }) => Object.values(flags)[0]);

Deno.test("an axis is values, ranges, quoted texts, and none", () => {
  assert.deepEqual(values("seed=1..4"), [1, 2, 3, 4]);
  assert.deepEqual(values("cfg_scale=3, 5,7.5"), [3, 5, 7.5]);
  assert.deepEqual(values("guidance-scale=1..2:0.5,9"), [1, 1.5, 2, 9]);
  assert.deepEqual(values("strength=0.1..0.35:0.1"), [0.1, 0.2, 0.3]);
  assert.deepEqual(values("seed=9007199254740993..9007199254740995"), [1n, 2n, 3n].map((i) => 9007199254740992n + i));
  assert.deepEqual(values("sampler=euler_a,dpm++2m"), ["euler_a", "dpm++2m"]);
  assert.deepEqual(values('prompt="a ""big"" cat, sitting",a dog'), ['a "big" cat, sitting', "a dog"]);
  assert.deepEqual(values("lora=,ink=0.5"), [undefined, [{ file: "ink", weight: 0.5 }]]);
  assert.deepEqual(readAxis("lora=,ink=0.5").values.map(({ label }) => label), ["lora -", "lora ink=0.5"]);
});

Deno.test("what is said of a ControlNet is an axis, of the last of several", () => {
  const { flags } = parseArgs(["x", "--control-net", "a", "--control-image", "a.png", "--control-net", "b"]);
  const axis = readAxis("control-strength=0.5..1:0.5,");
  const nets = axis.values.map((value) => withField(flags, value, axis).controlNets);
  assert.deepEqual(
    nets,
    [0.5, 1, undefined].map((strength) => [{ model: "a", image: "a.png" }, { model: "b", strength }]),
  );
  const without = readAxis("control-net=");
  assert.deepEqual(withField(flags, without.values[0], without).controlNets, [{ model: "a", image: "a.png" }]);
  assert.throws(() => withField({}, axis.values[0], axis), /beside --grid/);
});

Deno.test("what is no axis is refused with its value", () => {
  const cases: [string, RegExp][] = [
    ["seed", /such as seed=1\.\.4, not "seed"/],
    ["stpes=1,2", /Did you mean "--steps"/],
    ["steps=1,x", /steps takes .*not "x"/],
    ["seed=4..1", /the smaller first/],
    ["seed=1..99999", /99999 values/],
    ["device=0,1", /whole run/],
    ["control-strength=0,x", /takes a number from 0 to 10, not "x"/],
    ["output=a.png", /cannot be an axis/],
  ];
  for (const [text, message] of cases) assert.throws(() => readAxis(text), message, text);
});

Deno.test("--grid goes on over words that are axes, and leaves the prompt alone", () => {
  const { argument, flags } = parseArgs(["--grid", "seed=1..4", "cfg-scale=3,5", "e=mc2", "--steps", "2"]);
  assert.deepEqual([argument, flags], ["e=mc2", { grid: ["seed=1..4", "cfg-scale=3,5"], steps: 2 }]);
});

Deno.test("a grid is its pictures and a labelled sheet that says its axes; one that fails loses no other", () =>
  inFolder(async (cwd) => {
    const common = ["a cat", "-m", TINY_MODEL, "-W", "64", "-H", "48", "--steps", "1", "--no-plan", "-o", "sheet.png"];
    const [{ code, stdout, stderr }, wrong, compared] = await finishEach([
      [...common, "--grid", "width=64,9", "seed=5,6"],
      [...common, "--grid", "cfg-scale=3,high"],
      [...common, "-o", "hires/", "--grid", "hires-scale=,2", "--hires-strength", "1"],
    ], { cwd });
    assert.equal(code, 2, stderr);
    assert.equal(stdout, "sheet_001.png  seed 5  width 64\nsheet_002.png  seed 6  width 64\nsheet.png\n");
    assert.match(stderr, /error: width 9, seed 5: The width 9 is not a multiple/);
    assert.deepEqual(names(cwd), ["hires", "sheet.png", "sheet_001.png", "sheet_002.png"]);
    const texts = readPngText(await Deno.readFile(`${cwd}/sheet.png`), "sheet.png");
    assert.match(texts.get("parameters")!, /X Type: width, X Values: "64, 9", Y Type: seed, Y Values: "5, 6"/);
    assert.match(wrong.stderr, /^error: cfg-scale takes .*not "high"/);
    assert.equal(compared.code, 0, `what says more of an axis goes where that is left empty: ${compared.stderr}`);
  }));
