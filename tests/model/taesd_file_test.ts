import assert from "@std/assert";
import { openTaesd, taesdNames } from "../../src/model/taesd_file.ts";
import { arraysSource } from "../../src/nn/twins.ts";
import { inFolder, safetensors } from "./files.ts";

const named = (...entries: [name: string, inputs: number][]) => {
  const tensors = entries.map(([name, inputs]): [string, { shape: number[]; values: Float32Array }] => [
    name,
    { shape: [8, inputs, 3, 3], values: new Float32Array() },
  ]);
  const views = taesdNames(arraysSource(Object.fromEntries(tensors)));
  return Object.fromEntries([...views].map(([to, { from }]) => [from, to]));
};

Deno.test("the author's decoder begins with a clamp, so its layers are one further on; the encoder's are not", () => {
  assert.deepEqual(named(["1.weight", 4], ["3.conv.0.weight", 8]), {
    "1.weight": "decoder.layers.0.weight",
    "3.conv.0.weight": "decoder.layers.2.conv.0.weight",
  });
  assert.deepEqual(named(["0.weight", 3], ["1.conv.0.weight", 8]), {
    "0.weight": "encoder.layers.0.weight",
    "1.conv.0.weight": "encoder.layers.1.conv.0.weight",
  });
});

Deno.test("diffusers' names stay", () => {
  const names = ["encoder.layers.0.weight", "decoder.layers.2.conv.0.weight"];
  assert.deepEqual(named([names[0], 3], [names[1], 8]), { [names[0]]: names[0], [names[1]]: names[1] });
});

Deno.test("an encoder alone is refused by what it is", () =>
  inFolder(async (folder) => {
    const data = new Uint8Array(8 * 3 * 9 * 4);
    await Deno.writeFile(
      `${folder}/a.safetensors`,
      safetensors({ "0.weight": { dtype: "F32", shape: [8, 3, 3, 3], data } }),
    );
    await assert.rejects(openTaesd(`${folder}/a.safetensors`), /holds the encoder of a TAESD alone/);
  }));
