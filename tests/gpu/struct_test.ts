import assert from "@std/assert";
import { packStruct, structWords } from "../../src/gpu/struct.ts";

const source = `// A comment with struct Params { in: it }
struct Params {
  rows: u32,   // of x, at least one
  shift: i32,
  scale: f32,
  list: array<u32, 3>,
}
// use call
`;
const kernel = { name: "k", source };

Deno.test("values go to the words of a shader's struct by name, floats as their bits, short lists filled with zeros", () => {
  assert.equal(structWords(source, "Params"), 6);
  const words = packStruct(kernel, "Params", { scale: 1, rows: true, list: [7, 8], shift: -1 });
  assert.deepEqual([...words], [1, 0xffffffff, 0x3f800000, 7, 8, 0]);
  assert.deepEqual([...packStruct(kernel, "Call", { slot: 2, scale: 0, out: 1 })], [2, 0, 1]); // from shaders/shared/
  assert.deepEqual([...packStruct({ name: "none", source: "" }, "Params", {})], []);
});

Deno.test("what does not match the struct is refused with its name", () => {
  const good = { rows: 1, shift: 0, scale: 1, list: [] };
  const refused = (change: object, message: RegExp) =>
    assert.throws(() => packStruct(kernel, "Params", { ...good, ...change }), message);
  refused({ width: 3 }, /struct Params of k\.wgsl has no field "width"/);
  refused({ rows: undefined }, /needs "rows"/);
  refused({ rows: -1 }, /"rows" is u32 and cannot be -1/);
  refused({ rows: 1.5 }, /"rows" is u32 and cannot be 1\.5/);
  refused({ list: [1, 2, 3, 4] }, /"list" holds 3, not 4/);
  assert.throws(() => packStruct({ name: "k", source: "// use nonsense" }, "Params", {}), /uses "nonsense"/);
});
