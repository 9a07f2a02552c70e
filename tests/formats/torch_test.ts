import assert from "node:assert/strict";
import { ModelError } from "../../src/errors.ts";
import { toFloat32 } from "../../src/formats/dtype.ts";
import { openTensors } from "../../src/formats/open_tensors.ts";
import { inFolder, readAll } from "../model/files.ts";

const path = (name: string) => new URL(`../golden/io/torch_${name}`, import.meta.url).pathname;

async function values(file: string): Promise<Record<string, unknown>> {
  const source = await openTensors(file);
  const out: Record<string, unknown> = {};
  for (const { name, dtype, shape } of source.tensors.values()) {
    out[name] = [dtype, shape, [...toFloat32(await readAll(source, name), dtype)]];
  }
  source.close();
  return out;
}

for (const file of ["zip.ckpt", "legacy.ckpt"]) {
  Deno.test(`torch's ${file}: every type, parameters, views, a transposed tensor; an optimiser is passed over`, async () => {
    assert.deepEqual(await values(path(file)), {
      plain: ["F32", [2, 3], [0, 1, 2, 3, 4, 5]],
      turned: ["F32", [3, 2], [0, 3, 1, 4, 2, 5]],
      half: ["F16", [2], [1, -2]],
      brain: ["BF16", [2], [1.5, 2.5]],
      count: ["I64", [], [7]],
      part: ["F32", [2], [3, 4]],
      parameter: ["F32", [2], [1, 1]],
    });
  });
}

Deno.test("a range of a strided tensor", async () => {
  const source = await openTensors(path("zip.ckpt"));
  const bytes = new Uint8Array(8);
  await source.read("turned", bytes, 8);
  assert.deepEqual([...toFloat32(bytes, "F32")], [1, 4]);
  source.close();
});

Deno.test("a strided tensor that is read piece by piece is gathered once, and not kept beyond its end", async () => {
  const source = await openTensors(path("zip.ckpt"));
  const { readSync } = Deno.FsFile.prototype;
  let reads = 0;
  Deno.FsFile.prototype.readSync = function (into) {
    reads++;
    return readSync.call(this, into);
  };
  try {
    const pieces = async () => {
      const bytes = new Uint8Array(24);
      for (let at = 0; at < 24; at += 8) await source.read("turned", bytes.subarray(at, at + 8), at);
      return [...toFloat32(bytes, "F32")];
    };
    assert.deepEqual(await pieces(), [0, 3, 1, 4, 2, 5]);
    assert.equal(reads, 1);
    assert.deepEqual(await pieces(), [0, 3, 1, 4, 2, 5]);
    assert.equal(reads, 2);
  } finally {
    Deno.FsFile.prototype.readSync = readSync;
    source.close();
  }
});

Deno.test("nested dictionaries name their tensors by path; f8 is read", async () => {
  assert.deepEqual(Object.keys(await values(path("inversion.pt"))), ["string_to_param.*"]);
  assert.deepEqual(await values(path("f8.pt")), { f8: ["F8_E4M3", [3], [1, -2, 448]] });
});

for (const file of ["evil.ckpt", "evil_legacy.ckpt"]) {
  Deno.test(`${file} names posix.system and is refused with that name`, async () => {
    await assert.rejects(openTensors(path(file)), (error) => {
      return error instanceof ModelError && /"posix\.system".*refused/.test(error.message);
    });
  });
}

Deno.test("a zip bomb is refused before anything is unpacked", async () => {
  await assert.rejects(openTensors(path("bomb.ckpt")), /is compressed.*refused/);
});

Deno.test("a file cut anywhere is refused as damaged", () =>
  inFolder(async (folder) => {
    for (const name of ["zip.ckpt", "legacy.ckpt"]) {
      const bytes = await Deno.readFile(path(name));
      for (let length = 2; length < bytes.length; length += 97) {
        await Deno.writeFile(`${folder}/${name}`, bytes.subarray(0, length));
        await assert.rejects(openTensors(`${folder}/${name}`), ModelError, `${name} cut at ${length}`);
      }
    }
  }));
