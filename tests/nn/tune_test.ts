import assert from "@std/assert";
import { Device } from "../../src/gpu/device.ts";
import { attentionTile, matmulTile, usesWinograd } from "../../src/ops/choose.ts";
import { tuneOnce } from "../../src/pipeline/tuning.ts";
import { compiling, testDevice } from "../ops/harness.ts";

const SHAPE = { rows: 65536, panels: 10, depth: 160, taps: 1 };

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
  await tuneOnce(device, { folder: folder.path, budget: 0, say: (line) => said.push(line) });
  assert.deepEqual(device.tuning!.wrong, ["matmul tile 8"]);
  assert.equal(said.length, 2);
  assert.match(said[0], /faulty driver.*matmul tile 8/);
  assert.equal(matmulTile(device, SHAPE, 64).rows, 4);

  // The next device of this kind knows it from the file, and asks nobody.
  const again = await faulty(/x/, "x");
  await tuneOnce(again, { folder: folder.path, say: (line) => said.push(line) });
  assert.deepEqual(again.tuning, device.tuning);
  assert.equal(said.length, 2);

  // With a file that is not as it was written they are tried anew.
  const [file] = [...Deno.readDirSync(folder.path)];
  Deno.writeTextFileSync(`${folder.path}/${file.name}`, '{"wrong": 3}');
  const third = await faulty(/x/, "x");
  await assert.rejects(
    tuneOnce(third, { folder: folder.path, signal: AbortSignal.abort(new Error("trying")) }),
    /trying/,
  );
});

Deno.test("choices follow the speeds that were measured", async () => {
  const { gpu, summary } = await testDevice("like a GPU");
  const device = new Device(gpu, summary, true, false);
  assert.equal(matmulTile(device, SHAPE, 64).rows, 8);
  assert.equal(usesWinograd(device, 320, 320), true);
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
  assert.equal(matmulTile(device, SHAPE, 64).rows, 4);
  assert.equal(usesWinograd(device, 320, 320), false);
  assert.equal(attentionTile(device, 40), attentionTile(device, 64));
  device.tuning = { wrong: [], speeds: { ...device.tuning.speeds, "matmul lanes 16 at 2048": 3 } };
  assert.equal(matmulTile(device, SHAPE, 64).kernel, "matmul");
});

/** A folder that is gone at the end. */
class Folder implements Disposable {
  readonly path = Deno.makeTempDirSync();
  [Symbol.dispose](): void {
    Deno.removeSync(this.path, { recursive: true });
  }
}
