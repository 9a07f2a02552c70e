/** What a folder's words.json says of things, people's clothes and styles, wherever it is read. */
import assert from "@std/assert";
import { unknownWords } from "../../src/cli/unknown_words.ts";
import { miniReader } from "../../src/judge/mini_judge.ts";
import { readKnownWords } from "../../src/model/known_words.ts";
import { finish, inFolder, program } from "../cli/program.ts";

const WORDS = {
  concepts: { fox: [], grapes: [], girl: ["little girl"], chef: ["cook"] },
  kinds: [{ concepts: ["grapes"], others: ["plum"] }],
  colours: ["red", "white"],
  backgrounds: ["in a room"],
  places: ["left"],
  clothes: { girl: "dress", chef: "jacket" },
  styles: { line: ["a line drawing of {}", "{}, line art"] },
};

const write = (folder: string, words: unknown) => Deno.writeTextFile(`${folder}/words.json`, JSON.stringify(words));

Deno.test("people and styles are listed; a person's colour is that of the clothes; a plural is the name of one, too", () =>
  inFolder(async (cwd) => {
    await write(cwd, WORDS);
    const { stdout, stderr } = await finish(program(["inspect", cwd, "--words"], { cwd }));
    assert.match(
      stdout,
      /\nclothes: girl \(dress\), chef \(jacket\)\nstyles: "a line drawing of …", "…, line art"\n/,
      stderr,
    );
    assert.deepEqual(await unknownWords("a grape, a plum and a little girl in a red dress in a room", cwd), [
      'This model has never seen "plum". Nearest: grapes.',
    ]);
    const read = await miniReader(cwd);
    assert.deepEqual(read("a cook in a white jacket"), { name: "chef", colour: "white" });
    assert.deepEqual(read("a girl in a red room"), { name: "girl", colour: undefined });
    assert.deepEqual(read("a red fox in a white dress"), { name: "fox", colour: "red" });
  }));

Deno.test("a damaged list of words is refused", () =>
  inFolder(async (cwd) => {
    for (
      const wrong of [{ clothes: ["dress"] }, { clothes: { girl: 1 } }, { styles: { line: "art" } }, { colours: "red" }]
    ) {
      await write(cwd, { ...WORDS, ...wrong });
      await assert.rejects(readKnownWords(cwd), /words\.json is not a list of a model's words/);
    }
  }));
