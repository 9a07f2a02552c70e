import assert from "node:assert/strict";
import { ModelError } from "../../src/errors.ts";
import { toFloat32 } from "../../src/formats/dtype.ts";
import { encodePng } from "../../src/formats/png.ts";
import { openSafetensors } from "../../src/formats/safetensors.ts";
import { filled } from "../../src/picture/picture.ts";
import { inFolder, readAll, safetensors, withHeader } from "../model/files.ts";

const text = (letters: string) => new TextEncoder().encode(letters);
const floats = (...values: number[]) => new Uint8Array(Float32Array.from(values).buffer);

Deno.test("ranges of tensors are read where they lie, calls may overlap", () =>
  inFolder(async (folder) => {
    const path = `${folder}/a.safetensors`;
    const tensors = {
      a: { shape: [2], data: floats(1, 2) },
      b: { shape: [2, 2], data: floats(3, 4, 5, 6) },
      empty: { shape: [0] },
    };
    await Deno.writeFile(path, safetensors(tensors));
    const source = await openSafetensors(path);
    const row = new Uint8Array(8);
    const [all] = await Promise.all([readAll(source, "a"), source.read("b", row, 8), readAll(source, "empty")]);
    assert.deepEqual([...toFloat32(all, "F32"), ...toFloat32(row, "F32")], [1, 2, 5, 6]);
    const { dtype, shape, bytes, file } = source.tensors.get("b")!;
    assert.deepEqual([dtype, shape, bytes, file], ["F32", [2, 2], 16, path]);
    await assert.rejects(source.read("b", row, 12), /Bytes 12 to 20 of b.*16/);
    await assert.rejects(source.read("c", row), /no tensor "c"/);
    source.close();
  }));

/** Every kind of damage: the file's bytes, and what the message must say. */
const whole = { w: { shape: [3], data: floats(1, 2, 3) }, v: { shape: [2], data: floats(4, 5) } };
const entry = (dtype: string, shape: unknown, offsets: unknown) =>
  withHeader(JSON.stringify({ w: { dtype, shape, data_offsets: offsets } }), [new Uint8Array(12)]);
const DAMAGED: [what: string, bytes: Uint8Array, message: RegExp][] = [
  ["an empty file", new Uint8Array(), /0 bytes/],
  ["cut within its data", safetensors(whole).subarray(0, -4), /ends at byte \d+.*truncated/],
  ["cut within its header", safetensors(whole).subarray(0, 30), /header of \d+ bytes but has only 30.*truncated/],
  ["bytes behind its data", new Uint8Array([...safetensors(whole), 0]), /tensors end at byte/],
  ["an absurd header length", new Uint8Array(16).fill(255), /neither safetensors nor GGUF nor torch's\.$/],
  ["a pointer of Git LFS in its place", text("version https://git-lfs.github.com/spec/v1\n"), /git lfs pull/],
  ["a web page in its place", text("<!DOCTYPE html><html>Log in</html>"), /It is a web page/],
  ["a server's answer in its place", text('{"error":"Unauthorized"}'), /It is JSON/],
  ["an archive in its place", text("Rar!\x1a\x07\x01\0 model.safetensors"), /It is an archive: unpack/],
  ["a picture in its place", encodePng(filled(1, 1, [0, 0, 0, 0])), /It is a picture/],
  ["a header that is no JSON", withHeader("{nonsense"), /not valid JSON/],
  ["a header that is no object", withHeader("[1]"), /expected a JSON object/],
  [
    "a header that is no UTF-8",
    (() => {
      const b = withHeader('{"w":1}');
      b[10] = 0xff;
      return b;
    })(),
    /UTF-8/,
  ],
  [
    "a key twice",
    withHeader(
      '{"w":{"dtype":"U8","shape":[0],"data_offsets":[0,0]},"\\u0077":{"dtype":"U8","shape":[0],"data_offsets":[0,0]}}',
    ),
    /"w" is there twice/,
  ],
  ["an unknown type", entry("F5", [3], [0, 12]), /w in .* type "F5"; expected one of F64/],
  ["a type from a prototype", entry("toString", [3], [0, 12]), /type "toString"/],
  ["an entry that is no object", withHeader('{"w":7}'), /type undefined|type/],
  ["a negative shape", entry("F32", [-3], [0, 12]), /shape \[-3\]/],
  ["an absurd shape", entry("F32", [2 ** 40, 2 ** 40], [0, 12]), /shape/],
  ["offsets that do not fit the shape", entry("F32", [3], [0, 8]), /12 apart/],
  ["offsets behind the end", entry("F32", [300], [0, 1200]), /ends at byte \d+.*truncated/],
  ["a gap", entry("F32", [2], [4, 12]), /leaves a gap after the header/],
  ["an overlap", safetensors(whole, (h) => h.replace("[12,20]", "[8,16]")), /v at byte \d+ overlaps w/],
];
for (const [what, bytes, message] of DAMAGED) {
  Deno.test(`a safetensors file with ${what} is refused with its name`, () =>
    inFolder(async (folder) => {
      const path = `${folder}/damaged.safetensors`;
      await Deno.writeFile(path, bytes);
      await assert.rejects(openSafetensors(path), (error) => {
        assert.ok(error instanceof ModelError, String(error));
        assert.match(error.message, message);
        return error.message.includes(path);
      });
    }));
}

Deno.test("every number format becomes f32", () => {
  const bytes = (...values: number[]) => Uint8Array.from(values);
  assert.deepEqual([...toFloat32(bytes(0, 0x3c, 0, 0xc0), "F16")], [1, -2]);
  assert.deepEqual([...toFloat32(bytes(0x80, 0x3f, 0x20, 0xc1), "BF16")], [1, -10]);
  assert.deepEqual([...toFloat32(bytes(0x38, 0xc0, 0x7e, 0x01, 0x7f, 0), "F8_E4M3")], [1, -2, 448, 2 ** -9, NaN, 0]);
  assert.deepEqual([...toFloat32(bytes(0x3c, 0xc0), "F8_E5M2")], [1, -2]);
  assert.deepEqual([...toFloat32(new Uint8Array(BigInt64Array.of(-7n).buffer), "I64")], [-7]);
  assert.deepEqual([...toFloat32(bytes(0xff), "I8")], [-1]);
});
