/**
 * GGUF: blocks of every type against the Python package gguf, byte for byte, and files that are not as they should be.
 */
import assert from "@std/assert";
import { ModelError } from "../../src/errors.ts";
import { type BlockType, fromBlocks } from "../../src/formats/ggml_blocks.ts";
import { toBlocks, WRITTEN } from "../../src/formats/ggml_quantize.ts";
import { ggufBytes } from "../../src/formats/gguf.ts";
import { GGUF_ALIGNMENT, ggufHead, type GgufTensor, type GgufValue } from "../../src/formats/gguf_head.ts";
import { openTensors } from "../../src/formats/open_tensors.ts";
import { readFloats } from "../../src/nn/weights.ts";
import golden from "../golden/formats/blocks.json" with { type: "json" };
import { inFolder } from "../model/files.ts";

const file = new URL("../golden/formats/types.gguf", import.meta.url).pathname;
const floats = (text: string) => new Float32Array(Uint8Array.fromBase64(text).buffer);
const types = Object.entries(golden.types) as [BlockType, { bytes: string; values: string }][];

Deno.test("numbers become the bytes that gguf writes, and blocks the numbers that it reads", () => {
  for (const type of WRITTEN) {
    assert.equal(toBlocks(floats(golden.x), type).toBase64(), golden.types[type].bytes, type);
  }
  for (const [type, { bytes, values }] of types) {
    assert.deepEqual(fromBlocks(Uint8Array.fromBase64(bytes), type), floats(values), type);
  }
});

Deno.test("what blocks hold comes back unchanged from another round", () => {
  for (const type of ["Q8_0", "Q4_0"] as const) {
    const values = floats(golden.types[type].values);
    const again = fromBlocks(toBlocks(values, type), type);
    assert.ok(again.every((value, i) => value === values[i]), type);
  }
});

Deno.test("a GGUF file's tensors are read whole and in part, whatever their type", async () => {
  const source = await openTensors(file);
  try {
    for (const [type, { values }] of types) {
      const info = source.tensors.get(`${type}.weight`)!;
      const wanted = floats(values);
      assert.deepEqual([info.dtype, info.blocks, info.shape[0]], ["F32", type, type.endsWith("K") ? 2 : 7]);
      assert.deepEqual(await readFloats(source, info), wanted);
      const piece = new Uint8Array(36);
      await source.read(info.name, piece, 4 * 61); // across two blocks
      assert.deepEqual(new Float32Array(piece.buffer), wanted.slice(61, 70));
    }
    const conv = source.tensors.get("conv.weight")!;
    assert.deepEqual([conv.shape, conv.blocks], [[7, 64, 1, 1], "Q8_0"]);
    const x = floats(golden.x);
    assert.deepEqual(await readFloats(source, source.tensors.get("F32.weight")!), x);
    assert.deepEqual(
      await readFloats(source, source.tensors.get("F16.weight")!),
      Float32Array.from(Float16Array.from(x)),
    );
  } finally {
    source.close();
  }
});

Deno.test("a GGUF file that is not as it should be is refused in one line that names it", async () => {
  const good = Deno.readFileSync(file);
  const changed = (at: number, ...bytes: number[]) => {
    const copy = good.slice();
    copy.set(bytes, at);
    return copy;
  };
  const typeOf = (name: string) => {
    const at = new TextDecoder("latin1").decode(good).lastIndexOf(name) + name.length;
    return at + 4 + 8 * new DataView(good.buffer).getUint32(at, true);
  };
  const cases: [RegExp, Uint8Array][] = [
    [/version 1 of GGUF/, changed(4, 1)],
    [/claims \d+ tensors; expected at most/, changed(8, 255, 255, 255, 255)],
    [/claims \d+ keys; expected at most/, changed(16, 255, 255, 255, 255)],
    [/head goes on after byte/, good.slice(0, 200)],
    [/truncated/, good.slice(0, good.length - 5000)],
    [
      /"?Q6_K\.weight"? in .* is of ggml's type 23, which is not read; supported: F32,/,
      changed(typeOf("Q6_K.weight"), 23),
    ],
    [/rows of 64 numbers; Q6_K has blocks of 256/, changed(typeOf("Q5_1.weight"), 14)],
    [/is said to be at .* truncated or damaged/, changed(typeOf("Q5_1.weight") + 4, 1)],
    [/is said to be at .* truncated or damaged/, changed(typeOf("Q5_1.weight") + 8, 0, 1)],
    [/claims \d+ characters of a text/, changed(24, 0, 0, 0, 0, 1)],
  ];
  await inFolder(async (folder) => {
    for (const [message, bytes] of cases) {
      await Deno.writeFile(`${folder}/bad.gguf`, bytes);
      await assert.rejects(openTensors(`${folder}/bad.gguf`), (error: Error) => {
        assert.ok(error instanceof ModelError, String(error));
        assert.match(error.message, message);
        assert.ok(error.message.includes("bad.gguf") && !error.message.includes("\n"));
        return true;
      });
    }
  });
});

Deno.test("a file is written as gguf writes it, byte for byte", async () => {
  const source = await openTensors(file);
  const bytes = Deno.readFileSync(file);
  source.close();
  const values = new Map<string, GgufValue>([
    ["general.architecture", "sdxl"],
    ["general.name", "blocks of every type"],
    ["tokenizer.ggml.tokens", ["a", "b", "c"]],
    ["comfy.gguf.orig_shape.conv.weight", [7, 64, 1, 1]],
  ]);
  const rows = (type: BlockType) => type.endsWith("K") ? [2, 768] : [7, 64];
  const tensors: GgufTensor[] = [
    { name: "conv.weight", type: "Q8_0", shape: [7, 64] },
    ...types.map(([type]) => ({ name: `${type}.weight`, type, shape: rows(type) })),
    ...(["F32", "F16", "BF16"] as const).map((type) => ({ name: `${type}.weight`, type, shape: [7, 64] })),
  ];
  const head = ggufHead(values, tensors);
  assert.deepEqual(head, bytes.subarray(0, head.length));
  const padded = (tensor: GgufTensor) =>
    Math.ceil(ggufBytes(tensor.type, tensor.shape) / GGUF_ALIGNMENT) * GGUF_ALIGNMENT;
  assert.equal(bytes.length, tensors.reduce((sum, tensor) => sum + padded(tensor), head.length));
});
