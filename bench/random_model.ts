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

const GOLDENS = new URL("../tests/golden/io/", import.meta.url);

/** What the goldens say of a family. */
async function goldenOf(file: string, family: Published) {
  const { readable } = await Deno.open(new URL(file, GOLDENS));
  return JSON.parse(await new Response(readable.pipeThrough(new DecompressionStream("gzip"))).text())[family];
}

/** Of a prime length, so that rows of a matrix differ. */
const TABLE = 1_048_583;

let numbers: Float32Array<ArrayBuffer> | undefined;

/** Uniform in [−1, 1): xorshift32, the same in every run. */
function uniform(): Float32Array<ArrayBuffer> {
  if (numbers) return numbers;
  let state = 2463534242;
  return numbers = Float32Array.from({ length: TABLE }, () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return state / 2 ** 31;
  });
}

const tables = new Map<number, Float16Array<ArrayBuffer>>();

/** The table within ±`bound`, in f16. */
function within(bound: number): Float16Array<ArrayBuffer> {
  if (!tables.has(bound)) tables.set(bound, new Float16Array(uniform().map((value) => value * bound)));
  return tables.get(bound)!;
}

/** f16 values of a tensor, as torch initialises layers: matrices within ±1/√(inputs), norms 1, biases 0. */
function fill(name: string, shape: readonly number[]): (count: number) => Float16Array<ArrayBuffer> {
  if (shape.length < 2) {
    const value = name.endsWith("weight") ? 1 : 0;
    return (count) => new Float16Array(count).fill(value);
  }
  const inputs = shape.slice(1).reduce((product, size) => product * size, 1);
  const values = within(/embedding/.test(name) ? 0.05 : 1 / Math.sqrt(inputs));
  return (count) => values.subarray(0, count);
}

type Shapes = Record<string, readonly number[]>;

/** Path of a checkpoint of a family's published size in f16, under the original code's names. */
export async function randomModel(family: Published): Promise<string> {
  const path = join(await benchFolder("models"), `${family}.safetensors`);
  return await writeRandom(path, async () => (await goldenOf("published.json.gz", family)).file);
}

/** Folder of a ControlNet for a family's published size, as diffusers has it. */
export async function randomControlNet(family: Published): Promise<string> {
  const folder = await benchFolder("models", `${family}-controlnet`);
  const { config, shapes } = await goldenOf("controlnets.json.gz", family);
  await Deno.writeTextFile(join(folder, "config.json"), JSON.stringify({ _class_name: "ControlNetModel", ...config }));
  await writeRandom(join(folder, "diffusion_pytorch_model.safetensors"), () => shapes);
  return folder;
}

/** Path of a Real-ESRGAN of this many blocks that enlarges four times: 23 are x4plus, 6 its kin for drawings. */
export async function randomUpscaler(blocks: number): Promise<string> {
  const [width, growth] = [64, 32];
  const shapes: Shapes = {};
  const convolution = (name: string, from: number, to: number) => {
    shapes[`${name}.weight`] = [to, from, 3, 3];
    shapes[`${name}.bias`] = [to];
  };
  convolution("conv_first", 3, width);
  for (let block = 0; block < blocks; block++) {
    for (let dense = 1; dense <= 3; dense++) {
      for (let k = 0; k < 5; k++) {
        const to = k < 4 ? growth : width;
        convolution(`body.${block}.rdb${dense}.conv${k + 1}`, width + k * growth, to);
      }
    }
  }
  for (const name of ["conv_body", "conv_up1", "conv_up2", "conv_hr"]) convolution(name, width, width);
  convolution("conv_last", width, 3);
  return await writeRandom(join(await benchFolder("models"), `upscaler-${blocks}.safetensors`), () => shapes);
}

/** Writes a file of random weights where it is not there yet. @returns its path */
async function writeRandom(path: string, shapesOf: () => Shapes | Promise<Shapes>): Promise<string> {
  if (await Deno.stat(path).then(() => true, () => false)) return path;
  const shapes = Object.entries(await shapesOf());
  const temporary = `${path}.part`;
  const file = await Deno.open(temporary, { write: true, create: true, truncate: true });
  const writer = file.writable.getWriter();
  const typeOf = (name: string) => name.endsWith("position_ids") ? "I64" : "F16";
  await writer.write(
    safetensorsHead(shapes.map(([name, shape]) => ({ name, dtype: typeOf(name), shape: [...shape] }))),
  );
  for (const [name, shape] of shapes) {
    const count = shape.reduce((product, size) => product * size, 1);
    if (typeOf(name) === "I64") {
      await writer.write(new Uint8Array(BigInt64Array.from({ length: count }, (_, i) => BigInt(i)).buffer));
      continue;
    }
    const values = fill(name, shape);
    for (let left = count; left > 0; left -= Math.min(left, TABLE)) {
      const part = values(Math.min(left, TABLE));
      await writer.write(new Uint8Array(part.buffer, part.byteOffset, part.byteLength));
    }
  }
  await writer.close();
  await Deno.rename(temporary, path);
  return path;
}
