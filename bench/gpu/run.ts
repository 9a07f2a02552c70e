/**
 * `deno task bench:gpu [--small] [--out FOLDER] [--minutes 6] [PART …]`: the tests on this machine's GPU, kernels in every variant against
 * the measured peak, SD 1.5 and SDXL with random weights, regions, loading, a picture end to end; and torch, where it is there. Every
 * part has a time limit and fails alone; FOLDER gets results.json and results.md, anew after each part.
 *
 * `deno task bench:gpu --prepare [FOLDER]` puts all that a bare machine without network needs into one file (.gpu/carried.tar.xz by
 * default); there, `bash bench/gpu/bare.sh` does the rest. `--small` rehearses it all in small sizes.
 *
 * @module
 */
import { parseArgs } from "node:util";
import { join } from "../../src/deps/path.ts";
import { prepareFolder } from "./prepare.ts";
import { type Row, rowsOf } from "./rows.ts";

const here = (name: string) => new URL(name, import.meta.url).pathname;
const ROOT = here("../..");
const DENO = Deno.execPath();
const script = (name: string, ...args: string[]) => [DENO, "run", "-A", "--no-check", here(name), ...args];

/** One thing to find out. */
interface Part {
  /** Seconds it may take. */
  limit: number;
  command: string[];
  /** Reads its output where it says no rows. */
  read?(output: string, seconds: number): Row[];
}

/** What became of a part. */
interface Result {
  part: string;
  outcome: string;
  seconds: number;
  rows: Row[];
  /** Its last words, where it failed. */
  words?: string;
}

function partsOf(small: boolean, folder: string): Record<string, Part> {
  const size = small ? ["--small"] : [];
  const tests = small ? ["tests/gpu/", "tests/ops/elementwise_test.ts"] : ["tests/gpu/", "tests/ops/", "tests/nn/"];
  const picture = [join(ROOT, "main.ts"), "a red apple and a blue teapot", "--json", "--force", "--seed", "1"];
  const steps = small ? ["--steps", "2"] : [];
  const draw = [DENO, "run", "-A", "--no-check", ...picture, ...steps, "-o", join(folder, "picture.png")];
  const python = Deno.env.get("PYTHON") ?? "python3"; // of the machine: torch is not ours to bring
  return {
    machine: { limit: 20, command: script("machine.ts") },
    kernels: { limit: 90, command: script("kernels.ts", ...size) },
    sd15: { limit: 75, command: script("model.ts", "sd1", ...size) },
    sdxl: { limit: 110, command: script("model.ts", "sdxl", ...size) },
    tests: { limit: 90, command: [DENO, "test", "-A", "--no-check", ...tests], read: readTests },
    picture: { limit: 40, command: draw, read: readPicture },
    "picture again": { limit: 30, command: draw, read: readPicture },
    torch: { limit: 45, command: [python, here("torch_kernels.py"), ...size] },
  };
}

function readTests(output: string, seconds: number): Row[] {
  const [, passed = "0", failed = "?"] = output.match(/\| (\d+) passed.*?\| (\d+) failed/) ?? [];
  const names = [...output.matchAll(/^(.*) \.\.\. .*FAILED/gm)].map(([, name]) => name).join("; ");
  const header = ["tests on this adapter", "passed", "failed", "seconds", "which failed"];
  return [{ title: "Tests", header, row: ["gpu, ops, nn", passed, failed, seconds.toFixed(0), names] }];
}

function readPicture(output: string, seconds: number): Row[] {
  const { timings } = JSON.parse(output.slice(output.indexOf("{")));
  const steps = timings.steps.reduce((a: number, b: number) => a + b, 0);
  const cells = [seconds, timings.load, timings.encode + timings.compile, steps, timings.decode];
  const header = ["prompt to PNG, s", "load", "encode, compile", "steps", "decode"];
  return [{ title: "The bundled model, a first and a second time", header, row: cells.map((s) => s.toFixed(2)) }];
}

