/**
 * `deno task bench:gpu [--small] [--out FOLDER] [--seconds 340] [PART …]`: what this machine's GPU is, a picture from
 * the prompt to the PNG, kernels in every variant against the measured peak, SD 1.5 and SDXL with random weights,
 * regions, the tests, loading; and torch, where it is there. Every part has a time limit and fails alone; FOLDER gets
 * results.json and results.md, anew after each row.
 *
 * `deno task bench:gpu --prepare [FOLDER]` puts all that a bare machine without network needs into one file
 * (.gpu/carried.tar.xz by default, or so many `--pieces`); there, `bash bench/gpu/bare.sh` does the rest. `--small`
 * rehearses it all in small sizes. `--write RESULTS.json` puts a run's tables into docs/speed.md.
 *
 * @module
 */
import { parseArgs } from "node:util";
import { join } from "../../src/deps/path.ts";
import type { Published } from "../random_model.ts";
import { follow, type Result, runPart } from "./part.ts";
import { prepareFolder } from "./prepare.ts";
import { markdown, writeDocs } from "./report.ts";
import { rowOf } from "./rows.ts";

const here = (name: string) => new URL(name, import.meta.url).pathname;
const ROOT = here("../..");
const script = (name: string, ...args: string[]) => [Deno.execPath(), "run", "-A", "--no-check", here(name), ...args];

/** One thing to find out. */
interface Part {
  /** Seconds it may take. */
  limit: number;
  command: string[];
  /** Needs this checkpoint of random weights, which is made beside the parts before it. */
  model?: Published;
}

/** In the order of what is most worth knowing, should time run out. */
function partsOf(size: string[], folder: string): Record<string, Part> {
  const python = Deno.env.get("PYTHON") ?? "python3"; // of the machine: torch is not ours to bring
  const torch = (name: string) => [python, here(name), ...size];
  return {
    machine: { limit: 20, command: script("machine.ts") },
    kernels: { limit: 75, command: script("kernels.ts", ...size) },
    pictures: { limit: 60, command: script("pictures.ts", folder, ...size) },
    sd15: { limit: 60, command: script("model.ts", "sd1", folder, ...size), model: "sd1" },
    "matrix units": { limit: 12, command: script("matrix_units.ts") },
    "torch kernels": { limit: 45, command: torch("torch_kernels.py") },
    "torch models": { limit: 60, command: torch("torch_models.py") },
    trials: { limit: 40, command: script("trials.ts", ...size) },
    tests: { limit: 60, command: script("tests.ts", ...size) },
    sdxl: { limit: 70, command: script("model.ts", "sdxl", folder, ...size), model: "sdxl" },
    tune: { limit: 30, command: script("tune.ts", folder, ...size) },
    load: { limit: 25, command: script("load.ts", ...size) },
  };
}

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    small: { type: "boolean", default: false },
    out: { type: "string", default: "bench-gpu" },
    seconds: { type: "string", default: "340" },
    prepare: { type: "boolean" },
    pieces: { type: "string", default: "1" },
    write: { type: "string" },
  },
});
if (values.prepare) {
  await prepareFolder(positionals[0] ?? join(ROOT, ".gpu"), Number(values.pieces));
  Deno.exit(0);
}
if (values.write) {
  await writeDocs(JSON.parse(await Deno.readTextFile(values.write)));
  Deno.exit(0);
}
await Deno.mkdir(values.out, { recursive: true });
const folder = await Deno.realPath(values.out);
const size = values.small ? ["--small"] : [];
const parts = partsOf(size, folder);
const unknown = positionals.find((name: string) => !(name in parts));
if (unknown) {
  console.error(`There is no part "${unknown}". Choose of: ${Object.keys(parts).join(", ")}.`);
  Deno.exit(2);
}

const deadline = performance.now() + 1000 * Number(values.seconds);
const left = () => (deadline - performance.now()) / 1000 - 3;
const results: Result[] = [];
const log = join(folder, "log.txt");
await Deno.writeTextFile(log, "");
function save(results: Result[]): void {
  Deno.writeTextFileSync(join(folder, "results.json"), JSON.stringify(results, null, 1));
  Deno.writeTextFileSync(join(folder, "results.md"), markdown(results));
}

const wanted = positionals.length ? positionals : Object.keys(parts);
const needed = wanted.flatMap((name: string) => parts[name].model ?? []);
const onLine = (line: string) => Deno.writeTextFileSync(log, `models: ${line}\n`, { append: true });
const models = needed.length === 0 || values.small
  ? Promise.resolve()
  : follow(script("make_models.ts", ...needed), { limit: Math.floor(left()), onLine });

for (const name of wanted) {
  if (parts[name].model) await Promise.race([models, new Promise((resolve) => setTimeout(resolve, 30_000))]);
  const limit = Math.floor(Math.min(parts[name].limit, left()));
  // What torch did before Deno was there.
  const before = await Deno.readTextFile(join(ROOT, `.gpu/${name.replaceAll(" ", "-")}.rows`)).catch(() => "");
  const rows = before.split("\n").flatMap((line) => rowOf(line) ?? []);
  if (rows.length) results.push({ part: name, outcome: "done before", seconds: 0, rows });
  else if (limit < 4) results.push({ part: name, outcome: "left out: no time left", seconds: 0, rows: [] });
  else {
    const changed = (now: Result) => save([...results, now]);
    results.push(await runPart(name, parts[name].command, { limit, cwd: ROOT, log, changed }));
  }
  const { outcome, seconds } = results.at(-1)!;
  console.error(`${name}: ${outcome}, ${seconds.toFixed(0)} s`);
  save(results);
}
console.log(markdown(results));
Deno.exit(0); // whatever hangs in a driver
