import assert from "@std/assert";
import { GpuError } from "../../src/errors.ts";
import { Device, listAdapters, openDevice } from "../../src/gpu/device.ts";
import { Graph } from "../../src/gpu/graph.ts";
import { pipelineFor } from "../../src/gpu/kernel.ts";
import { placeAlone, readFloats, writeFloats } from "../../src/gpu/storage.ts";
import { describeTensor, type Tensor } from "../../src/gpu/tensor.ts";
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
    const uniforms = program.sections.flat().length * 256;
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
  g.dispatch({ kernel: { name: "wrong_number", source }, params: {}, bindings: [], grid: [1] });
  await assert.rejects(g.compile(), (error: Error) => {
    assert.ok(error instanceof GpuError);
    assert.match(error.message, /wrong_number/);
    assert.match(error.message, /line \d+: fn main\(\) \{ let x: u32 = 1\.5; \}/);
    return true;
  });
});

Deno.test("of two kernels that are compiled at once, the one that is wrong is refused", async () => {
  const device = await testDevice();
  const compiled = (name: string, body: string) =>
    pipelineFor(device, {
      kernel: { name, source: `@compute @workgroup_size(8) fn main() { ${body} }` },
      precision: "f32",
      constants: {},
    });
  const [wrong, right] = await Promise.allSettled([compiled("wrong", "let x: u32 = 1.5;"), compiled("right", "")]);
  assert.match(String(wrong.status === "rejected" && wrong.reason), /Kernel wrong f32 does not compile/);
  assert.equal(right.status, "fulfilled");
});

Deno.test("a graph stops between two kernels when it is told to, and leaves nothing on the device", async () => {
  using device = await openDevice();
  const before = device.allocatedBytes;
  const g = new Graph(device, "stopped", "f32");
  const source = (n: number) => `@compute @workgroup_size(1) fn main() { let x = ${n}u; }`;
  for (let n = 0; n < 3; n++) {
    g.dispatch({ kernel: { name: `n${n}`, source: source(n) }, params: {}, bindings: [], grid: [1] });
  }
  const stop = new AbortController();
  setTimeout(() => stop.abort(new Error("enough")));
  // A driver that takes its time: events come in all the same.
  device.onCompile = ({ done }) => {
    for (const start = performance.now(); done === 1 && performance.now() - start < 60;);
  };
  await assert.rejects(g.compile(stop.signal), /enough/);
  assert.equal(device.allocatedBytes, before);
  assert.ok(![...device.pipelines.keys()].some((key) => key.startsWith("n2")));
});

Deno.test("grids of nothing and of too much are refused in words", async () => {
  const g = new Graph(await testDevice(), "picture", "f32");
  const kernel = { name: "k", source: "" };
  const refusal = (grid: [number, number]) => () => g.dispatch({ kernel, params: {}, bindings: [], grid });
  assert.throws(refusal([1, 0]), /picture: there is nothing to compute in k: one of its sizes is 0/);
  assert.throws(refusal([1, 70000]), /picture: k would need 1×70000 workgroups, but .* starts at most 65535 each way/);
});

Deno.test("errors that a device reports late surface at the next call", async () => {
  const device = await openDevice();
  const notTogether = GPUBufferUsage.MAP_READ | GPUBufferUsage.STORAGE;
  device.gpu.createBuffer({ size: 16, usage: notTogether });
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
  const alone = describeTensor("latents", [1, 70000, 70000, 4], "f32", "plain");
  assert.throws(() => placeAlone(device, alone), /"latents" .* needs .* in one piece/);
});
