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
 * Milliseconds that are long enough to be measured: by the device's own clock, and by the host's, which may see the end
 * 10 ms late.
 */
const ENOUGH = { device: 2, host: 40 };

/** The most repetitions of a program, and the most milliseconds of them by the host's clock. */
const MOST = 1024, LONGEST = 200;

/**
 * A GPU that was idle runs slowly (an NVIDIA H200 by a factor of five) and takes a while to speed up. Milliseconds of
 * work in one turn of warming up, at least before a measurement counts, and at most.
 */
const WARM = { turn: 25, least: 100, most: 400 };

/** Warming up ends with a turn that takes at least this share of the best time so far. */
const NO_FASTER = 0.97;

/**
 * Milliseconds of one run, at its second and later ones: the first may compile.
 * @param signal ends the waiting at once, with its reason
 */
export async function timeProgram(device: Device, program: Program, signal?: AbortSignal): Promise<number> {
  program.run();
  await device.finished(signal);
  const { gpu, timestamps, summary } = device;
  const querySet = timestamps ? gpu.createQuerySet({ label: "timing", type: "timestamp", count: 2 }) : undefined;
  const measured = async (repeats: number) => {
    const start = performance.now();
    const ticks = submitRepeated(gpu, program, repeats, querySet);
    if (!ticks) await device.finished(signal);
    const [first, last] = ticks ? await readTicks(device, ticks, signal) : [0n, 0n];
    const [own, host] = [Number(last - first) / 1e6, performance.now() - start];
    const enough = ticks ? own >= ENOUGH.device : host >= ENOUGH.host;
    return { time: own > 0 ? own : host, host, enough }; // some drivers' ticks stand still
  };
  try {
    let repeats = 1;
    let result = await measured(repeats);
    while (!result.enough && repeats < MOST && result.host < LONGEST) result = await measured(repeats *= 4);
    let shortest = result.time / repeats;
    if (summary.software) return shortest;
    for (let worked = 0; worked < WARM.most;) {
      repeats = Math.min(MOST, Math.ceil(WARM.turn / shortest));
      const { time, host } = await measured(repeats);
      worked += host;
      if (worked >= WARM.least && time / repeats > NO_FASTER * shortest) return Math.min(shortest, time / repeats);
      shortest = Math.min(shortest, time / repeats);
    }
    return shortest;
  } finally {
    querySet?.destroy();
  }
}

/** Submits a program so many times, in one pass. @returns timestamps around it, where there is a place for them */
function submitRepeated(
  gpu: GPUDevice,
  { sections }: Program,
  repeats: number,
  querySet?: GPUQuerySet,
): GPUBuffer | undefined {
  const encoder = gpu.createCommandEncoder({ label: "timing" });
  const timestampWrites = querySet && { querySet, beginningOfPassWriteIndex: 0, endOfPassWriteIndex: 1 };
  recordPass(
    encoder,
    { label: "timing", ...(timestampWrites ? { timestampWrites } : {}) },
    Array.from({ length: repeats }, () => sections[0]).flat(),
  );
  if (querySet) return submitTicks(gpu, encoder, querySet, 2);
  gpu.queue.submit([encoder.finish()]);
  return undefined;
}
