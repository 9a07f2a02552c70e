import assert from "@std/assert";
import { BUNDLED_MODEL } from "../../src/assets.ts";
import { unknownWords } from "../../src/cli/unknown_words.ts";
import { TINY_MODEL } from "./program.ts";

Deno.test("what the bundled model has never seen is said, with the nearest that it knows", async () => {
  const said = (prompt: string) => unknownWords(prompt, BUNDLED_MODEL);
  assert.deepEqual(
    await said("two puppies on the left of a birthday cake under the stars, a red lorry in the snow"),
    [],
  );
  assert.deepEqual(await said("a crocodile above a hut"), [
    'This model has never seen "crocodile". Nearest: turtle.',
    'This model has never seen "hut". Nearest: house, castle.',
  ]);
  assert.deepEqual(await said("a blue aple"), [
    'This model has never seen "aple". Did you mean "apple"?',
  ]);
  assert.match((await said("a submarine"))[0], /"submarine".*inspect --words/);
  assert.deepEqual(await unknownWords("a submarine", TINY_MODEL), []);
});
