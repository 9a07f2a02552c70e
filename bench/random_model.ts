/**
 * Models of the published sizes with random weights, in one file under the original names: what can be measured without
 * the published weights is measured with these.
 *
 * @module
 */
import { join } from "@std/path";
import { cacheHome } from "../src/files/cache_home.ts";
import { safetensorsHead } from "../src/formats/safetensors.ts";

/** Families whose names and shapes are known. */
export type Published = "sd1" | "sd2" | "sdxl";

/** A folder for what benchmarks make or fetch, outside the repository. */
export async function benchFolder(...parts: string[]): Promise<string> {
  const folder = join(cacheHome((name) => Deno.env.get(name)), "rpg/bench", ...parts);
  await Deno.mkdir(folder, { recursive: true });
  return folder;
}

/** Names and shapes of a published checkpoint, as its original code calls them. */
async function publishedShapes(family: Published): Promise<Map<string, number[]>> {
  const path = new URL("../tests/golden/io/published.json.gz", import.meta.url);
  const file = await Deno.open(path);
  const text = await new Response(file.readable.pipeThrough(new DecompressionStream("gzip"))).text();
  return new Map(Object.entries(JSON.parse(text)[family].file));
}

/** Of a prime length, so that rows of a matrix differ. */
const TABLE = 1_048_583;

/** Uniform in [−1, 1): xorshift32, the same in every run. */
function uniform(): Float32Array<ArrayBuffer> {
  let state = 2463534242;
  return Float32Array.from({ length: TABLE }, () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return state / 2 ** 31;
  });
}

/** f16 values of a tensor, as torch initialises layers: matrices within ±1/√(inputs), norms 1, biases 0. */
function fill(
  name: string,
  shape: readonly number[],
  table: Float32Array,
): (count: number) => Float16Array<ArrayBuffer> {
  if (shape.length < 2) {
    const value = name.endsWith("weight") ? 1 : 0;
    return (count) => new Float16Array(count).fill(value);
  }
  const inputs = shape.slice(1).reduce((product, size) => product * size, 1);
  const bound = /embedding/.test(name) ? 0.05 : 1 / Math.sqrt(inputs);
  const count = Math.min(TABLE, inputs * shape[0]);
  const values = new Float16Array(table.subarray(0, count).map((value) => value * bound));
  return (count) => values.subarray(0, count);
}

/** Path of a checkpoint of a family's published size in f16, written where it is not there yet. */
export async function randomModel(family: Published): Promise<string> {
  const path = join(await benchFolder("models"), `${family}.safetensors`);
  if (await Deno.stat(path).then(() => true, () => false)) return path;
  const shapes = await publishedShapes(family);
  const table = uniform();
  const temporary = `${path}.part`;
  using file = await Deno.open(temporary, { write: true, create: true, truncate: true });
  const writer = file.writable.getWriter();
  const isIds = (name: string) => name.endsWith("position_ids");
  const head = [...shapes].map(([name, shape]) => ({
    name,
    dtype: isIds(name) ? "I64" as const : "F16" as const,
    shape,
  }));
  await writer.write(safetensorsHead(head));
  for (const [name, shape] of shapes) {
    const count = shape.reduce((product, size) => product * size, 1);
    if (isIds(name)) {
      await writer.write(new Uint8Array(BigInt64Array.from({ length: count }, (_, i) => BigInt(i)).buffer));
      continue;
    }
    const values = fill(name, shape, table);
    for (let left = count; left > 0; left -= Math.min(left, TABLE)) {
      const part = values(Math.min(left, TABLE));
      await writer.write(new Uint8Array(part.buffer, part.byteOffset, part.byteLength));
    }
  }
  await writer.close();
  await Deno.rename(temporary, path);
  return path;
}
