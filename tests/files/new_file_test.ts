import assert from "@std/assert";
import { join } from "@std/path";
import { UsageError } from "../../src/errors.ts";
import { checkNewFile, writeNewFile } from "../../src/files/new_file.ts";

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

Deno.test("what cannot be written is said before any work", () =>
  inFolder(async (folder) => {
    await assert.rejects(checkNewFile({ pattern: join(folder, "no", "cat.png") }), /There is no folder/);
    await assert.rejects(checkNewFile({ pattern: join(folder, "cat.png") }, 3), /3 pictures need a number/);
    await checkNewFile({ pattern: join(folder, "cat_%d.png") }, 3);
  }));
