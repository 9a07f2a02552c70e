/**
 * `deno task bench limits [--write]`: what each thing that a product does costs on an adapter on its own, the
 * multiply-adds that it can do at most, and what a product does reach.
 *
 * @module
 */
import { parseArgs } from "@std/cli";
import { type Device, openDevice } from "../src/gpu/device.ts";
import { Graph } from "../src/gpu/graph.ts";
import { placeAlone } from "../src/gpu/storage.ts";
import { describeTensor } from "../src/gpu/tensor.ts";
import { Weights } from "../src/nn/weights.ts";
import { linear } from "../src/ops/matmul.ts";
import { best } from "./best.ts";
import { measurePeak } from "./peak.ts";
import source from "./limits.wgsl" with { type: "text" };
import { writeSection } from "./section.ts";
import { table } from "./table.ts";

/** What limits.wgsl does, by its KIND. */
const KINDS = [
  "multiply-add of four numbers",
  "load of four activations, f16",
  "load of eight weights, f16",
  "value from a neighbouring lane",
  "store of four activations, f16",
] as const;

/** Elements that are read over and over: 32 KiB, as much as a cache nearest to a core holds. */
const ELEMENTS = 4096;
const COUNT = 3;
const TURNS = 8;

/** Nanoseconds that 8 lanes on one core spend on one of a kind. */
async function cost(device: Device, kind: number): Promise<number> {
  const [groups, rounds] = [512, 512];
  const g = new Graph(device, "limits", "f16");
  const out = g.output(g.tensor("out", [1, ELEMENTS, 4]));
  const x = placeAlone(device, describeTensor("x", [1, ELEMENTS, 4], "f16", "quads"));
  const w = placeAlone(device, describeTensor("w", [ELEMENTS, 8], "f16", "panels"));
  g.dispatch({
    kernel: { name: "limits", source },
    constants: { KIND: kind, COUNT, TURNS, WAVES: 1, SLOTS: 1 },
    params: { rounds, mask: ELEMENTS - 1 },
    bindings: [x, w, out],
    grid: [groups],
  });
  using program = await g.compile();
  const seconds = await best(() => program.run(), () => device.finished());
  return seconds * 1e9 * navigator.hardwareConcurrency / (groups * rounds * COUNT * TURNS);
}

/** GFLOP/s of a product of 1024³ in f16. */
async function product(device: Device): Promise<number> {
  const side = 1024;
  const weights = new Weights(device, "f16", "product");
  const g = new Graph(device, "product", "f16");
  g.output(linear(g, g.input("x", [1, side, side]), weights.matrix("l", side, side, { bias: false })));
  weights.allocate();
  using program = await g.compile();
  const seconds = await best(() => program.run(), () => device.finished());
  weights.release();
  return 2 * side ** 3 / seconds / 1e9;
}

/** Prints the tables. */
export async function run(args: string[]): Promise<void> {
  const { values } = parseArgs({ args, options: { write: { type: "boolean" } } });
  using device = await openDevice();
  const cores = navigator.hardwareConcurrency;
  const costs: number[] = [];
  for (const kind of KINDS.keys()) costs.push(await cost(device, kind));
  const header = ["8 lanes on a core", "ns"];
  const rows = KINDS.map((name, i) => [name, costs[i].toFixed(1)]);
  const peak = await measurePeak(device);
  const second = ["sums in f32", "GFLOP/s", "of peak"];
  const line = (name: string, rate: number) => [name, rate.toFixed(1), `${(100 * rate / peak).toFixed(0)} %`];
  const results = [
    line("multiply-adds in registers alone", peak),
    line("a product of 1024³, f16", await product(device)),
  ];
  console.log(`${device.summary.name}, ${cores} cores\n\n${table(header, rows)}\n\n${table(second, results)}`);
  if (values.write) await writeSection("docs/speed.md", "bench:limits", [[header, rows], [second, results]]);
}
