/**
 * The text encoders of the tiny models against transformers: tokens, last and last but one states, pooled embedding.
 */
import assert from "@std/assert";
import { beginChunks, declareTextEncoder } from "../../src/pipeline/text_encoder.ts";
import { tokenize } from "../../src/text/chunks.ts";
import { assertClose, testDevice } from "../ops/harness.ts";
import { MODELS, openGoldens, peak, SHARE } from "./goldens.ts";

const PROMPTS = ["", "a red apple on the LEFT, und 3 Äpfel — it's 日本 🍎"];

for (const precision of ["f32", "f16"] as const) {
  Deno.test(`text encoders ${precision}`, async (t) => {
    const device = await testDevice();
    for (const model of MODELS) {
      const { checkpoint, get, has } = await openGoldens(model);
      for (const [i, component] of checkpoint.textEncoders.entries()) {
        const part = i === 0 ? "text_encoder" : "text_encoder_2";
        await t.step(`${model} ${part}`, async () => {
          const encoder = declareTextEncoder(device, part, { precision }, component);
          await encoder.weights.load(component.source);
          const chunks = PROMPTS.flatMap((prompt) => tokenize(checkpoint.tokenizers[i], prompt).chunks);
          const last = await (await beginChunks(encoder, chunks, { skip: 0, finalNorm: true })).encoded;
          const penultimate = await (await beginChunks(encoder, chunks, { skip: 1, finalNorm: false })).encoded;
          PROMPTS.forEach((_, n) => {
            assert.deepEqual([...chunks[n].ids], [...get(`${part}.${n}.ids`).values]);
            for (const [name, { states }] of Object.entries({ last, penultimate })) {
              const { values } = get(`${part}.${n}.${name}`);
              const ours = states.subarray(n * values.length, (n + 1) * values.length);
              assertClose(ours, values, SHARE[precision] * peak(values), 0);
            }
            const name = `${part}.${n}.pooled`;
            assert.equal(has(name), i === 1);
            if (!has(name)) return;
            const { values } = get(name);
            const ours = last.pooled!.subarray(n * values.length, (n + 1) * values.length);
            assertClose(ours, values, SHARE[precision] * peak(values), 0);
          });
          encoder.weights.release();
        });
      }
      checkpoint.close();
    }
  });
}
