/**
 * Where the time goes: spans of the host, and one for each op on the device, as a file in Chrome's Trace Event Format,
 * which Perfetto (https://ui.perfetto.dev) and chrome://tracing show.
 *
 * Where the adapter has timestamp queries, each op runs in a pass of its own between two timestamps, which costs a
 * little. Elsewhere only whole submissions can be timed, from their beginning to the end of the wait for them.
 *
 * @module
 */
import type { Device } from "./device.ts";
import { recordPass, type Replay, submitPass, type Tracer } from "./replay.ts";
import { readTicks, submitTicks } from "./ticks.ts";

/** An event of the Trace Event Format; times are microseconds. */
export interface TraceEvent {
  name: string;
  cat: string;
  /** "X" is a span, "M" names a process or thread. */
  ph: "X" | "M";
  ts: number;
  dur?: number;
  pid: number;
  tid: number;
  args?: Record<string, string | number>;
}

/** What is written: the format's object form. */
export interface TraceFile {
  traceEvents: TraceEvent[];
  displayTimeUnit: "ms";
  otherData: Record<string, string>;
}

/** Submitted and timed on the device, but not read back. */
interface Pending {
  label: string;
  replays: readonly Replay[];
  ticks: GPUBuffer;
}

/** The most queries of a query set, by the specification. */
const MOST_QUERIES = 4096;
/** Spans beyond which a file is too large for what reads it. */
const MOST_SPANS = 500_000;
const HOST = 1, DEVICE = 2;

/** Follows a device from {@linkcode Trace.begin} to {@linkcode Trace.finish}. */
export class Trace implements Tracer {
  readonly #events: TraceEvent[] = [];
  readonly #pending: Pending[] = [];
  /** Submitted since the last wait, where submissions are all that can be timed. */
  #waiting: { labels: string[]; dispatches: number; start: number } | undefined;
  #spans = 0;
  #leftOut = 0;
  #queries?: GPUQuerySet;
  #began: Reading[] = [];

  private constructor(readonly device: Device) {}

  /** Follows what `device` does from now on. */
  static async begin(device: Device): Promise<Trace> {
    const trace = new Trace(device);
    if (device.timestamps) {
      trace.#queries = device.gpu.createQuerySet({ label: "trace", type: "timestamp", count: MOST_QUERIES });
      trace.#began = await trace.#readings();
    }
    device.tracer = trace;
    return trace;
  }

  /** {@linkcode Tracer.span} */
  span(name: string, start: number, end = performance.now()): void {
    this.#add({ name, cat: "host", ph: "X", ts: start * 1000, dur: (end - start) * 1000, pid: 1, tid: HOST });
  }

  /** {@linkcode Tracer.submit} */
  submit(label: string, replays: readonly Replay[]): void {
    if (!this.#queries) {
      this.#waiting ??= { labels: [], dispatches: 0, start: performance.now() };
      this.#waiting.labels.push(label);
      this.#waiting.dispatches += replays.length;
      return submitPass(this.device.gpu, label, replays);
    }
    for (let first = 0; first < replays.length; first += MOST_QUERIES / 2) {
      const some = replays.slice(first, first + MOST_QUERIES / 2);
      this.#pending.push({ label, replays: some, ticks: this.#submitTimed(label, some) });
    }
  }

