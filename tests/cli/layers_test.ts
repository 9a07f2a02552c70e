/** Pictures that were painted over in parts are made again layer by layer, equal to the byte. */
import assert from "@std/assert";
import { join } from "@std/path";
import { makeConsole } from "../../src/cli/console.ts";
import { drawToFile } from "../../src/cli/draw.ts";
import { boxMask } from "../../src/edit/mask.ts";
import { encodePng } from "../../src/formats/png.ts";
import { readPictureText } from "../../src/formats/picture_text.ts";
import type { Judge, Verdict } from "../../src/judge/judge.ts";
import { filled } from "../../src/picture/picture.ts";
import { loadModel } from "../../src/pipeline/model.ts";
import { prepare } from "../../src/pipeline/prepare.ts";
import { planByRules } from "../../src/plan/rules/rules.ts";
import { describeModel, makeRecipe, readRecipe } from "../../src/recipe.ts";
import { finishEach, inFolder, TINY_MODEL } from "./program.ts";

const QUICK = ["-m", TINY_MODEL, "--steps", "2", "-q"];
const repro = (path: string, ...more: string[]) => ["metadata", path, "--repro", "-m", TINY_MODEL, "--json", ...more];

Deno.test("an edited photo is made again from its file, and where that is missing or another, a line says so", () =>
  inFolder(async (cwd) => {
    await Deno.mkdir(join(cwd, "away"));
    await Deno.writeFile(join(cwd, "photo.png"), encodePng(filled(60, 64, [90, 160, 40, 255])));
    await Deno.writeFile(join(cwd, "m.png"), encodePng(boxMask({ x0: 0, y0: 0, x1: 0.5, y1: 1 }, 60, 64)));
    const [edited, , again, , whole] = await finishEach([
      ["edit", "photo.png", "--remove", "a pear", "--box", "16,16,24,24", ...QUICK, "-o", "b.png"],
      ["edit", "b.png", "--add", "a cat", "--box", "0,0,0.5,0.5", ...QUICK, "-o", "c.png"],
      repro("c.png", "-o", "c2.png"),
      // 60 pixels are no multiple of what the networks see, which holds for any mask.
      ["a cat", "-i", "photo.png", "--mask", "m.png", "--no-plan", ...QUICK, "-o", "i.png"],
      repro("i.png", "-o", "i2.png"),
      ["edit", "i.png", "--add", "a cat", "--box", "0,0,0.5,0.5", ...QUICK, "-o", "j.png"],
    ], { cwd });
    await Deno.rename(join(cwd, "i.png"), join(cwd, "away", "i.png"));
    const [under] = await finishEach([repro("j.png", "-o", "j2.png")], { cwd });
    assert.equal(JSON.parse(under.stdout).identical, true, under.stderr);
    assert.equal(JSON.parse(whole.stdout).identical, true, whole.stderr);
    assert.equal(edited.code, 0, edited.stderr);
    assert.equal(JSON.parse(again.stdout).identical, true, again.stderr);
    assert.match(again.stderr, /Layer 2 of 2/); // b.png is at hand
    assert.ok(!again.stderr.includes("Layer 1"));

    await Deno.rename(join(cwd, "photo.png"), join(cwd, "away", "holiday.png"));
    await Deno.rename(join(cwd, "b.png"), join(cwd, "away", "x.png"));
    await Deno.writeFile(join(cwd, "photo.png"), encodePng(filled(60, 64, [90, 160, 41, 255])));
    const [lost, told, wrong] = await finishEach([
      repro("c.png", "-o", "d.png"),
      repro("c.png", "-o", "d.png", "--init-image", "away/holiday.png"),
      repro("c.png", "-o", "e.png", "--init-image", "photo.png"),
    ], { cwd });
    assert.deepEqual([lost.code, told.code, wrong.code], [2, 0, 2], told.stderr);
    assert.match(
      lost.stderr,
      /c\.png was painted over photo\.png \(SHA-256 \w{16}…\) or b\.png .*, which is neither beside it .*--init-image/,
    );
    assert.equal(JSON.parse(told.stdout).identical, true, told.stderr);
    assert.match(wrong.stderr, /photo\.png is not what c\.png was painted over: photo\.png \(SHA/);
  }));

Deno.test("edits of a picture of ours are made again with no other file: it is drawn first, then painted over", () =>
  inFolder(async (cwd) => {
    const [drawn] = await finishEach([
      ["a red apple and a blue car", "--planner", "rules", "-W", "64", "-H", "64", ...QUICK, "-o", "a.png"],
      ["edit", "a.png", "--replace", "the car=a boat", "--judge", "none", ...QUICK, "-o", "b.png"],
      ["edit", "b.png", "--recolor", "the apple=green", "--judge", "none", "--seed", "7", ...QUICK, "-o", "c.webp"],
    ], { cwd });
    assert.equal(drawn.code, 0, drawn.stderr);
    await Deno.remove(join(cwd, "a.png"));
    await Deno.remove(join(cwd, "b.png"));
    const [again] = await finishEach([repro("c.webp", "-o", "d.webp", "--trace", "t.json", "--timings")], { cwd });
    const { identical, timings } = JSON.parse(again.stdout);
    assert.deepEqual([identical, timings.steps.length], [true, 5], again.stderr); // recolouring begins later
    assert.match(again.stderr, /Layer 1 of 3: a red apple and a blue car/);
    assert.match(again.stderr, /steps .* 5: the first/);
    const { traceEvents } = JSON.parse(await Deno.readTextFile(join(cwd, "t.json")));
    const steps = traceEvents.filter(({ name }: { name: string }) => name === "step 2");
    assert.equal(steps.length, 3, "every layer is in the trace");
  }));

Deno.test("what --rounds mended is made again from its recipe", () =>
  inFolder(async (cwd) => {
    using model = await loadModel(TINY_MODEL);
    const plan = planByRules("a red apple on the left and a blue teapot on the right");
    const looks: Verdict[][] = [["wrong", "missing"], ["right", "missing"], ["right", "right"]];
    const judge: Judge = () => Promise.resolve(looks.shift()!.map((verdict) => ({ verdict })));
    const drawing = await prepare(model, { plan, width: 64, height: 64, steps: 2, seed: 5 });
    const described = await describeModel(model);
    const flags = { rounds: 1, bestOf: 2, quiet: true };
    const context = { flags, console: makeConsole({ quiet: true }), signal: new AbortController().signal };
    const output = { pattern: join(cwd, "a.png"), format: "png" as const };
    await drawToFile(
      { model, seconds: 0 },
      drawing,
      output,
      (result) => makeRecipe(described, result.plan, result.settings),
      context,
      1,
      judge,
    );
    const { layers, settings } = readRecipe(readPictureText(await Deno.readFile(output.pattern), "a.png"), "a.png");
    assert.deepEqual(layers!.map(({ settings: { seed } }) => seed), [6, settings.seed]);
    const [again] = await finishEach([repro("a.png", "-o", "b.png")], { cwd });
    assert.equal(JSON.parse(again.stdout).identical, true, again.stderr);
  }));
