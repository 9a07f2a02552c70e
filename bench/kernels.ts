/**
 * `deno task bench kernels [--rounds 3] [--write]`: our kernels beside those of TensorFlow.js and of ONNX Runtime on
 * the same adapter, in turns, and beside what the adapter's arithmetic can do. Tensors lie on the device; nothing is
 * read back.
 *
 * `--write` puts the tables into docs/speed.md.
 *
 * @module
 */
import { parseArgs } from "@std/cli";
import { openDevice } from "../src/gpu/device.ts";
import { best } from "./best.ts";
import { onnxRuntime } from "./kernels/ort.ts";
import { ours } from "./kernels/ours.ts";
import { tfjs } from "./kernels/tfjs.ts";
import { type Entrant, flopsOf, nameOf, type Work } from "./kernels/work.ts";
import { measurePeak } from "./peak.ts";
import { writeSection } from "./section.ts";
import { table } from "./table.ts";

/** What is timed, and how many times TensorFlow.js' speed it is to have. */
const CASES: readonly { work: Work; goal: number }[] = [
  { work: { kind: "matmul", rows: 512, inner: 1024, columns: 1024 }, goal: 40 },
  { work: { kind: "conv", channels: 320, side: 32 }, goal: 60 },
  { work: { kind: "attention", heads: 8, width: 40, rows: 1024 }, goal: 100 },
];

const HEADER = ["GFLOP/s", "ours f16", "ours f32", "tfjs f32", "ort f32", "f16 of peak", "f16 / tfjs", "f16 / ort"];
const GOALS = ["goal", "GFLOP/s", "of peak"];

/** Prints the tables. */
export async function run(args: string[]): Promise<void> {
  const { values } = parseArgs({
    args,
    options: { rounds: { type: "string", default: "3" }, write: { type: "boolean" } },
  });
  using device = await openDevice();
  let peak = 0;
  const rates: number[][] = [];
  for (const { work } of CASES) {
    const entrants: Entrant[] = [];
    for (const precision of ["f16", "f32"] as const) entrants.push(await ours(device, precision, work));
    entrants.push(await tfjs(work), await onnxRuntime(work));
    const seconds = entrants.map(() => Infinity);
    for (let round = 0; round < Number(values.rounds); round++) {
      peak = Math.max(peak, await measurePeak(device));
      for (const [i, { run, finished }] of entrants.entries()) {
        seconds[i] = Math.min(seconds[i], await best(run, finished, 1));
      }
    }
    for (const { release } of entrants) await release();
    rates.push(seconds.map((s) => flopsOf(work) / s / 1e9));
  }
  const share = (rate: number) => `${(100 * rate / peak).toFixed(0)} %`;
  const rows = CASES.map(({ work }, i) => {
    const [half, , tf, ort] = rates[i];
    const times = (peer: number) => `${(half / peer).toFixed(1)}×`;
    return [nameOf(work), ...rates[i].map((rate) => rate.toFixed(1)), share(half), times(tf), times(ort)];
  });
  const goals = CASES.map(({ work, goal }, i) => {
    const rate = goal * rates[i][2];
    return [`${nameOf(work)}: ${goal}× tfjs`, rate.toFixed(0), share(rate)];
  });
  const peaks = ["multiply-adds in registers", peak.toFixed(1), "100 %"];
  console.log(`${device.summary.name}\n\n${table(HEADER, rows)}\n\n${table(GOALS, [peaks, ...goals])}`);
  if (values.write) await writeSection("docs/speed.md", "bench:kernels", [[HEADER, rows], [GOALS, [peaks, ...goals]]]);
}
