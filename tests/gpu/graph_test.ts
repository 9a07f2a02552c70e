import assert from "@std/assert";
import { GpuError } from "../../src/errors.ts";
import { Device, listAdapters, openDevice } from "../../src/gpu/device.ts";
import { Graph } from "../../src/gpu/graph.ts";
import { readFloats, writeFloats } from "../../src/gpu/storage.ts";
import type { Tensor } from "../../src/gpu/tensor.ts";
import { add } from "../../src/ops/elementwise.ts";
import { testDevice } from "../ops/harness.ts";

/** x, doubled `times` times. */
function doublings(g: Graph, x: Tensor, times: number): Tensor {
  for (let i = 0; i < times; i++) x = add(g, x, x.label === "x" ? copy(g, x) : add(g, x, undefined));
  return x;
}
const copy = (g: Graph, x: Tensor) => add(g, x, undefined);

for (const kind of ["as it is", "like a GPU"] as const) {
  Deno.test(`a graph ${kind}: planned bytes are what is allocated, intermediate tensors share memory, runs repeat`, async () => {
    const device = await testDevice(kind);
    const before = device.allocatedBytes;
    const g = new Graph(device, "doublings", "f32");
    const x = g.input("x", [1, 300, 64]);
    const y = g.output(doublings(g, x, 6));
    const planned = g.planBytes();
    const program = await g.compile();
    const tensorBytes = 300 * 64 * 4;
    // input, output and at most three tensors under way, where thirteen were named; textures add padding.
    assert.ok(planned <= 5 * tensorBytes * 1.5, `planned ${planned}`);
    assert.equal(program.bytes, planned);
    const uniforms = program.replays.length * 256;
    const nothing = 2 ** 18; // the stand-in for absent operands, made once per device
    assert.ok(device.allocatedBytes - before - planned - uniforms <= nothing);
    const values = Float32Array.from({ length: 300 * 64 }, (_, i) => i % 7);
    for (let run = 0; run < 2; run++) {
      writeFloats(device, x, values);
      program.run();
      assert.deepEqual(await readFloats(device, y), values.map((v) => v * 64));
    }
    program.destroy();
  });
}

Deno.test("a kernel that does not compile is reported with its name, its line and the line's source", async () => {
  const device = await testDevice();
  const g = new Graph(device, "broken", "f32");
  const source = "@compute @workgroup_size(1)\nfn main() { let x: u32 = 1.5; }";
  g.dispatch({ kernel: { name: "wrong_number", source }, params: [], bindings: [], grid: [1] });
  await assert.rejects(g.compile(), (error: Error) => {
    assert.ok(error instanceof GpuError);
    assert.match(error.message, /wrong_number/);
    assert.match(error.message, /line \d+: fn main\(\) \{ let x: u32 = 1\.5; \}/);
    return true;
  });
});

Deno.test("errors that a device reports late surface at the next call", async () => {
  const device = await openDevice();
  device.gpu.createBuffer({ size: 16, usage: GPUBufferUsage.MAP_READ | GPUBufferUsage.STORAGE }); // not allowed together
  await new Promise((resolve) => setTimeout(resolve, 50));
  assert.throws(() => device.check(), /The GPU reported an error/);
  device.close();
});

Deno.test("adapters are listed, and a number that none has is refused with the list", async () => {
  const adapters = await listAdapters();
  assert.ok(adapters.length >= 1);
  await assert.rejects(openDevice(99), (error: Error) => error.message.includes(`0 ${adapters[0].name}`));
});

Deno.test("what would not fit one binding is refused before anything is allocated", async () => {
  const { gpu, summary, subgroups, timestamps } = await testDevice();
  const device = new Device(gpu, summary, subgroups, timestamps, false);
  const g = new Graph(device, "large", "f32");
  assert.throws(() => g.tensor("everything", [1, 70000, 70000, 4]), /"everything" .* needs .* in one piece/);
});
