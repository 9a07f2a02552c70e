import assert from "@std/assert";
import { join } from "@std/path";
import { readEdit, writeEdit } from "../../src/cli/edit_file.ts";
import type { Operation } from "../../src/edit/operation.ts";
import { encodePng } from "../../src/formats/png.ts";
import { filled, pasted } from "../../src/picture/picture.ts";
import { readPicture } from "../../src/picture/read_picture.ts";
import { finishEach, inFolder, names, TINY_MODEL } from "./program.ts";

const QUICK = ["-m", TINY_MODEL, "--steps", "2", "-q"];
const pixels = async (path: string) => (await readPicture(await Deno.readFile(path), path)).data;

Deno.test("an edit by hand, saved, shown, edited and run again", () =>
  inFolder(async (cwd) => {
    await Deno.writeFile(join(cwd, "photo.png"), encodePng(filled(64, 64, [90, 160, 40, 255])));
    const half = ["--add", "a red car", "--box", "32,0,32,64"];

    const shown = ["--dry-run", "--save-edit", "e.json", "--show-mask", "m.png", "--json"];
    const [dry] = await finishEach([["edit", "photo.png", ...half, ...shown]], { cwd });
    assert.equal(dry.code, 0, dry.stderr);
    assert.deepEqual(JSON.parse(dry.stdout).operations, [{ kind: "add", words: "a red car", box: [0.5, 0, 1, 1] }]);
    assert.deepEqual(names(cwd), ["e.json", "edit_001.png", "m.png", "photo.png"]);
    const mask = await pixels(join(cwd, "m.png"));
    assert.deepEqual([mask[0], mask[63 * 4]], [0, 255]);

    const next = ["edit", "b.png", "--recolor", "car=blue", ...QUICK, "-o", "c.png", "--json"];
    const [done, lost, again] = await finishEach([
      ["edit", "photo.png", "--edit", "e.json", ...QUICK, "-o", "b.png", "--json"],
      [...next, "--judge", "none"],
      [...next, "--mask", "m.png"],
    ], { cwd });
    assert.equal(done.code, 0, done.stderr);
    const report = JSON.parse(done.stdout);
    assert.equal(report.rounds[1].attempts[0].taken, true);
    const [before, after] = [await pixels(join(cwd, "photo.png")), await pixels(join(cwd, "b.png"))];
    const differs = (left: boolean) => after.some((value, i) => (i / 4 % 64 < 32) === left && value !== before[i]);
    assert.deepEqual([differs(true), differs(false)], [false, true]);

    // The result carries its plan, which is where the next edit starts.
    assert.equal(lost.code, 2);
    assert.match(lost.stderr, /Where is "car"\?/); // a plan of one region has no place for it
    assert.equal(again.code, 0, again.stderr);
    assert.deepEqual(
      (await pixels(join(cwd, "c.png"))).filter((_, i) => i / 4 % 64 < 32),
      after.filter((_, i) => i / 4 % 64 < 32),
    );
  }));

Deno.test("a saved edit is what was done: contours are contours still, a person's masks their files", () =>
  inFolder(async (cwd) => {
    const contour = pasted(filled(64, 64, [0, 0, 0, 255]), filled(8, 8, [255, 255, 255, 255]), 16, 24);
    await Deno.writeFile(join(cwd, "own.png"), encodePng(contour));
    const operations: Operation[] = [
      { kind: "remove", object: "a pear", box: [0, 0, 0.75, 1], mask: contour, byContour: true },
      { kind: "recolor", object: "a car", words: "a red car", mask: join(cwd, "own.png") },
    ];
    await writeEdit(join(cwd, "e.json"), { operations });
    assert.deepEqual((await readEdit(join(cwd, "e.json"))).operations, operations);
  }));

Deno.test("what an edit cannot do is said in a line, before anything is painted or written", () =>
  inFolder(async (cwd) => {
    await Deno.writeFile(join(cwd, "photo.png"), encodePng(filled(64, 64, [90, 160, 40, 255])));
    await Deno.writeFile(join(cwd, "black.png"), encodePng(filled(8, 4, [0, 0, 0, 255])));
    await Deno.writeTextFile(join(cwd, "bad.json"), '{"operations":[{"kind":"paint"}]}');
    const cases: [string[], RegExp][] = [
      [[], /edit needs a picture/],
      [["photo.png", "a dog", "--remove", "the cat"], /use only one of them/],
      [
        ["photo.png", "--remove", "the cat", "--add", "a dog", "--box", "0,0,1,1"],
        /--box is the place of one operation/,
      ],
      [["photo.png", "--remove", "the cat", "--box", "0,0,0.5,40"], /--box takes left, top, width and height/],
      [["photo.png", "--remove", "the cat", "--box", "32,0,33,64"], /beyond the picture's 64×64 pixels/],
      [["photo.png", "--edit", "bad.json"], /bad\.json is not a valid edit: operations\.0/],
      [["photo.png", "a dog", "--judge", "none"], /Nothing tells what the picture shows/],
      [["none.png", "--remove", "the cat"], /none\.png/],
      [["photo.png", "--remove", "the cat", "--mask", "black.png"], /The mask black\.png has no white/],
      [
        ["photo.png", "--remove", "the cat", "--save-edit", "s", "--show-mask", "s"],
        /--save-edit and --show-mask would write the same file/,
      ],
    ];
    const runs = await finishEach(cases.map(([args]) => ["edit", ...args]), { cwd });
    for (const [i, [args, message]] of cases.entries()) {
      const { code, stderr } = runs[i];
      assert.match(stderr, message);
      assert.equal(code, 2, args.join(" "));
    }
    assert.deepEqual(names(cwd), ["bad.json", "black.png", "photo.png"]);
  }));

Deno.test("the default command looks and mends with --rounds and --best-of, and says what came of it", () =>
  inFolder(async (cwd) => {
    const quick = [...QUICK, "-W", "64", "-H", "64", "--planner", "rules"];
    const loop = ["--rounds", "1", "--best-of", "2", "--judge", "mini"];
    const [done, blind, idle] = await finishEach([
      ["a red apple and a blue car", ...quick, ...loop, "-o", "a.png", "--json"],
      ["a dog", ...quick, "--rounds", "1"],
      ["a dog", ...quick, "--judge", "mini"],
    ], { cwd });
    assert.equal(done.code, 0, done.stderr);
    const { loop: { drawn, checklist }, settings } = JSON.parse(done.stdout);
    assert.equal(drawn.length, 2); // random weights draw no apple
    assert.deepEqual(checklist.map(({ words }: { words: string }) => words), ["a red apple", "a blue car"]);
    assert.ok(settings.seed >= 42);
    assert.equal(blind.code, 2);
    assert.match(blind.stderr, /--rounds needs somebody who looks/);
    assert.match(idle.stderr, /--judge looks for --rounds and --best-of/);
  }));
