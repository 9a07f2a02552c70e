import assert from "@std/assert";
import { Device, type Precision } from "../../src/gpu/device.ts";
import { attentionTile, convolutionTaps } from "../../src/ops/choose.ts";
import { matmulTile } from "../../src/ops/choose_tile.ts";
import { ATTENTION, MATMUL } from "../../src/ops/variants.ts";
import type { Checkpoint } from "../../src/model/parts.ts";
import { ALL_USES, trialName, trialsOf } from "../../src/nn/trials.ts";
import { tuneOnce, usesOf } from "../../src/pipeline/tuning.ts";
import { compiling, testDevice } from "../ops/harness.ts";

const SHAPE = { rows: 65536, panels: 10, depth: 160, taps: 1 };

function tapsOf(
  device: Device,
  inChannels: number,
  outChannels: number,
  side = Infinity,
  precision: Precision = "f16",
): number {
  return convolutionTaps(device, { inChannels, outChannels, side, precision });
}

/** A GPU whose compiler makes a mistake in what is compiled from `from`. */
async function faulty(from: RegExp, to: string): Promise<Device> {
  const device = await testDevice("like a GPU without subgroups");
  const { gpu, summary } = compiling(device, (code) => code.replace(from, to));
  return new Device(gpu, { ...summary, name: "a GPU with a faulty driver" }, false, false);
}

Deno.test("a variant that a driver compiles wrongly is found, told in one line and not used; the rest is", async () => {
  // Of the products, those of 8 rows leave out a term.
  using folder = new Folder();
  const device = await faulty(/^(const ROWS = 8u;[^]*?)high0 \+= a00\.y \* high_w01;/, "$1");
  const said: string[] = [];
  const uses = { attention: [40], conv3x3: [128] };
  await tuneOnce(device, { folder: folder.path, uses, now: clock(6), say: (line) => said.push(line) });
  assert.deepEqual(device.tuning!.wrong, ["matmul tile 8"]);
  assert.equal(said.length, 3);
  assert.match(said[1], /faulty driver.*matmul tile 8/);
  assert.equal(matmulTile(device, SHAPE, 64, "f16").rows, 4);

  // The next device of this kind knows it from the file, and asks nobody.
  const again = await faulty(/x/, "x");
  await tuneOnce(again, { folder: folder.path, uses, budget: 0, say: (line) => said.push(line) });
  assert.deepEqual(again.tuning, device.tuning);
  assert.equal(said.length, 3);

  // With a file that is not as it was written they are tried anew.
  const [file] = [...Deno.readDirSync(folder.path)];
  Deno.writeTextFileSync(`${folder.path}/${file.name}`, '{"wrong": 3}');
  const third = await faulty(/x/, "x");
  await assert.rejects(
    tuneOnce(third, { folder: folder.path, signal: AbortSignal.abort(new Error("trying")) }),
    /trying/,
  );
});

/** A clock whose hand moves on by a second whenever it is looked at: a budget of 3 seconds is over after `looks`. */
function clock(looks: number): () => number {
  let seen = 0;
  return () => seen++ < looks ? 0 : 3000;
}

Deno.test("nobody waits for what is tried: it ends with its budget, goes on the next time, and begins nothing twice", async () => {
  using folder = new Folder();
  const uses = { attention: [8], conv3x3: [128] };
  const begun: string[] = [];
  const first = await faulty(/x/, "x");
  const once = (device: Device, looks: number) =>
    tuneOnce(device, { folder: folder.path, uses, now: clock(looks), onTrial: (name) => begun.push(name) });
  await once(first, 3);
  assert.deepEqual(begun, ["check matmul tile 8", "check matmul tile 4"]);
  assert.deepEqual(first.tuning!.tried, begun);

  // A process that is stopped in the middle of a trial, by somebody who has waited long enough, does not begin it
  // again.
  const second = await faulty(/x/, "x");
  const stop = new Error("stopped");
  await assert.rejects(
    tuneOnce(second, {
      folder: folder.path,
      uses,
      signal: AbortSignal.abort(stop),
    }),
    /stopped/,
  );
  const trials = (device: Device, on: (name: string) => void) =>
    tuneOnce(device, { folder: folder.path, uses, now: clock(9), onTrial: on });
  await trials(second, (name) => {
    begun.push(name);
    if (name.includes("winograd")) throw stop; // as if the driver had been compiling for minutes
  });
  await once(await faulty(/x/, "x"), 4);
  assert.equal(new Set(begun).size, begun.length, begun.join(", "));
  assert.deepEqual(begun.slice(2, 4), ["check conv3x3 winograd", "check conv3x3 taps"]);
});