/** Runs a part until it ends or its time is up. What it said until then counts. */
async function runPart(name: string, { command, limit, read }: Part, log: string): Promise<Result> {
  const started = performance.now();
  let late = false;
  const result = (outcome: string, rows: Row[], words?: string): Result => {
    return { part: name, outcome, seconds: (performance.now() - started) / 1000, rows, words };
  };
  try {
    const env = { NO_COLOR: "1" };
    const child = new Deno.Command(command[0], {
      args: command.slice(1),
      cwd: ROOT,
      env,
      stdin: "null",
      stdout: "piped",
      stderr: "piped",
    }).spawn();
    let output = "";
    const gather = async (stream: ReadableStream<Uint8Array<ArrayBuffer>>) => {
      for await (const text of stream.pipeThrough(new TextDecoderStream())) output += text;
    };
    const streams = [gather(child.stdout), gather(child.stderr)];
    const timer = setTimeout(() => {
      late = true;
      child.kill("SIGKILL");
    }, 1000 * limit);
    const { code } = await child.status;
    clearTimeout(timer);
    await Promise.race([Promise.all(streams), new Promise((resolve) => setTimeout(resolve, 1000))]);
    await Deno.writeTextFile(log, output);
    const seconds = (performance.now() - started) / 1000;
    const rows = read && (code === 0 || read === readTests) ? read(output, seconds) : rowsOf(output);
    if (late) return result(`stopped after ${limit} s`, rows);
    const words = output.trim().split("\n").filter((line) => !line.startsWith("{")).slice(-6).join("\n");
    return code === 0 ? result("done", rows) : result(`failed with code ${code}`, rows, words);
  } catch (error) {
    return result("failed", [], String(error));
  }
}

/** All rows under their titles, as Markdown. */
function markdown(results: Result[]): string {
  const titles = new Map<string, Row[]>();
  for (const row of results.flatMap(({ rows }) => rows)) titles.set(row.title, [...titles.get(row.title) ?? [], row]);
  const line = (cells: string[]) => `| ${cells.map((cell) => cell.replaceAll("|", "\\|")).join(" | ")} |`;
  const tables = [...titles].map(([title, rows]) =>
    [
      `## ${title}\n`,
      line(rows[0].header),
      line(rows[0].header.map((_, i) => i ? "--:" : "---")),
      ...rows.map(({ row }) => line(row)),
    ].join("\n")
  );
  const parts = results.map(({ part, outcome, seconds, words }) =>
    `- ${part}: ${outcome}, ${seconds.toFixed(0)} s${words ? `\n\n${words.replace(/^/gm, "      ")}\n` : ""}`
  );
  return [...tables, `## Parts\n\n${parts.join("\n")}`].join("\n\n") + "\n";
}

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    small: { type: "boolean", default: false },
    out: { type: "string", default: "bench-gpu" },
    minutes: { type: "string", default: "6" },
    prepare: { type: "boolean" },
  },
});
if (values.prepare) {
  await prepareFolder(positionals[0] ?? join(ROOT, ".gpu"));
  Deno.exit(0);
}
await Deno.mkdir(values.out, { recursive: true });
const folder = await Deno.realPath(values.out);
const parts = partsOf(values.small, folder);
const unknown = positionals.find((name: string) => !(name in parts));
if (unknown) {
  console.error(`There is no part "${unknown}". Choose of: ${Object.keys(parts).join(", ")}.`);
  Deno.exit(2);
}
const deadline = performance.now() + 60_000 * Number(values.minutes);
const results: Result[] = [];
for (const name of positionals.length ? positionals : Object.keys(parts)) {
  const left = Math.floor((deadline - performance.now()) / 1000) - 2;
  const limit = Math.min(parts[name].limit, left);
  const log = join(folder, `${name.replaceAll(" ", "-")}.log`);
  results.push(
    limit < 5
      ? { part: name, outcome: "left out: no time left", seconds: 0, rows: [] }
      : await runPart(name, { ...parts[name], limit }, log),
  );
  const { outcome, seconds } = results.at(-1)!;
  console.error(`${name}: ${outcome}, ${seconds.toFixed(0)} s`);
  await Deno.writeTextFile(join(folder, "results.json"), JSON.stringify(results, null, 1));
  await Deno.writeTextFile(join(folder, "results.md"), markdown(results));
}
console.log(markdown(results));
