/**
 * Looking with small random models: what is seen of all words together, and that it is the same however weights come.
 */
import assert from "@std/assert";
import { cp } from "node:fs/promises";
import { CancelledError } from "../../src/errors.ts";
import { filled } from "../../src/picture/picture.ts";
import { look, prepareLook } from "../../src/pipeline/heat.ts";
import { memoryNeed } from "../../src/pipeline/memory.ts";
import { loadModel } from "../../src/pipeline/model.ts";
import { inFolder } from "../model/files.ts";
import { assertClose } from "../ops/harness.ts";
import { widenUnet } from "./wide_unet.ts";

const models = new URL("../golden/models/", import.meta.url).pathname;
const picture = filled(40, 24, [200, 40, 40, 255]);
for (let i = 0; i < picture.data.length; i += 12) picture.data[i + 1] = 240;

for (const name of ["sd1", "sdxl"]) {
  Deno.test(`${name} looks at a picture: phrases that the caption lacks are added, attention is shared among all tokens`, async () => {
    using model = await loadModel(models + name, { type: "f32" });
    const asked = await prepareLook(model, picture, "a red apple and a green apple", [
      "the red apple",
      "apple",
      "a pear",
    ]);
    const { drawing, words } = asked;
    const chosen = words.map((tokens) => [...tokens].flatMap((share, i) => share > 0 ? [i] : []));
    assert.deepEqual(chosen, [[4], [4, 11], [14, 15, 16, 17]]); // "pear" is four tokens to these models
    const all = { drawing, words: [...words, words[0].map(() => 1)] };
    const { width, height, maps } = await look(model, all);
    assert.deepEqual([width, height], [5, 3]);
    assertClose(maps[3], new Float32Array(15).fill(1), 1e-4, 0);
    assert.ok(new Set(maps[0]).size > 5 && maps[0].every((value) => value > 0 && value < 0.5));

    const need = memoryNeed(model, drawing);
    assert.ok(need.stages.some(({ name, activations }) => name === "looking" && activations > 0));
    if (name === "sdxl") return;
    const stopped = look(model, asked, AbortSignal.abort("enough"));
    await assert.rejects(stopped, CancelledError, "whatever the signal's reason is");
    using streamed = await loadModel(models + name, { type: "f32", offload: "stream", streamWindow: 1 << 16 });
    const again = await prepareLook(streamed, picture, "a red apple and a green apple, a pear", ["the red apple"]);
    assertClose((await look(streamed, again)).maps[0], maps[0], 1e-6, 0);
  });
}

Deno.test("a network that inpaints is shown the whole picture", () =>
  inFolder(async (folder) => {
    await cp(`${models}sd1`, `${folder}/nine`, { recursive: true });
    await widenUnet(`${folder}/nine`);
    using model = await loadModel(`${folder}/nine`, { type: "f32" });
    const { drawing, words: [apple] } = await prepareLook(model, picture, "a red apple", ["apple"]);
    const { maps } = await look(model, { drawing, words: [apple, apple.map(() => 1)] });
    assertClose(maps[1], new Float32Array(15).fill(1), 1e-4, 0);
    assert.ok(new Set(maps[0]).size > 5);
  }));
