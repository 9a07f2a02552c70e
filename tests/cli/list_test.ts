import assert from "@std/assert";
import { join } from "@std/path";
import { Manifest } from "../../src/cli/manifest.ts";
import { readPngText } from "../../src/formats/png_text.ts";
import { encodePng } from "../../src/formats/png.ts";
import { filled } from "../../src/picture/picture.ts";
import { readRows } from "../../src/cli/rows.ts";
import type { FlagValues } from "../../src/settings.ts";
import { finish, finishEach, inFolder, names, program, TINY_MODEL } from "./program.ts";

/** Rows of a file of this name, with their errors' words. */
async function rows(name: string, text: string, beside?: FlagValues) {
  const folder = await Deno.makeTempDir();
  try {
    await Deno.writeTextFile(join(folder, name), text);
    const found = await readRows(join(folder, name), new AbortController().signal, beside);
    return found.map(({ line, flags, error }) => error ? [line, error.message] : [line, flags]);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

Deno.test("a list is text, CSV or JSON lines; each row has its line, and a bad one its error", async () => {
  assert.deepEqual(
    await rows("a.txt", "\ufeff# pets\r\na cat\r\n\r\n--prompt 'a \"dog\"' --cfg_scale 5 --lora a=0.5\r\n"),
    [
      [2, { prompt: "a cat" }],
      [4, { prompt: 'a "dog"', cfgScale: 5, lora: [{ file: "a", weight: 0.5 }] }],
    ],
  );
  const unclosed = await rows(
    "a.txt",
    `--prompt cat" --seed 3\n--prompt don't\n--prompt a\\\n--prompt "a cat\n--prompt "don't"`,
  );
  assert.deepEqual(unclosed.map(([, said]) => `${said}`.slice(0, 10)), [
    'It has a "',
    "It has a '",
    "It has a \\",
    'It has a "',
    "[object Ob",
  ]);
  const table = "prompt,guidance_scale,no-plan,lora,lora\n" +
    '"a cat, big",3,false,,\n"two\nlines",,true,a,b=2\nx,hot,,,\n\nx,1,,,,y\n';
  const two = [{ file: "a", weight: 1 }, { file: "b", weight: 2 }];
  assert.deepEqual(await rows("a.csv", table), [
    [2, { prompt: "a cat, big", cfgScale: 3, noPlan: undefined }],
    [3, { prompt: "two\nlines", noPlan: true, lora: two }],
    [5, 'guidance_scale takes a number from 0 to 100, not "hot".'],
    [7, "It has 6 columns, but the header names 5."],
  ]);
  assert.deepEqual(await rows("a.csv", "prompt;seed\na, b;3\n"), [[2, { prompt: "a, b", seed: 3 }]]);
  const lines = ['{"prompt":"x","seed":"9007199254740993","lora":["a","b=2"]}', "[1]", '{"device":1}', '{"steps":0}'];
  const [first, ...wrong] = await rows("a.jsonl", lines.join("\n"));
  assert.deepEqual(first, [1, { prompt: "x", seed: 9007199254740993n, lora: two }]);
  assert.deepEqual(wrong.map(([line, error]) => [line, /must be an object|whole run|steps takes/.test(`${error}`)]), [
    [2, true],
    [3, true],
    [4, true],
  ]);
  await assert.rejects(() => rows("a.csv", "prompt,cfg,cfg-scale\na,3,5\n"), /line 1: Two columns are --cfg-scale/);
  await assert.rejects(() => rows("a.csv", "prompt,stpes\na,3\n"), /a\.csv, line 1: .*Did you mean/);
  await assert.rejects(() => rows("a.txt", "# nothing\n"), /holds nothing to draw/);
});

Deno.test("a row says more of the command line's last ControlNet, or names its own", async () => {
  const beside: FlagValues = { controlNets: [{ model: "pose" }, { model: "canny", image: "a.png", strength: 1 }] };
  const changed = { controlNets: [{ model: "pose" }, { model: "canny", image: "a.png", strength: 0.5 }] };
  const own = { controlNets: [{ model: "depth", strength: 0.4 }] };
  assert.deepEqual(await rows("a.csv", "control-strength\n0.5\n", beside), [[2, changed]]);
  assert.deepEqual(await rows("a.jsonl", '{"control-strength": 0.5}', beside), [[1, changed]]);
  assert.deepEqual(await rows("a.txt", "--control-strength 0.5\n--control-net depth --control-strength 0.4", beside), [
    [1, changed],
    [2, own],
  ]);
  const before = await rows("a.jsonl", '{"control-strength": 0.4, "control-net": "depth"}', beside);
  assert.match(`${before[0][1]}`, /name that before it/);
  assert.match(`${(await rows("a.csv", "control-strength\n0.5\n"))[0][1]}`, /name that before it/);
});

Deno.test("a list is drawn with one model; a bad row is named and loses no other; what is done is not drawn again", () =>
  inFolder(async (cwd) => {
    const common = ["-m", TINY_MODEL, "-W", "64", "-H", "48", "--steps", "1", "--no-plan", "-o", "new/"];
    await Deno.writeTextFile(
      join(cwd, "a.csv"),
      "prompt,steps,output,hires-scale\na cat,,,\na dog,0,,\nan owl,2,own.jpg,1.5\n",
    );
    // What is said beside the list of a flag that some rows have holds for those.
    const line = ["--prompts", "a.csv", ...common, "--hires-strength", "1"];
    const first = await finish(program(line, { cwd }));
    assert.equal(first.code, 2);
    assert.equal(first.stdout.replaceAll("\\", "/"), "new/out_001.png  seed 42\nnew/own.jpg  seed 42\n");
    assert.match(first.stderr, /a\.csv, line 3: steps takes .*not "0"/);
    assert.match(first.stderr, /1 of 3 rows failed: line 3\./);

    await Deno.remove(join(cwd, "new/own.jpg")); // is drawn again, as is the row that was mended
    await Deno.writeTextFile(
      join(cwd, "a.csv"),
      "prompt,steps,output,hires-scale\na cat,,,\na dog,1,,\nan owl,2,own.jpg,1.5\n",
    );
    const second = await finish(program(line, { cwd }));
    assert.equal(second.code, 0, second.stderr);
    assert.equal(second.stdout.replaceAll("\\", "/"), "new/out_002.png  seed 42\nnew/own.jpg  seed 42\n");
    assert.match(second.stderr, /picture 1\/2\n(.*\n)*2 drawn, 1 were there already/);
    assert.deepEqual(names(join(cwd, "new")), ["a.manifest.jsonl", "out_001.png", "out_002.png", "own.jpg"]);
    const entries = (await Deno.readTextFile(join(cwd, "new/a.manifest.jsonl"))).trim().split("\n").map((one) =>
      JSON.parse(one)
    );
    assert.deepEqual(entries.map(({ line, path }) => [line, path]), [
      [3, undefined],
      [2, "out_001.png"],
      [4, "own.jpg"],
      [3, "out_002.png"],
      [4, "own.jpg"],
    ]);

    const own = '{"prompt": "a cat", "output": "one.png"}\n{"prompt": "a cat", "rounds": 2}\n' +
      '{"prompt": "a cat", "save-plan": "1.json"}\n{"prompt": "a cat", "save-plan": "2.json"}\n';
    await Deno.writeTextFile(join(cwd, "b.jsonl"), own);
    const several = await finish(program(["--prompts", "b.jsonl", ...common, "-b", "2", "--force"], { cwd }));
    assert.equal(several.code, 2);
    assert.match(several.stderr, /2 of 4 rows failed: lines 1, 2\./);
    assert.deepEqual(names(cwd).filter((name) => /^[12]\.json$/.test(name)), ["1.json", "2.json"]);
    assert.match(several.stderr, /line 2: --rounds needs somebody who looks/);
    assert.match(several.stderr, /line 1: 2 files need a number in their name: -o new.one_%03d\.png/);
  }));

Deno.test("a manifest is gone on with, also after half a line; another file is left alone", () =>
  inFolder(async (cwd) => {
    const path = join(cwd, "a.manifest.jsonl");
    await Deno.writeTextFile(join(cwd, "a.png"), "");
    await (await Manifest.open(path)).add({ line: 1, key: "k1", path: join(cwd, "a.png") });
    await Deno.writeTextFile(path, '{"line":2,"key":"k2","pa', { append: true });
    await (await Manifest.open(path)).add({ line: 3, key: "k3", error: "no" });
    const manifest = await Manifest.open(path);
    assert.equal((await manifest.done("k1"))?.path, join(cwd, "a.png"));
    assert.deepEqual([await manifest.done("k2"), await manifest.done("k3")], [undefined, undefined]);
    await manifest.add({ line: 1, key: "k4", path: join(cwd, "a.png") });
    const over = await Manifest.open(path);
    assert.deepEqual([await over.done("k1"), (await over.done("k4"))?.path], [undefined, join(cwd, "a.png")]);
    await Deno.writeTextFile(join(cwd, "notes.txt"), "mine\n");
    await assert.rejects(() => Manifest.open(join(cwd, "notes.txt")), /notes\.txt is there, and is no manifest/);
  }));

Deno.test("what is said beside a list of pictures to start from is said of those", () =>
  inFolder(async (cwd) => {
    await Deno.writeFile(join(cwd, "a.png"), encodePng(filled(64, 48, [90, 160, 30, 255])));
    await Deno.writeTextFile(join(cwd, "a.jsonl"), '{"prompt": "a cat", "init-image": "a.png"}\n{"prompt": "a dog"}\n');
    const line = [
      "--prompts",
      "a.jsonl",
      "-m",
      TINY_MODEL,
      "--steps",
      "2",
      "--no-plan",
      "--strength",
      "0.5",
      "-W",
      "64",
    ];
    const { code, stderr, stdout } = await finish(program([...line, "-H", "48"], { cwd }));
    assert.equal(code, 0, stderr);
    assert.equal(stdout, "out_001.png  seed 42\nout_002.png  seed 42\n");
    // So it is where a config file says it.
    await Deno.writeTextFile(join(cwd, "rpg.toml"), "strength = 0.5\n");
    const common = [...line.slice(2, 6), "--no-plan", "-W", "64", "-H", "48"];
    const lines = [["--prompts", "a.jsonl", "-o", "b/"], ["a cat", "--grid", "init-image=a.png,", "-o", "c/"]];
    for (const [i, run] of (await finishEach(lines.map((own) => [...own, ...common]), { cwd })).entries()) {
      assert.equal(run.code, 0, run.stderr);
      const [from, plain] = [1, 2].map((n) => Deno.readFileSync(join(cwd, `${"bc"[i]}/out_00${n}.png`)));
      assert.deepEqual(from, Deno.readFileSync(join(cwd, "out_001.png")));
      assert.ok(!readPngText(plain, "plain").get("rpg")!.includes("strength"));
    }
  }));

Deno.test("a list that is gone on with replaces its own sheet and plans, and nothing that somebody has changed", () =>
  inFolder(async (cwd) => {
    const rows = (steps: number) =>
      [1, steps].map((steps, i) => JSON.stringify({ prompt: "a cat", steps, "save-plan": `${i + 1}.json` })).join("\n");
    const size = ["-W", "64", "-H", "48", "--no-plan", "-o", "new/"];
    const line = ["-m", TINY_MODEL, "--prompts", "a.jsonl", ...size, "--contact-sheet", "sheet.png"];
    const run = (steps: number, more: string[] = []) => {
      Deno.writeTextFileSync(join(cwd, "a.jsonl"), rows(steps));
      return finish(program([...line, ...more], { cwd }));
    };
    const failed = await run(0);
    assert.match(failed.stderr, /1 of 2 rows failed: line 2\./);
    const [sheet, plan] = ["sheet.png", "1.json"].map((name) => Deno.readFileSync(join(cwd, name)));

    await Deno.remove(join(cwd, "new/out_001.png")); // as if the run had been killed before it
    const mended = await run(1);
    assert.equal(mended.code, 0, mended.stderr);
    assert.match(mended.stderr, /\n2 drawn; /);
    assert.deepEqual(names(cwd), ["1.json", "2.json", "a.jsonl", "new", "sheet.png"]);
    assert.deepEqual(Deno.readFileSync(join(cwd, "1.json")), plan);
    const both = Deno.readFileSync(join(cwd, "sheet.png"));
    assert.notDeepEqual(both, sheet);
    assert.match((await run(1)).stderr, /\n0 drawn, 2 were there already; /);

    await Deno.writeFile(join(cwd, "sheet.png"), sheet.slice(0, -1)); // is somebody's now
    const refused = await run(1);
    assert.deepEqual([refused.code, /sheet\.png is already there/.test(refused.stderr)], [2, true]);
    await Deno.remove(join(cwd, "sheet.png"));
    await Deno.remove(join(cwd, "new/out_001.png"));
    await Deno.writeTextFile(join(cwd, "1.json"), "mine");
    const kept = await run(1);
    assert.match(kept.stderr, /line 1: 1\.json is already there/);
    assert.equal(Deno.readTextFileSync(join(cwd, "1.json")), "mine");
  }));
