/**
 * Tries the variants of the kernels on a device: what each makes of a small known case, and how fast it is. A driver
 * may compile a kernel wrongly, and which is fastest no table knows of every GPU.
 *
 * Nobody shall wait for it: it ends with a budget, between two trials, since a driver that compiles cannot be
 * interrupted. What has been begun once is never begun again, be it that the program was stopped in the middle of it,
 * and a device that does not come back from a trial is left alone.
 *
 * @module
 */
import { GpuError } from "../errors.ts";
import type { Device, Tuning } from "../gpu/device.ts";
import { Graph } from "../gpu/graph.ts";
import type { Program } from "../gpu/program.ts";
import { readFloats, writeFloats } from "../gpu/storage.ts";
import type { Tensor } from "../gpu/tensor.ts";
import { timePrograms } from "../gpu/time_program.ts";
import { variantName } from "../ops/variants.ts";
import { ALL_USES, type Check, type Race, type Trial, trialName, trialsOf, type Uses } from "./trials.ts";
import { arraysSource } from "./twins.ts";
import { Weights } from "./weights.ts";

/** Largest error of a right result, whose numbers are about 1: far above what f16 rounds, far below any mistake. */
const TOLERANCE = 0.05;

/** Milliseconds of a first use that trying may take, all of it. */
const BUDGET = 3000;

/** Milliseconds of waiting after which a device does not come back: a thousand times what a trial takes. */
const PATIENCE = 5000;

/** How {@linkcode tune} goes about it, and what it tells. */
export interface TuneOptions {
  /** What is known already. */
  known?: Tuning;
  /** What is tried; default: all that models use. */
  uses?: Uses;
  /** What hardly ever wins, too. */
  thorough?: boolean;
  /** Milliseconds after which no further trial begins: those left are for the next time. */
  budget?: number;
  /** Milliseconds that the device may take to come back from a trial. */
  patience?: number;
  /** The clock that the budget is measured with, in milliseconds. */
  now?: () => number;
  /** Told before each trial, with what is known then, this trial among what was tried; waited for. */
  onTrial?: (name: string, tuning: Tuning) => void | Promise<void>;
  /** Told of a variant that computes wrongly. */
  onWrong?: (variant: string) => void;
  signal?: AbortSignal;
}

/**
 * Tries variants that serve a class of device, which uses what is found from then on.
 * @returns what is known now
 */
export async function tune(device: Device, options: TuneOptions = {}): Promise<Tuning> {
  const { known, uses = ALL_USES, thorough = false, budget = BUDGET, now = () => performance.now(), signal } = options;
  const tuning = { wrong: [...known?.wrong ?? []], speeds: { ...known?.speeds }, tried: [...known?.tried ?? []] };
  device.tuning = undefined; // what is timed is the table's choice but for what is wrong
  const start = now();
  for (const trial of trialsOf(device, uses, thorough)) {
    signal?.throwIfAborted();
    const name = trialName(trial);
    const variants = ("variants" in trial ? trial.variants : [trial.variant])
      .filter((variant) => !tuning.wrong.includes(variantName(trial.op, variant)));
    device.tuning = { wrong: tuning.wrong, speeds: {} };
    if (tuning.tried.includes(name) || variants.length < ("variants" in trial ? 2 : 1)) continue;
    if (now() - start >= budget) break;
    tuning.tried.push(name);
    await options.onTrial?.(name, tuning);
    try {
      if ("variants" in trial) {
        const times = await milliseconds(device, trial, variants, options);
        variants.forEach((v, i) => tuning.speeds[`${variantName(trial.op, v)} at ${trial.at}`] = 1 / times[i]);
      } else if (!await isRight(device, trial, options)) {
        const variant = variantName(trial.op, trial.variant);
        tuning.wrong.push(variant);
        options.onWrong?.(variant);
      }
    } catch (error) {
      if (error instanceof Stuck) return device.tuning = { ...tuning, stuck: name };
      throw error;
    }
  }
  return device.tuning = tuning;
}

/** The device did not come back. */
class Stuck extends Error {}

/** Parts of the patience with a device: one passes at most while a driver compiles, when no timer runs. */
const TURNS = 20;

/**
 * Waits for what needs the device, up to `patience` milliseconds in which nothing but the device keeps it.
 * @param work tells whenever the device has come back
 */
async function patiently<T>(
  work: (alive: () => void) => Promise<T>,
  { patience = PATIENCE }: TuneOptions,
): Promise<T> {
  const { promise: over, reject } = Promise.withResolvers<never>();
  let turns = 0;
  const timer = setInterval(() => ++turns === TURNS && reject(new Stuck()), patience / TURNS);
  const result = work(() => turns = 0);
  result.catch(() => {}); // told where it is awaited, if it still is
  try {
    return await Promise.race([result, over]);
  } finally {
    clearInterval(timer);
  }
}

/** Whether a variant gives what it must; one that does not compile does not. */
async function isRight(device: Device, check: Check, options: TuneOptions): Promise<boolean> {
  const { signal } = options;
  const run = async () => {
    using made = await make(device, check, check.variant, signal);
    made.program.run();
    return await readFloats(device, made.out, signal);
  };
  try {
    const values = await patiently(run, options);
    return check.expected.every((value, i) => Math.abs(values[i] - value) <= TOLERANCE);
  } catch (error) {
    if (error instanceof GpuError) return false;
    throw error;
  }
}

/** What each variant takes, all of them made before any is timed. */
async function milliseconds(
  device: Device,
  race: Race,
  variants: readonly string[],
  options: TuneOptions,
): Promise<number[]> {
  const { signal } = options;
  return await patiently(async (alive) => {
    using all = new DisposableStack();
    const programs: Program[] = [];
    for (const variant of variants) programs.push(all.use(await make(device, race, variant, signal)).program);
    return await timePrograms(device, programs, { onTurn: alive, signal });
  }, options);
}

/** A variant at work, with its inputs. */
async function make(device: Device, { op, inputs, weights, build }: Trial, variant: string, signal?: AbortSignal) {
  const before = device.forced.get(op);
  const g = new Graph(device, "trying kernels", "f16");
  const w = new Weights(device, "f16", "trying kernels");
  device.forced.set(op, variant);
  let out: Tensor, tensors: Tensor[];
  try {
    tensors = inputs.map(({ shape }, i) => g.input(`input ${i}`, shape));
    out = g.output(build(g, w, tensors));
  } finally {
    if (before === undefined) device.forced.delete(op);
    else device.forced.set(op, before);
  }
  try {
    if (Object.keys(weights).length > 0) await w.load(arraysSource(weights));
    else w.allocate();
    const program = await g.compile(signal);
    inputs.forEach(({ values }, i) => values && writeFloats(device, tensors[i], values));
    const release = () => {
      program.destroy();
      w.release();
    };
    return { program, out, [Symbol.dispose]: release };
  } catch (error) {
    w.release();
    throw error;
  }
}
