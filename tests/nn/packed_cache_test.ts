/**
 * Weights kept packed: loaded as they were, never stale, never trusted when damaged, and no trouble where they cannot
 * be kept.
 */
import assert from "@std/assert";
import { readTensor } from "../../src/gpu/storage.ts";
import type { TensorSource } from "../../src/formats/tensor_source.ts";
import { openSafetensors, safetensorsHead } from "../../src/formats/safetensors.ts";
import { openPackedCache } from "../../src/nn/packed_cache.ts";
import { Weights } from "../../src/nn/weights.ts";
import { type DeviceClass, testDevice } from "../ops/harness.ts";

/** Runs a story with a folder of its own and a file of two f32 matrices, one of them gated. */
async function withFile(story: (folder: string, path: string) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir();
  try {
    const path = `${folder}/model.safetensors`;
    const shapes: [string, number[]][] = [["a.weight", [70, 24]], ["b.weight", [80, 8]]];
    const head = safetensorsHead(shapes.map(([name, shape]) => ({ name, dtype: "F32", shape })));
    const values = Float32Array.from({ length: 70 * 24 + 80 * 8 }, (_, i) => Math.cos(i));
    await Deno.writeFile(path, new Uint8Array([...head, ...new Uint8Array(values.buffer)]));
    await story(folder, path);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

function declare(weights: Weights) {
  const options = { bias: false };
  return [weights.matrix("a", 24, 70, options).panels, weights.matrix("b", 8, 40, { ...options, gated: true }).panels];
}

/** What loading puts on the device, and what was said meanwhile. */
async function load(folder: string, path: string, kind: DeviceClass, cached: boolean) {
  const device = await testDevice(kind);
  const source = await openSafetensors(path);
  const weights = new Weights(device, "f16", "net");
  const panels = declare(weights);
  const said: string[] = [];
  const packed: TensorSource | undefined = cached
    ? await openPackedCache(folder, weights, source, (sentence) => said.push(sentence))
    : undefined;
  await weights.load(source, { packed });
  const bytes = await Promise.all(panels.map(async (tensor) => new Uint8Array(await readTensor(device, tensor))));
  weights.release();
  packed?.close();
  source.close();
  return { bytes, said };
}

Deno.test("a network whose matrices all stay quantised has nothing to keep packed", () =>
  withFile(async (folder) => {
    const path = `${folder}/quantised.safetensors`;
    const head = safetensorsHead([{ name: "a.weight", dtype: "F32", shape: [64, 32] }]);
    await Deno.writeFile(path, new Uint8Array([...head, ...new Uint8Array(64 * 32 * 4)]));
    const source = await openSafetensors(path);
    const weights = new Weights(await testDevice(), "f16", "net", () => "q8_0");
    weights.matrix("a", 32, 64, { bias: false });
    const said: string[] = [];
    const packed = await openPackedCache(`${folder}/kept`, weights, source, (sentence) => said.push(sentence));
    await weights.load(source, { packed });
    assert.deepEqual([packed, said, weights.ready], [undefined, [], true]);
    weights.release();
    source.close();
  }));

Deno.test("an aborted signal ends packing, of which nothing stays, and checking, which loses nothing", () =>
  withFile(async (folder, path) => {
    const kept = `${folder}/kept`;
    const source = await openSafetensors(path);
    const weights = new Weights(await testDevice(), "f16", "net");
    declare(weights);
    const said: string[] = [];
    const open = (signal?: AbortSignal) => openPackedCache(kept, weights, source, (text) => said.push(text), signal);
    const enough = new Error("enough");
    await assert.rejects(open(AbortSignal.abort(enough)), enough);
    assert.deepEqual(only(kept), []);
    (await open())!.close();
    const [file] = only(kept);
    await assert.rejects(open(AbortSignal.abort(enough)), enough);
    assert.deepEqual([only(kept), said.length], [[file], 1]);
    source.close();
  }));

Deno.test("packed weights come back as they were, on every kind of device", () =>
  withFile(async (folder, path) => {
    const { bytes } = await load(folder, path, "as it is", false);
    for (const kind of ["as it is", "like a GPU"] as const) {
      assert.deepEqual(
        (await load(folder, path, kind, false)).bytes,
        bytes,
        "packed on the host and on the device alike",
      );
      assert.deepEqual((await load(folder, path, kind, true)).bytes, bytes);
    }
    const again = await load(folder, path, "as it is", true);
    assert.deepEqual([again.bytes, again.said], [bytes, []], "kept once, then only read");
  }));

const only = (folder: string) => [...Deno.readDirSync(folder)].map(({ name }) => `${folder}/${name}`);

const DAMAGES: [what: string, damage: (path: string) => void][] = [
  ["cut short", (path) => Deno.truncateSync(path, 100)],
  ["emptied", (path) => Deno.truncateSync(path, 0)],
  ["changed in a single bit behind its header", (path) => {
    const bytes = Deno.readFileSync(path);
    bytes[bytes.length - 7] ^= 4;
    Deno.writeFileSync(path, bytes);
  }],
];
for (const [what, damage] of DAMAGES) {
  Deno.test(`a packed file that was ${what} is packed anew`, () =>
    withFile(async (folder, path) => {
      const kept = `${folder}/packed`;
      const { bytes } = await load(kept, path, "as it is", true);
      damage(only(kept)[0]);
      const repaired = await load(kept, path, "as it is", true);
      assert.deepEqual(repaired.bytes, bytes);
      assert.match(repaired.said[0], /Repacking/);
      assert.equal(only(kept).length, 1);
    }));
}

Deno.test("a changed checkpoint gets a packed file of its own, even of the same size and time", () =>
  withFile(async (folder, path) => {
    const kept = `${folder}/packed`;
    const before = await load(kept, path, "as it is", true);
    const [first] = only(kept);
    const { mtime } = Deno.statSync(path);
    const bytes = Deno.readFileSync(path);
    new DataView(bytes.buffer).setFloat32(bytes.length - 4, 3, true);
    Deno.writeFileSync(path, bytes);
    Deno.utimeSync(path, mtime!, mtime!);
    const after = await load(kept, path, "as it is", true);
    assert.notDeepEqual(after.bytes, before.bytes);
    assert.deepEqual(after.bytes, (await load(kept, path, "as it is", false)).bytes);
    assert.match(after.said[0], /is kept in/);
    assert.ok(only(kept).length === 1 && only(kept)[0] !== first, "the old one made room");
  }));

Deno.test("what a killed program left half written is not taken for a packed file, and goes when it is a day old", () =>
  withFile(async (folder, path) => {
    const kept = `${folder}/packed`;
    const { bytes } = await load(kept, path, "as it is", true);
    const [whole] = only(kept);
    const part = (id: string) => whole.replace(/[^-]+$/, `${id}.part`);
    for (const id of ["0", "1"]) Deno.writeTextFileSync(part(id), "half");
    const again = await load(kept, path, "as it is", true);
    assert.deepEqual([again.bytes, again.said], [bytes, []]);
    const before = new Date(Date.now() - 48 * 3600 * 1000);
    Deno.utimeSync(part("0"), before, before);
    Deno.truncateSync(whole, 100);
    await load(kept, path, "as it is", true);
    assert.deepEqual(only(kept).sort(), [part("1"), whole].sort(), "what another program may still write stays");
  }));

Deno.test("where packed weights cannot be kept, loading says so and goes on", () =>
  withFile(async (folder, path) => {
    const { bytes } = await load(folder, path, "as it is", false);
    const refused = await load(`${path}/packed`, path, "as it is", true);
    assert.deepEqual(refused.bytes, bytes);
    assert.match(refused.said[0], /The packed net is not kept: .*os error/);
  }));