Deno.test("a device that does not come back is left alone, in this run and in the next, and one line says so", async () => {
  using folder = new Folder();
  const stuck = async () => {
    const { gpu, summary } = await testDevice("like a GPU without subgroups");
    const deaf = new Proxy(gpu, {
      get(target, key) {
        if (key === "createBuffer") {
          return (descriptor: GPUBufferDescriptor) => {
            const buffer = target.createBuffer(descriptor);
            if (descriptor.label?.startsWith("read ")) buffer.mapAsync = () => new Promise(() => {});
            return buffer;
          };
        }
        const value = Reflect.get(target, key, target);
        return typeof value === "function" ? value.bind(target) : value;
      },
    });
    return new Device(deaf, { ...summary, name: "a GPU that hangs" }, false, false);
  };
  const said: string[] = [];
  const device = await stuck();
  await tuneOnce(device, { folder: folder.path, patience: 50, say: (line) => said.push(line) });
  assert.match(said.at(-1)!, /^a GPU that hangs did not come back from trying "check matmul tile 8".*deno task tune/);
  assert.equal(matmulTile(device, SHAPE, 64, "f16").rows, 8);
  const again = await stuck();
  await tuneOnce(again, { folder: folder.path, patience: 50, say: (line) => said.push(line) });
  assert.equal(again.tuning!.stuck, "check matmul tile 8");
  assert.equal(said.length, 2);
});

Deno.test("what a model uses is tried, what matters most first, and no kernel that a compiler needs minutes for", async () => {
  const { gpu, summary } = await testDevice("like a GPU");
  const device = new Device(gpu, summary, true, false);
  const sdxl = usesOf({
    unet: { config: { block_out_channels: [320, 640, 1280], attention_head_dim: [5, 10, 20] } },
    vae: { config: { block_out_channels: [128, 256, 512, 512] } },
  } as unknown as Checkpoint);
  const names = [...trialsOf(device, sdxl, false)].map(trialName);
  assert.deepEqual(names.filter((name) => name.startsWith("time")), [
    "time conv3x3 at 320",
    "time matmul at 2048",
    "time attention at 64",
    "time attention at 512",
    "time conv3x3 at 640",
    "time conv3x3 at 128",
    "time norm at 4096",
  ]);
  // Lanes own whole heads in registers: of 512 channels, NVIDIA's compiler takes minutes.
  const lanes = [...trialsOf(device, ALL_USES, true)].filter((trial) =>
    trial.op === "attention" && /lanes/.test("variants" in trial ? trial.variants.join() : trial.variant)
  );
  assert.deepEqual([...new Set(lanes.map(({ at }) => at))], [40, 64, 80]);
});

