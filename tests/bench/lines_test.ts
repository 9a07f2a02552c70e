/** Benches that were stopped go on where they were. */
import assert from "@std/assert";
import { join } from "@std/path";
import { Lines } from "../../bench/lines.ts";
import { inFolder } from "../cli/program.ts";

Deno.test("what was measured is kept line by line, of one thing in one file; half a line is measured again", () =>
  inFolder(async (cwd) => {
    const path = join(cwd, "a.jsonl");
    const lines = await Lines.open<number>(path, "mini 1");
    await lines.add(1);
    await lines.add(2);
    await Deno.writeTextFile(path, "[3, 3", { append: true }); // stopped while it wrote
    const again = await Lines.open<number>(path, "mini 1");
    assert.deepEqual(again.rows, [1, 2]);
    await again.add(4);
    assert.deepEqual((await Lines.open<number>(path, "mini 1")).rows, [1, 2, 4]);
    await assert.rejects(Lines.open(path, "mini 2"), /a\.jsonl holds what came of mini 1, not of mini 2/);
    assert.deepEqual((await Lines.open<number>(undefined, "mini 2")).rows, []);
  }));