  /** {@linkcode Tracer.finished} */
  finished(): void {
    if (!this.#waiting) return;
    const { labels, dispatches, start } = this.#waiting;
    const name = [...new Set(labels)].join(" + ");
    const dur = (performance.now() - start) * 1000;
    this.#add({ name, cat: "submission", ph: "X", ts: start * 1000, dur, pid: 1, tid: DEVICE, args: { dispatches } });
    this.#waiting = undefined;
  }

  /** Stops following, reads what was timed on the device, and gives the file's contents. */
  async finish(): Promise<TraceFile> {
    const { device } = this;
    device.tracer = undefined;
    await device.finished();
    this.finished();
    if (this.#queries) {
      const clock = clockOf(this.#began, await this.#readings());
      for (const { label, replays, ticks } of this.#pending) {
        this.#addOps(label, replays, await readTicks(device, ticks), clock);
      }
      this.#queries.destroy();
    }
    const name = (what: string, tid: number, name: string): TraceEvent => {
      return { name: what, cat: "__metadata", ph: "M", ts: 0, pid: 1, tid, args: { name } };
    };
    return {
      traceEvents: [
        name("process_name", 0, "rpg"),
        name("thread_name", HOST, "program"),
        name("thread_name", DEVICE, device.summary.name),
        ...this.#events,
      ],
      displayTimeUnit: "ms",
      otherData: {
        device: device.summary.name,
        ops: this.#queries
          ? "each op is timed by timestamp queries, in a pass of its own"
          : "the adapter has no timestamp queries: submissions are timed by the host, until the wait for them ends",
        ...(this.#leftOut ? { left_out: `${this.#leftOut} spans after the first ${MOST_SPANS}` } : {}),
      },
    };
  }

  #add(event: TraceEvent): void {
    if (this.#spans++ < MOST_SPANS) this.#events.push(event);
    else this.#leftOut++;
  }

  #addOps(graph: string, replays: readonly Replay[], ticks: BigUint64Array, clock: Clock): void {
    replays.forEach(({ name, grid, flops, result: { label, shape } }, i) => {
      const [start, end] = [clock(ticks[2 * i]), clock(ticks[2 * i + 1])];
      if (end < start) return; // a counter that was set back in between, which WebGPU allows
      const args: TraceEvent["args"] = { graph, writes: `${label} [${shape.join(", ")}]`, workgroups: grid.join("×") };
      if (flops) args.GFLOP = flops / 1e9;
      if (flops && end > start) args["GFLOP/s"] = flops / 1e6 / (end - start);
      this.#add({ name, cat: "op", ph: "X", ts: start * 1000, dur: (end - start) * 1000, pid: 1, tid: DEVICE, args });
    });
  }

  /** @returns a buffer to be mapped, with ticks before and after each dispatch */
  #submitTimed(label: string, replays: readonly Replay[]): GPUBuffer {
    const { gpu } = this.device;
    const querySet = this.#queries!;
    const encoder = gpu.createCommandEncoder({ label });
    replays.forEach((replay, i) => {
      const timestampWrites = { querySet, beginningOfPassWriteIndex: 2 * i, endOfPassWriteIndex: 2 * i + 1 };
      recordPass(encoder, { label: replay.name, timestampWrites }, [replay]);
    });
    return submitTicks(gpu, encoder, querySet, 2 * replays.length);
  }

  /** Reads both clocks several times: some submissions are slow to begin, the first of a device above all. */
  async #readings(): Promise<Reading[]> {
    await this.device.finished();
    const { gpu } = this.device;
    const querySet = this.#queries!;
    const timestampWrites = { querySet, beginningOfPassWriteIndex: 0, endOfPassWriteIndex: 1 };
    const readings: Reading[] = [];
    for (let i = 0; i < READINGS; i++) {
      const encoder = gpu.createCommandEncoder({ label: "trace" });
      recordPass(encoder, { timestampWrites }, []);
      const before = performance.now();
      const [tick] = await readTicks(this.device, submitTicks(gpu, encoder, querySet, 2));
      readings.push({ before, tick, after: performance.now() });
    }
    return readings;
  }
}

/** How often both clocks are read at a trace's beginning, and at its end. */
const READINGS = 5;

/** A tick of the device, and milliseconds of the host between which it came. */
export interface Reading {
  before: number;
  tick: bigint;
  after: number;
}

/** Ticks to milliseconds of the host. */
type Clock = (tick: bigint) => number;

/**
 * The host's time of a device's ticks, from readings at the beginning and at the end. A tick is a nanosecond, as WebGPU
 * says, unless the readings rule that out: some drivers' own units shine through.
 * @internal
 */
export function clockOf(first: readonly Reading[], last: readonly Reading[]): Clock {
  const quickest = (readings: readonly Reading[]) =>
    readings.reduce((a, b) => b.after - b.before < a.after - a.before ? b : a);
  const [begin, end] = [quickest(first), quickest(last)];
  const ticks = Number(end.tick - begin.tick);
  const [least, most] = [end.before - begin.after, end.after - begin.before].map((time) => time / ticks);
  const period = ticks <= 0 || (least <= NANOSECOND && NANOSECOND <= most)
    ? NANOSECOND
    : (end.before - begin.before) / ticks;
  // A pass begins after it was submitted, often at once: the latest zero that all readings allow is nearest.
  const since = (tick: bigint) => Number(tick - begin.tick) * period;
  const zero = Math.max(...[...first, ...last].map(({ before, tick }) => before - since(tick)));
  return (tick) => zero + since(tick);
}

/** In milliseconds. */
const NANOSECOND = 1e-6;
