import assert from "@std/assert";
import { join } from "@std/path";
import type { TraceFile } from "../../src/gpu/trace.ts";
import { makeConsole } from "../../src/cli/console.ts";
import { timingsTable } from "../../src/cli/timings.ts";
import { followed } from "../../src/cli/trace_file.ts";
import { testDevice } from "../ops/harness.ts";
import { finishEach, inFolder, names, TINY_MODEL } from "./program.ts";

Deno.test("--timings is a line for each part of the work, and what is in none of them", () => {
  const steps = [3, 1, 1.5];
  const table = timingsTable({ load: 1, encode: 0.5, compile: 2, steps, decode: 0.5, write: 0.25, total: 10 });
  assert.deepEqual(table.split("\n").map((line) => line.split(/\s{2,}/)), [
    ["load", "1.0 s", "10 %"],
    ["encode", "0.50 s", "5 %"],
    ["compile", "2.0 s", "20 %"],
    ["steps", "5.5 s", "55 %", "3: the first 3.0 s, the median 1.5 s"],
    ["decode", "0.50 s", "5 %"],
    ["write", "0.25 s", "3 %"],
    ["rest", "0.25 s", "3 %"],
    ["total", "10 s", "100 %"],
  ]);
});

Deno.test("--trace shows a run from its weights to its file, and replaces no other", () =>
  inFolder(async (cwd) => {
    const line = ["x", "-m", TINY_MODEL, "-W", "64", "-H", "64", "--steps", "2", "--no-plan", "--trace", "t.json"];
    const [{ code, stderr }, again] = await finishEach([[...line, "--timings"], line], { cwd });
    assert.equal(code, 0, stderr);
    assert.match(stderr, /\nload .*\n.*encode.*\ncompile .*\nsteps .*\ndecode .*\nwrite .*\nrest .*\ntotal .*100 %\n/);
    const { traceEvents }: TraceFile = JSON.parse(await Deno.readTextFile(join(cwd, "t.json")));
    const stages = traceEvents.filter(({ cat, name }) => cat === "host" && !/^(load|compile) /.test(name));
    assert.deepEqual(stages.map(({ name }) => name), ["encode", "compile", "step 1", "step 2", "decode", "write"]);
    const graphs = new Set(traceEvents.filter(({ cat }) => cat === "op").map(({ args }) => args!.graph));
    assert.ok(graphs.size === 0 || ["text encoder", "sampling", "vae decoder"].every((name) => graphs.has(name)));

    assert.deepEqual([again.code, /t\.json is already there/.test(again.stderr)], [2, true], again.stderr);
    assert.deepEqual(names(cwd), ["out_001.png", "t.json"]);
  }));

Deno.test("the trace of work that fails is written, and none where no work was begun", () =>
  inFolder(async (cwd) => {
    const device = await testDevice();
    const console = makeConsole({ quiet: true });
    const failing = async (path: string, work: () => void) => {
      await using _trace = await followed(device, { flags: { trace: join(cwd, path) }, console });
      work();
      throw new Error("No more.");
    };
    await assert.rejects(failing("begun.json", () => device.tracer!.span("load", performance.now())), /No more/);
    await assert.rejects(failing("idle.json", () => {}), /No more/);
    assert.deepEqual(names(cwd), ["begun.json"]);
  }));
