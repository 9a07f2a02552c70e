/**
 * How long a program takes, for choosing between kernels.
 *
 * @module
 */
import type { Device } from "./device.ts";
import type { Program } from "./program.ts";
import { recordPass } from "./replay.ts";
import { readTicks, submitTicks } from "./ticks.ts";

/**
 * Milliseconds that are long enough to be told apart: by the device's own clock, and by the host's, which sleeps 10 of
 * them.
 */
const ENOUGH = { device: 2, host: 40 };

/** More repetitions than this are not needed. */
const MOST = 1024;

/** Milliseconds of one run, at its second and later ones: the first may compile. */
export async function timeProgram(device: Device, program: Program): Promise<number> {
  program.run();
  await device.finished();
  const enough = device.timestamps ? ENOUGH.device : ENOUGH.host;
  for (let repeats = 1;; repeats *= 4) {
    const time = device.timestamps ? byDevice(device, program, repeats) : byHost(device, program, repeats);
    const milliseconds = await time;
    if (milliseconds >= enough || repeats >= MOST) return milliseconds / repeats;
  }
}

function repeated({ sections }: Program, repeats: number) {
  return Array.from({ length: repeats }, () => sections[0]).flat();
}

async function byHost(device: Device, program: Program, repeats: number): Promise<number> {
  const encoder = device.gpu.createCommandEncoder({ label: "timing" });
  recordPass(encoder, { label: "timing" }, repeated(program, repeats));
  const start = performance.now();
  device.gpu.queue.submit([encoder.finish()]);
  await device.finished();
  return performance.now() - start;
}

async function byDevice(device: Device, program: Program, repeats: number): Promise<number> {
  const { gpu } = device;
  const querySet = gpu.createQuerySet({ label: "timing", type: "timestamp", count: 2 });
  try {
    const encoder = gpu.createCommandEncoder({ label: "timing" });
    const timestampWrites = { querySet, beginningOfPassWriteIndex: 0, endOfPassWriteIndex: 1 };
    recordPass(encoder, { label: "timing", timestampWrites }, repeated(program, repeats));
    const [start, end] = await readTicks(submitTicks(gpu, encoder, querySet, 2));
    device.check();
    return Number(end - start) / 1e6;
  } finally {
    querySet.destroy();
  }
}
