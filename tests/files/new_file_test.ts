import assert from "@std/assert";
import { join } from "@std/path";
import { UsageError } from "../../src/errors.ts";
import { checkNewFile, mayCollide, writeNewFile, writeSomewhere } from "../../src/files/new_file.ts";

async function inFolder(story: (folder: string) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir();
  try {
    await story(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

const bytes = (text: string) => new TextEncoder().encode(text);
const names = (folder: string) => Array.from(Deno.readDirSync(folder), ({ name }) => name).sort();

Deno.test("numbered files go on after the highest number and leave no temporary file", () =>
  inFolder(async (folder) => {
    const pattern = join(folder, "out_%03d.png");
    await Deno.writeTextFile(join(folder, "out_041.png"), "theirs");
    await Deno.writeTextFile(join(folder, "out_final.png"), "theirs");
    assert.equal(await writeNewFile({ pattern }, bytes("a")), join(folder, "out_042.png"));
    assert.equal(await writeNewFile({ pattern }, bytes("b")), join(folder, "out_043.png"));
    assert.deepEqual(names(folder), ["out_041.png", "out_042.png", "out_043.png", "out_final.png"]);
  }));

Deno.test("many writers at once get a number each", () =>
  inFolder(async (folder) => {
    const pattern = join(folder, "%d.png");
    const paths = await Promise.all(Array.from({ length: 8 }, (_, i) => writeNewFile({ pattern }, bytes(`${i}`))));
    assert.equal(new Set(paths).size, 8);
    const contents = names(folder).map((name) => Deno.readTextFileSync(join(folder, name)));
    assert.deepEqual(contents.sort(), ["0", "1", "2", "3", "4", "5", "6", "7"]);
  }));

Deno.test("a fixed name is only replaced by force", () =>
  inFolder(async (folder) => {
    const pattern = join(folder, "cat.png");
    await writeNewFile({ pattern }, bytes("first"));
    await assert.rejects(checkNewFile({ pattern }), /cat\.png is already there.*--force.*cat_%03d\.png/);
    await assert.rejects(writeNewFile({ pattern }, bytes("second")), UsageError);
    assert.equal(await Deno.readTextFile(pattern), "first");
    await writeNewFile({ pattern, force: true }, bytes("second"));
    assert.equal(await Deno.readTextFile(pattern), "second");
    assert.deepEqual(names(folder), ["cat.png"]);
  }));

Deno.test("what cannot be written is said before any work, and nothing is left of the attempt", () =>
  inFolder(async (folder) => {
    await Deno.mkdir(join(folder, "pictures"));
    await Deno.writeTextFile(join(folder, "a file"), "theirs");
    await Deno.symlink("nowhere", join(folder, "link.png"));
    const refused: [pattern: string, message: RegExp, count?: number][] = [
      ["cat.png", /3 files need a number/, 3],
      ["pictures", /pictures is a folder/],
      ["a file/cat.png", /a file is not a folder/],
      ["link.png", /link\.png is already there/],
      [`${"x".repeat(300)}.png`, /x{20}….* cannot be written: File name too long/],
      [`${"x".repeat(250)}_%05d.png`, /cannot be written: File name too long/],
      ["%05000d.png", /asks for 5000 digits/],
      ["/proc/x.png", /cannot be written/],
      ["/dev/null", /is a device or pipe/],
    ];
    for (const [pattern, message, count] of refused) {
      for (const force of [false, true]) {
        if (force && /already/.test(message.source)) continue;
        const path = pattern.startsWith("/") ? pattern : join(folder, pattern);
        await assert.rejects(checkNewFile({ pattern: path, force }, count), (error: Error) => {
          assert.match(`${error}`.replaceAll(`${folder}/`, ""), message);
          return error instanceof UsageError;
        });
      }
    }
    assert.deepEqual(names(folder), ["a file", "link.png", "pictures"]);
  }));

Deno.test("names up to the last byte, folders with %d, missing folders, and numbers too long to count are all right", () =>
  inFolder(async (folder) => {
    const longest = join(folder, `${"x".repeat(251)}.png`);
    await Deno.writeTextFile(join(folder, "out_9007199254740992.png"), "theirs");
    await Deno.writeTextFile(join(folder, "out_20261126010101000001.png"), "theirs");
    const cases: [pattern: string, path: string][] = [
      [longest, longest],
      [join(folder, "100%done", "50%d", "x_%d.png"), join(folder, "100%done", "50%d", "x_1.png")],
      [join(folder, "%d_%d.png"), join(folder, "1_%d.png")],
      [join(folder, "out_%d.png"), join(folder, "out_1.png")],
    ];
    for (const [pattern, path] of cases) {
      await checkNewFile({ pattern });
      assert.equal(await writeNewFile({ pattern }, bytes("a")), path);
    }
    await checkNewFile({ pattern: join(folder, "never", "made", "x.png") });
    assert.ok(!names(folder).includes("never"));
  }));

Deno.test("a result whose place was taken, or has vanished, is somewhere else rather than nowhere", () =>
  inFolder(async (folder) => {
    const said: string[] = [];
    const say = (text: string) => said.push(text);
    const pattern = join(folder, "cat.png");
    await Deno.writeTextFile(pattern, "theirs");
    assert.equal(await writeSomewhere({ pattern }, bytes("mine"), say), join(folder, "cat_001.png"));
    assert.equal(await Deno.readTextFile(pattern), "theirs");
    assert.match(said[0], /cat\.png is already there.*It is in .*cat_001\.png instead/);

    const lost = join(folder, "cat.png", "x.jpg");
    const before = Deno.cwd();
    Deno.chdir(folder);
    try {
      assert.equal(await writeSomewhere({ pattern: lost, force: true }, bytes("mine"), say), "x_001.jpg");
    } finally {
      Deno.chdir(before);
    }
  }));

Deno.test("with force, a link stays and the file it leads to is replaced", () =>
  inFolder(async (folder) => {
    await Deno.writeTextFile(join(folder, "target.png"), "old");
    await Deno.symlink("target.png", join(folder, "link.png"));
    assert.ok(mayCollide(join(folder, "link.png"), join(folder, "target.png")));
    await writeNewFile({ pattern: join(folder, "link.png"), force: true }, bytes("new"));
    assert.equal(await Deno.readTextFile(join(folder, "target.png")), "new");
    assert.ok((await Deno.lstat(join(folder, "link.png"))).isSymlink);
  }));

Deno.test("two patterns that may name one file are found out", () => {
  for (
    const [a, b, same] of [
      ["s.png", "./x/../s.png", true],
      ["out_%03d.png", "out_007.png", true],
      ["out_%03d.png", "out_plan.json", false],
      ["a/s.png", "b/s.png", false],
    ] as const
  ) assert.deepEqual([mayCollide(a, b), mayCollide(b, a)], [same, same], `${a} and ${b}`);
});

Deno.test("what is refused names the flag that says the place", () =>
  inFolder(async (folder) => {
    const pattern = join(folder, "t.json");
    await assert.rejects(checkNewFile({ pattern }, 2, "--report"), /2 files need .*: --report .*t_%03d\.json/);
    await Deno.writeTextFile(pattern, "theirs");
    await assert.rejects(checkNewFile({ pattern }, 1, "--trace"), /already there.*: --trace .*t_%03d\.json/);
  }));
