import assert from "node:assert/strict";
import { readVocabulary } from "../../src/model/tokenizer_files.ts";
import { clipVocabulary } from "../../src/text/clip_vocabulary.ts";
import { clipTokenizer, type Vocabulary } from "../../src/text/tokenizer.ts";
import goldens from "../golden/text/tokens.json" with { type: "json" };

const MODELS = new URL("../golden/models/", import.meta.url).pathname;

async function vocabularyOf(name: string): Promise<Vocabulary> {
  if (name === "full") return clipVocabulary();
  return name === "full!" ? clipVocabulary("!") : await readVocabulary(MODELS + name);
}

for (const [name, golden] of Object.entries(goldens.tokenizers)) {
  Deno.test(`tokenizer ${name}: odd texts give transformers' tokens`, async () => {
    const tokenizer = clipTokenizer(await vocabularyOf(name));
    assert.equal(tokenizer.maxLength, 77);
    assert.deepEqual([tokenizer.bos, tokenizer.eos, tokenizer.pad], [golden.bos, golden.eos, golden.pad]);
    goldens.texts.forEach((text, i) => {
      assert.deepEqual(tokenizer.encode(text), golden.ids[i], JSON.stringify(text));
    });
  });
}
