/** Wildcards from the command line's side: each seed its own words, and the same ones again. */
import assert from "@std/assert";
import { chanceOf } from "../../src/cli/chance.ts";
import type { Context } from "../../src/cli/command.ts";
import { UsageError } from "../../src/errors.ts";

Deno.test("each seed chooses the words of all prompts; files are read once, comments left out", async () => {
  const folder = await Deno.makeTempDir();
  try {
    await Deno.mkdir(`${folder}/wild`);
    await Deno.writeTextFile(`${folder}/wild/cats.txt`, "\ufeff# cats\r\nlynx\r\n\r\n{big|small} lion\r\n");
    await Deno.writeTextFile(`${folder}/notes.md`, "no wildcard");
    const said: string[] = [];
    const context = {
      argument: "a {red|blue} __wild/cats__",
      flags: { wildcards: folder, negativePrompt: "{a|b}" },
      console: { say: (text: string) => void said.push(text) },
    } as unknown as Context;
    const chance = await chanceOf(context);
    assert.ok(chance.dynamic);
    const prompts = Array.from({ length: 60 }, (_, seed) => chance.at(seed));
    assert.equal(new Set(prompts.map(({ argument }) => argument)).size, 6);
    assert.equal(new Set(prompts.map(({ argument, flags }) => argument + flags.negativePrompt!)).size, 12);
    assert.equal(chance.at(7).argument, prompts[7].argument);
    assert.equal(said[7], `Seed 7: ${prompts[7].argument}`);
    await assert.rejects(
      chanceOf({ ...context, flags: { wildcards: `${folder}/none` } }),
      (error: Error) => error instanceof UsageError && /wildcards .*none/.test(error.message),
    );
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("without wildcards nothing is chosen and nothing said", async () => {
  const context = { argument: "a [b|c] __d__", flags: {}, console: { say: assert.fail } } as unknown as Context;
  const chance = await chanceOf(context);
  assert.deepEqual([chance.dynamic, chance.at(1).argument], [false, "a [b|c] __d__"]);
});
