/**
 * Spoils good inputs at random and reads them: each must be read or refused with one short line of our own, quickly and
 * without taking memory that the input does not warrant.
 *
 *     deno task fuzz [minutes] [seed] [number of the one input to try]
 *
 * @module
 */
import { RpgError } from "../../src/errors.ts";
import { type Device, openDevice } from "../../src/gpu/device.ts";
import { random } from "./mutate.ts";
import { type Target, targets } from "./targets.ts";

/** Longest that an input of a few KiB may take: far more than any does, for a machine that others keep busy. */
const MILLISECONDS = 20_000;
/**
 * What the process may grow by at its peak, whatever inputs claim: garbage not yet collected, compiled code, a
 * constant.
 */
const GROWTH = 768 * 1024 * 1024;
/** Name of the thread that tries. */
const WORKER = "fuzz";
/** Characters of a message, paths apart. */
const MESSAGE = 600;

/** How a run went. */
export interface Result {
  read: number;
  refused: number;
  /** Of each target: how many inputs, how many refused, and the longest in milliseconds. */
  targets: Map<string, { inputs: number; refused: number; longest: number }>;
}

/** Inputs `first` and on. Each has a generator of its own, so that its number and the seed tell it. */
export interface Run {
  seed: number;
  first?: number;
  /** Whether to go on after so many inputs. */
  more: (count: number) => boolean;
  /** Told before an input is tried. */
  onInput?: (number: number, target: string) => void;
}

/**
 * @throws Error with seed and number of the first input that crashed, took too long or too much memory, or was refused
 * badly
 */
export async function fuzz({ seed, first = 0, more, onInput }: Run, device?: Device): Promise<Result> {
  const folder = await Deno.makeTempDir();
  const result: Result = { read: 0, refused: 0, targets: new Map() };
  try {
    const list = await targets(folder, device);
    const before = peak();
    for (let i = 0; more(i); i++) {
      const number = first + i;
      const target = list[number % list.length];
      onInput?.(number, target.name);
      const where = `Input ${number} of seed ${seed} (${target.name})`;
      const started = performance.now();
      const refused = await isRefused(target, seed, number, where, folder);
      const took = performance.now() - started;
      if (took > MILLISECONDS) throw new Error(`${where} took ${Math.round(took)} ms.`);
      const grown = peak() - before;
      if (grown > GROWTH) throw new Error(`${where}: the process grew by ${grown} bytes.`);
      result[refused ? "refused" : "read"]++;
      const row = result.targets.get(target.name) ?? { inputs: 0, refused: 0, longest: 0 };
      row.inputs++;
      row.refused += Number(refused);
      row.longest = Math.max(row.longest, took);
      result.targets.set(target.name, row);
    }
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
  return result;
}

async function isRefused(
  target: Target,
  seed: number,
  number: number,
  where: string,
  folder: string,
): Promise<boolean> {
  try {
    await target.run(random(seed * 1_000_003 + number));
    return false;
  } catch (error) {
    if (!(error instanceof RpgError)) throw new Error(`${where} crashed.`, { cause: error });
    const said = error.message.replaceAll(folder, "");
    if (said.length > MESSAGE || /[^\P{Cc}\n]/u.test(said)) {
      throw new Error(`${where} is refused in ${said.length} characters: ${JSON.stringify(said.slice(0, 2000))}`);
    }
    return true;
  }
}

/** The most memory that this process has had, where the system says so; else what it has. */
function peak(): number {
  try {
    const [, kib] = Deno.readTextFileSync("/proc/self/status").match(/^VmHWM:\s*(\d+) kB/m)!;
    return Number(kib) * 1024;
  } catch {
    return Deno.memoryUsage().rss;
  }
}

/** The worker tries; this side notices where it never comes back. */
async function watch(minutes: number, seed: number, only?: number): Promise<void> {
  const worker = new Worker(import.meta.url, { type: "module", name: WORKER });
  const started = performance.now();
  let last = { number: 0, target: "", at: started };
  const over = Promise.withResolvers<void>();
  const timer = setInterval(() => {
    if (performance.now() - last.at < 2 * MILLISECONDS) return;
    over.reject(new Error(`Input ${last.number} of seed ${seed} (${last.target}) hangs.`));
  }, 1000);
  worker.onmessage = ({ data }) => {
    if (data.number !== undefined) last = { ...data, at: performance.now() };
    else if (data.error) over.reject(new Error(data.error));
    else {
      for (const [name, { inputs, refused, longest }] of data.result.targets) {
        console.log(`${name.padEnd(40)} ${inputs} inputs, ${refused} refused, longest ${longest.toFixed(1)} ms`);
      }
      const { read, refused } = data.result;
      console.log(`Seed ${seed}: ${read + refused} inputs, ${refused} refused, ${read} read, no crash, no hang.`);
      over.resolve();
    }
  };
  worker.postMessage({ minutes, seed, only });
  try {
    await over.promise;
  } finally {
    clearInterval(timer);
    worker.terminate();
  }
}

/** In the worker. */
async function work({ minutes, seed, only }: { minutes: number; seed: number; only?: number }): Promise<void> {
  const started = performance.now();
  const more = (count: number) => only === undefined ? performance.now() - started < minutes * 60_000 : count === 0;
  const onInput = (number: number, target: string) => self.postMessage({ number, target });
  try {
    const device = await openDevice();
    self.postMessage({ result: await fuzz({ seed, first: only, more, onInput }, device) });
  } catch (error) {
    const { stack, cause } = error as Error;
    self.postMessage({ error: `${stack}\n${cause instanceof Error ? cause.stack : ""}` });
  }
}

if (self.name === WORKER) self.onmessage = ({ data }) => work(data); // it is the main module of its own thread, too
else if (import.meta.main) {
  const [minutes = 10, seed = Date.now() % 1_000_000, only] = Deno.args.map(Number);
  await watch(minutes, seed, only);
  Deno.exit();
}
