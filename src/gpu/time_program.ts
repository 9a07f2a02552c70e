/**
 * How long programs take, for choosing between kernels.
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

/** More repetitions than this are not needed, nor more milliseconds of them by the host's clock. */
const MOST = 1024, LONGEST = 200;

/**
 * A GPU that had nothing to do while a kernel was compiled runs slowly (an NVIDIA H200 at 345 instead of 1980 MHz), and
 * takes a third of a second to find out that it is wanted. So programs are timed in turns of so many milliseconds, one
 * after the other, for at least and at most so many of them together, until no round is faster than the best before it.
 */
const WARM = { turn: 25, least: 500, most: 2000, faster: 0.97 };

/**
 * Milliseconds of one run of each program, at its second and later ones: the first may compile. On a GPU the shortest
 * that each has taken while it was their turn.
 * @param onTurn told whenever the device has come back
 * @param signal ends the waiting at once, with its reason
 */
export async function timePrograms(
  device: Device,
  programs: readonly Program[],
  { onTurn, signal }: { onTurn?: () => void; signal?: AbortSignal } = {},
): Promise<number[]> {
  const { gpu, timestamps, summary } = device;
  const querySet = timestamps ? gpu.createQuerySet({ label: "timing", type: "timestamp", count: 2 }) : undefined;
  const measured = async (program: Program, repeats: number) => {
    const start = performance.now();
    const ticks = submitRepeated(gpu, program, repeats, querySet);
    if (!ticks) await device.finished(signal);
    const [first, last] = ticks ? await readTicks(device, ticks, signal) : [0n, 0n];
    const [own, host] = [Number(last - first) / 1e6, performance.now() - start];
    const enough = ticks ? own >= ENOUGH.device : host >= ENOUGH.host;
    onTurn?.();
    return { time: own > 0 ? own : host, host, enough }; // some drivers' ticks stand still
  };
  try {
    const shortest: number[] = [];
    for (const program of programs) {
      program.run();
      await device.finished(signal);
      let repeats = 1;
      let result = await measured(program, repeats);
      while (!result.enough && repeats < MOST && result.host < LONGEST) result = await measured(program, repeats *= 4);
      shortest.push(result.time / repeats);
    }
    let steady = summary.software || shortest.reduce((a, b) => a + b) > WARM.least; // slow, and awake by now
    for (let worked = 0; !steady && worked < WARM.most;) {
      steady = worked >= WARM.least;
      for (const [i, program] of programs.entries()) {
        const repeats = Math.min(MOST, Math.ceil(WARM.turn / shortest[i]));
        const { time, host } = await measured(program, repeats);
        worked += host;
        if (time / repeats < WARM.faster * shortest[i]) steady = false;
        shortest[i] = Math.min(shortest[i], time / repeats);
      }
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
