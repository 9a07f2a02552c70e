import assert from "@std/assert";
import type { Console } from "../../src/cli/console.ts";
import { previewOf } from "../../src/cli/preview.ts";
import { encodePicture } from "../../src/formats/encode_picture.ts";
import { join } from "@std/path";
import { finish, finishEach, inFolder, names, program, TINY_MODEL } from "./program.ts";

const QUICK = ["-m", TINY_MODEL, "-W", "64", "-H", "64", "--steps", "1", "--no-plan"];

Deno.test("no picture is lost where standard output or error is full or gone", () =>
  inFolder(async (cwd) => {
    const main = new URL("../../main.ts", import.meta.url).pathname;
    const shell = async (name: string, redirect: string) => {
      const line = [Deno.execPath(), "run", "-A", main, "x", ...QUICK, "-o", name].map((word) => `'${word}'`).join(" ");
      const run = new Deno.Command("sh", {
        args: ["-c", `${line} ${redirect}`],
        cwd,
        stdout: "piped",
        stderr: "piped",
      });
      return await finish(run);
    };
    const full = await shell("full.png", "> /dev/full");
    assert.equal(full.code, 2);
    assert.match(full.stderr, /error: standard output could not be written: No space left/);
    assert.equal((await shell("deaf.png", "2> /dev/full")).code, 0);
    assert.equal((await shell("gone.png", ">&- 2>&-")).code, 0);
    await shell("head.png", "2>&1 | head -c 1");
    assert.deepEqual(names(cwd), ["deaf.png", "full.png", "gone.png", "head.png"]);
  }));

Deno.test("a preview that cannot be written ends no drawing, and is told of once", () =>
  inFolder(async (cwd) => {
    await Deno.writeTextFile(join(cwd, "file"), "");
    const told: string[] = [];
    const console = { complain: (text: string) => told.push(text), event: () => assert.fail() } as unknown as Console;
    const flags = { preview: "proj" } as const;
    const preview = previewOf(join(cwd, "file", "a.png"), { flags, console, signal: new AbortController().signal });
    const picture = { width: 1, height: 1, data: new Uint8Array(4) };
    for (const step of [1, 2, 3]) {
      await preview.show!({ step, steps: 3, seconds: 0, sigma: 1, preview: () => Promise.resolve(picture) });
    }
    await preview.remove!();
    assert.equal(told.length, 1);
    assert.match(told[0], /file is not a folder.* drawn without previews/);
  }));

Deno.test("a folder gets numbered pictures, missing folders are made, the name says the format", () =>
  inFolder(async (cwd) => {
    const cases: [output: string, path: string, magic: string][] = [
      ["new/deep/", "new/deep/out_001.png", "\x89PNG"],
      ["new", "new/out_001.png", "\x89PNG"],
      ["other/cat.jpg", "other/cat.jpg", "\xff\xd8\xff"],
      ["cat_%02d.webp", "cat_01.webp", "RIFF"],
    ];
    const runs = await finishEach(cases.map(([output]) => ["x", ...QUICK, "-o", output]), { cwd });
    for (const [i, [, path, magic]] of cases.entries()) {
      const { stdout, stderr } = runs[i];
      assert.equal(stdout, `${path}  seed 42\n`, stderr);
      const bytes = await Deno.readFile(join(cwd, path));
      assert.equal(String.fromCharCode(...bytes.subarray(0, magic.length)), magic);
    }
  }));

Deno.test("what can be refused is refused before a planner is asked or a weight is loaded", () =>
  inFolder(async (cwd) => {
    // Nobody listens there: asking it would end with 5.
    const asking = ["a cat and a dog", "--planner", "openai", "--llm-url", "http://127.0.0.1:9/v1", "--llm-model", "m"];
    const cases: [line: string[], code: number, message: RegExp][] = [
      [["--preset", "foo"], 2, /no preset "foo"/],
      [["-m", "nofile"], 3, /nofile does not exist/],
      [["-m", TINY_MODEL, "-W", "100"], 2, /The width 100 is not a multiple of 8/],
      [["-m", TINY_MODEL, "--clip-skip", "12"], 2, /has only \d+ layers/],
      [["-m", TINY_MODEL, "--sampler", "heun", "--eta", "0.3"], 2, /--eta does nothing in heun/],
      [["-m", TINY_MODEL, "--crop", "8x8"], 2, /--crop does nothing with sd1: only SDXL's UNets/],
      [["-m", TINY_MODEL, "-b", "2", "-s", "9223372036854775807"], 2, /leaves no seed for picture 2/],
      [["-o", "s.png", "--save-plan", "./s.png"], 2, /would write the same file/],
      [["-o", "s.png", "--trace", "./s.png"], 2, /-o and --trace would write the same file/],
      [["--save-plan", "s.json", "--trace", "s.json"], 2, /--save-plan and --trace would write the same file/],
      [["--report", "s.html", "--trace", "s.html"], 2, /--report and --trace would write the same file/],
      [["-o", "s_%d.png", "--contact-sheet", "s_1.png"], 2, /-o and --contact-sheet would write the same file/],
      [["-o", "s.gif"], 2, /written as \.png, \.jpg or \.webp/],
      [["-o", "%05000d.png"], 2, /asks for 5000 digits/],
    ];
    const lone = ["--regions", "a BREAK b", ...QUICK.slice(0, 8), "--feather", "0.4", "--mode", "attention"];
    const [feather, ...runs] = await finishEach([lone, ...cases.map(([line]) => [...asking, ...line, "-q"])], { cwd });
    for (const [i, [, code, message]] of cases.entries()) {
      const run = runs[i];
      assert.match(run.stderr, message);
      assert.equal(run.code, code, run.stderr);
      assert.match(run.stderr, /^error: [^\n]*\n$/);
    }
    assert.match(feather.stderr, /--feather does nothing in attention mode/);
    assert.deepEqual(names(cwd), []);
  }));

Deno.test("deno task start takes paths from where it is called", () =>
  inFolder(async (cwd) => {
    const env = { RPG_CWD: cwd };
    const { stdout, stderr } = await finish(program(["x", ...QUICK, "-o", "x.png"], { cwd: "/", env }));
    assert.equal(stdout, "x.png  seed 42\n", stderr);
    assert.deepEqual(names(cwd), ["x.png"]);
    const { tasks } = JSON.parse(Deno.readTextFileSync(new URL("../../deno.json", import.meta.url)));
    assert.match(tasks.start, /RPG_CWD=\$INIT_CWD deno run .* main\.ts$/);
  }));

Deno.test("a damaged JPEG prints nothing of its decoder's", () =>
  inFolder(async (cwd) => {
    const grey = { width: 40, height: 30, data: new Uint8Array(40 * 30 * 4).map((_, i) => i * 7) };
    const jpeg = await encodePicture("jpeg", grey);
    await Deno.writeFile(`${cwd}/half.jpg`, jpeg.subarray(0, jpeg.length / 2));
    const { stdout, stderr } = await finish(program(["preprocess", "canny", "half.jpg", "-q", "-o", "a.png"], { cwd }));
    assert.deepEqual([stdout.trim(), stderr], ["a.png", ""]);
  }));
