/**
 * Where the time of a step goes: its ops by the time they take, and the trace itself.
 *
 * @module
 */
import { join } from "../../src/deps/path.ts";
import { Trace, type TraceEvent } from "../../src/gpu/trace.ts";
import type { Model } from "../../src/pipeline/model.ts";
import { duration, say } from "./rows.ts";

/** Ops that are shown. */
const MOST = 24;

/**
 * Follows `work`, says which ops took how long, and writes the trace beside the results. @param step seconds untraced
 */
export async function traceStep(
  { device }: Model,
  work: () => Promise<void>,
  step: number,
  title: string,
  folder: string,
): Promise<void> {
  const trace = await Trace.begin(device);
  await work();
  const file = await trace.finish();
  const ops = file.traceEvents.filter(({ cat }) => cat === "op");
  const named = Map.groupBy(ops, ({ name, args }) => `${args!.graph}\n${name}\n${shapeOf(args!)}\n${args!.workgroups}`);
  const sum = (events: TraceEvent[]) => events.reduce((time, { dur }) => time + dur! / 1e6, 0);
  const all = sum(ops);
  const rows = [...named].map(([key, events]) => ({ key: key.split("\n"), events, seconds: sum(events) }))
    .sort((a, b) => b.seconds - a.seconds);
  for (const [graph, events] of Map.groupBy(ops, ({ args }) => `${args!.graph}`)) {
    const note = `${events.length} dispatches in this run; untraced step ${duration(step)}`;
    say(`Graphs, ${title}: two steps and the decoding`, ["graph", "time in ops", ""], [
      graph,
      duration(sum(events)),
      note,
    ]);
  }
  const header = ["op", "graph", "writes", "workgroups", "times", "time", "of all", "GFLOP/s"];
  for (const { key: [graph, name, writes, groups], events, seconds } of rows.slice(0, MOST)) {
    const flops = events.reduce((flops, { args }) => flops + Number(args!.GFLOP ?? 0), 0);
    const rate = flops ? (flops / seconds).toFixed(0) : "";
    const share = `${(100 * seconds / all).toFixed(1)} %`;
    const cells = [name, graph, writes, groups, `${events.length}`, duration(seconds), share, rate];
    say(`Ops, ${title}: two steps and the decoding`, header, cells);
  }
  if (title.startsWith("SDXL")) return; // one is enough to look at
  const json = new Blob([JSON.stringify(file)]).stream().pipeThrough(new CompressionStream("gzip"));
  const bytes = new Uint8Array(await new Response(json).arrayBuffer());
  await Deno.writeFile(join(folder, "trace.json.gz"), bytes);
}

/** The shape of what an op writes. */
function shapeOf(args: NonNullable<TraceEvent["args"]>): string {
  return `${args.writes}`.match(/\[.*\]$/)?.[0] ?? "";
}