Deno.test("choices follow the speeds that were measured", async () => {
  const { gpu, summary } = await testDevice("like a GPU");
  const device = new Device(gpu, summary, true, false);
  assert.equal(matmulTile(device, SHAPE, 64, "f16").rows, 8);
  assert.equal(tapsOf(device, 320, 320), 16);
  assert.equal(attentionTile(device, 40).parts, 1);
  device.tuning = {
    wrong: [],
    speeds: {
      "matmul tile 8 at 2048": 1,
      "matmul tile 4 at 2048": 2,
      "matmul lanes 16 at 2048": 1,
      "conv3x3 taps at 320": 2,
      "conv3x3 winograd at 320": 1,
      "attention tile 40 at 40": 1,
      "attention tile 64 at 40": 2,
    },
  };
  assert.equal(matmulTile(device, SHAPE, 64, "f16").rows, 4);
  assert.equal(tapsOf(device, 320, 320), 9);
  const { speeds } = device.tuning;
  device.tuning = { wrong: [], speeds: { ...speeds, "conv3x3 winograd 4 at 320": 3 } };
  assert.equal(tapsOf(device, 320, 320), 36);
  assert.equal(tapsOf(device, 1280, 1280), 9, "36 numbers for nine of as many take much memory");
  device.tuning = { wrong: ["conv3x3 winograd 4"], speeds };
  assert.equal(attentionTile(device, 40), attentionTile(device, 64));
  const { "attention tile 40 at 40": _, ...half } = device.tuning.speeds;
  device.tuning = { wrong: [], speeds: half };
  assert.equal(attentionTile(device, 40).parts, 1, "nothing to compare with");
  device.tuning = { wrong: [], speeds: { ...device.tuning.speeds, "matmul tile 4 ahead at 2048": 3 } };
  assert.equal(matmulTile(device, SHAPE, 64, "f16").ahead, true);
  device.tuning = { wrong: [], speeds: { ...device.tuning.speeds, "matmul lanes 16 at 2048": 4 } };
  assert.equal(matmulTile(device, SHAPE, 64, "f16").kernel, "matmul");
});

Deno.test("software adapters convolve by tiles of 4×4 where three kernels do it, and use the next best where one is wrong", async () => {
  const { gpu, summary } = await testDevice();
  const device = new Device(gpu, { ...summary, software: true }, true, false);
  const layers = [[320, 320], [960, 640], [128, 128], [16, 128], [4, 320], [1280, 1280]];
  assert.deepEqual(layers.map(([from, to]) => tapsOf(device, from, to)), [36, 36, 36, 9, 9, 9]);
  const narrow = [64, 128].map((channels) => [8, 16].map((side) => tapsOf(device, channels, channels, side)));
  assert.deepEqual(
    narrow,
    [[16, 16], [16, 36]],
    "one kernel does narrow layers, but of large pictures only the narrowest",
  );
  const levels = (precision: Precision) => [1, 2, 4, 8].map((side) => tapsOf(device, 512, 512, side, precision));
  assert.deepEqual([levels("f16"), levels("f32")], [[16, 16, 36, 36], [16, 16, 16, 36]], "numbers for pixels");
  device.tuning = { wrong: ["conv3x3 winograd 4"], speeds: {} };
  assert.equal(tapsOf(device, 320, 320), 16);
  device.tuning = { wrong: ["conv3x3 winograd 4", "conv3x3 winograd"], speeds: {} };
  assert.equal(tapsOf(device, 320, 320), 9);
});

Deno.test("NVIDIA's cards begin with a table of their own", async () => {
  const { gpu, summary } = await testDevice("like a GPU");
  for (const vendor of ["4318", "0x10DE", "nvidia"]) {
    const device = new Device(gpu, { ...summary, vendor }, true, false);
    assert.deepEqual(matmulTile(device, SHAPE, 64, "f16"), { ...MATMUL["tile 4 halfs ahead"], slices: 1 });
    assert.equal(matmulTile(device, SHAPE, 64, "f32").halfs, undefined, "f32 is summed in f32");
    // As many workgroups as an H200 has multiprocessors, and half as many again, leave half of it idle in turns.
    assert.equal(matmulTile(device, { ...SHAPE, rows: 512, panels: 20, depth: 1280 }, 64, "f16").slices > 1, true);
    assert.equal(tapsOf(device, 1280, 1280), 16);
    assert.equal(attentionTile(device, 64), ATTENTION["tile 64 by 4"]);
  }
  const other = new Device(gpu, { ...summary, vendor: "4098" }, true, false);
  assert.equal(matmulTile(other, SHAPE, 64, "f16").ahead, undefined);
  assert.equal(tapsOf(other, 1280, 1280), 9);
});

/** A folder that is gone at the end. */
class Folder implements Disposable {
  readonly path = Deno.makeTempDirSync();
  [Symbol.dispose](): void {
    Deno.removeSync(this.path, { recursive: true });
  }
}
