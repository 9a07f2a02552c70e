import assert from "node:assert/strict";
import { openCheckpoint } from "../../src/model/checkpoint.ts";
import { toFloat32 } from "../../src/formats/dtype.ts";
import { golden, inFolder, safetensors, withHeader } from "./files.ts";
import { variant } from "./published.ts";

Deno.test("embeddings become rows behind the vocabulary", () =>
  inFolder(async (folder) => {
    await Deno.writeFile(`${folder}/x.ckpt`, await golden("io/sd1.ckpt.gz"));
    await Deno.mkdir(`${folder}/embeddings`);
    const rows = Float32Array.from({ length: 16 }, (_, i) => i / 4);
    const learnt = { emb_params: { shape: [2, 8], data: new Uint8Array(rows.buffer) } };
    await Deno.writeFile(`${folder}/embeddings/mine.safetensors`, safetensors(learnt));
    await Deno.writeFile(`${folder}/embeddings/wide.safetensors`, safetensors({ emb_params: { shape: [1, 9] } }));
    const pair = { clip_g: { shape: [1, 12] }, clip_l: { shape: [1, 8] } };
    await Deno.writeFile(`${folder}/embeddings/sdxl.safetensors`, safetensors(pair));
    await Deno.writeTextFile(`${folder}/embeddings/cut.pt`, "");
    await Deno.mkdir(`${folder}/embeddings/negative`);
    const toy = safetensors({ "<cat-toy>": { shape: [8] } });
    await Deno.writeFile(`${folder}/embeddings/negative/bad hands (v2).safetensors`, toy);
    await Deno.writeFile(`${folder}/embeddings/negative/mine.safetensors`, safetensors(learnt));
    const huge = `{"emb_params":{"dtype":"F32","shape":[1000000,8],"data_offsets":[0,32000000]}}`;
    await Deno.writeFile(`${folder}/embeddings/huge.safetensors`, withHeader(huge, [new Uint8Array(32_000_000)]));
    const model = await openCheckpoint(`${folder}/x.ckpt`, { embeddings: `${folder}/embeddings` });
    const [{ source, config }] = model.textEncoders;
    const table = source.tensors.get("text_model.embeddings.token_embedding.weight")!;
    assert.deepEqual([table.shape, config.vocab_size], [[49411, 8], 49411]);
    assert.deepEqual([...model.tokenizers[0].embeddings], [
      ["mine", [49408, 49409]],
      ["bad hands (v2)", [49410]],
      ["<cat-toy>", [49410]],
    ]);
    const across = new Uint8Array(3 * 8 * 2);
    await source.read(table.name, across, 49407 * 16);
    assert.deepEqual(toFloat32(across.subarray(16), "F16"), rows);
    assert.match(
      model.reason.join(" "),
      new RegExp(
        "Left out: .*cut\\.pt.*huge.*it is no embedding.*negative/mine\\.safetensors has the name of .*sdxl.* 8 and 12 wide.*" +
          "wide\\.safetensors is an embedding 9 wide.*Embeddings: mine, bad hands \\(v2\\)",
      ),
    );
    model.close();
    const wrong = openCheckpoint(`${folder}/x.ckpt`, { embeddings: `${folder}/embeddings/wide.safetensors` });
    await assert.rejects(wrong, /9 wide; this model's text is 8/);

    await variant(`${folder}/small.safetensors`, "sd1", (t) => {
      for (const tensor of Object.values(t)) tensor.dtype = "F8_E4M3";
    });
    const four = safetensors({ emb_params: { shape: [4, 4], data: new Uint8Array(rows.buffer) } });
    await Deno.writeFile(`${folder}/four.safetensors`, four);
    const small = await openCheckpoint(`${folder}/small.safetensors`, { embeddings: `${folder}/four.safetensors` });
    const learntRows = new Uint8Array(4 * 4 * 4);
    await small.textEncoders[0].source.read(table.name, learntRows, 49408 * 4 * 4);
    assert.deepEqual(toFloat32(learntRows, "F32"), rows);
    small.close();
  }));
