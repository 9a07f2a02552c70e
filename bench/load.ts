/**
 * How fast weights reach the device, as a share of the rate at which the same file can be read. `deno task bench load [MiB]`
 * makes a file of that size (default 512) in a temporary folder.
 *
 * @module
 */
import { openDevice } from "../src/gpu/device.ts";
import { openSafetensors } from "../src/io/safetensors.ts";
import { Weights } from "../src/nn/weights.ts";

const SIDE = 2048;

/** A safetensors file of f16 matrices. */
async function makeFile(path: string, matrices: number): Promise<void> {
  const bytes = SIDE * SIDE * 2;
  const header: Record<string, unknown> = {};
  for (let i = 0; i < matrices; i++) {
    header[`l${i}.weight`] = { dtype: "F16", shape: [SIDE, SIDE], data_offsets: [i * bytes, (i + 1) * bytes] };
  }
  const json = new TextEncoder().encode(JSON.stringify(header));
  using file = await Deno.open(path, { write: true, create: true });
  const writer = file.writable.getWriter();
  const length = new Uint8Array(8);
  new DataView(length.buffer).setBigUint64(0, BigInt(json.length), true);
  await writer.write(length);
  await writer.write(json);
  const values = new Float16Array(SIDE * SIDE).map((_, i) => Math.sin(i));
  for (let i = 0; i < matrices; i++) await writer.write(new Uint8Array(values.buffer));
  writer.releaseLock();
}

/** Prints both rates. */
export async function run([size = "512"]: string[]): Promise<void> {
  const matrices = Math.max(1, Math.round(Number(size) * 2 ** 20 / (SIDE * SIDE * 2)));
  const folder = await Deno.makeTempDir();
  const path = `${folder}/bench.safetensors`;
  try {
    await makeFile(path, matrices);
    const source = await openSafetensors(path);
    const mebibytes = matrices * SIDE * SIDE * 2 / 2 ** 20;
    const time = async (work: () => Promise<void>) => {
      const start = performance.now();
      await work();
      return mebibytes / ((performance.now() - start) / 1000);
    };
    const read = async () => {
      const into = new Uint8Array(SIDE * SIDE * 2);
      for (const name of source.tensors.keys()) await source.read(name, into);
    };
    const device = await openDevice();
    const load = async () => {
      const weights = new Weights(device, "f16", "bench");
      for (let i = 0; i < matrices; i++) weights.matrix(`l${i}`, SIDE, SIDE, { bias: false });
      await weights.load(source);
      await device.finished();
      weights.release();
    };
    await read(); // fills the page cache
    await load(); // compiles
    const [reading, loading] = [await time(read), await time(load)];
    const share = (100 * loading / reading).toFixed(0);
    console.log(
      `${mebibytes} MiB: read ${reading.toFixed(0)} MiB/s, to the device ${loading.toFixed(0)} MiB/s (${share} %)`,
    );
    source.close();
    device.close();
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}
