/**
 * `deno task bench:peers [--side 256] [--steps 2] [--rounds 2] [--write]`: SD 1.5 with random weights, beside
 * stable-diffusion.cpp's CPU build (as the Python package cyllama carries it) and diffusers on torch, two threads each,
 * in alternating runs.
 *
 * Everything comes from pip into ~/.cache/rpg/bench/peers. `--write` puts the table into docs/speed.md.
 *
 * @module
 */
import { parseArgs } from "@std/cli";
import { join } from "@std/path";
import { jsonOf, outputOf } from "./child.ts";
import { benchFolder, randomModel } from "./random_model.ts";
import { writeSection } from "./section.ts";
import { table } from "./table.ts";

const THREADS = "2";
const here = (name: string) => new URL(`peers/${name}`, import.meta.url).pathname;
const PUBLISHED = new URL("../tests/golden/io/published.json.gz", import.meta.url).pathname;

/** Seconds. */
type Part = "load" | "step" | "decode";
type Times = Record<Part, number>;

/** A Python with the peers' packages, made at the first call. */
export async function python(): Promise<string> {
  const folder = await benchFolder("peers");
  const path = join(folder, "bin/python");
  const asked = await Deno.readTextFile(here("requirements.txt"));
  const stamp = join(folder, "requirements.txt");
  if (await Deno.readTextFile(stamp).catch(() => "") === asked) return path;
  console.error(`Fetching the peers into ${folder} …`);
  await outputOf("python3", ["-m", "venv", folder]);
  await outputOf(path, ["-m", "pip", "install", "--quiet", "-r", here("requirements.txt")]);
  await Deno.writeTextFile(stamp, asked);
  return path;
}

const HEADER = ["SD 1.5", "ours", "sd.cpp", "torch f32", "ours / sd.cpp", "ours / torch"];

/** Runs all in turns, prints the table. */
export async function run(args: string[]): Promise<void> {
  const { values: { side, steps, rounds, write } } = parseArgs({
    args,
    options: {
      side: { type: "string", default: "256" },
      steps: { type: "string", default: "2" },
      rounds: { type: "string", default: "2" },
      write: { type: "boolean" },
    },
  });
  const [model, interpreter] = [await randomModel("sd1"), await python()];
  const size = [model, side, steps];
  const env = { OMP_NUM_THREADS: THREADS, LP_NUM_THREADS: THREADS };
  const runners: Record<string, () => Promise<Times>> = {
    ours: () => jsonOf(Deno.execPath(), ["run", "-A", "--no-lock", here("ours.ts"), ...size], { env }),
    "sd.cpp": () => jsonOf(interpreter, [here("sd_cpp.py"), ...size, THREADS], { env }),
    "torch f32": () => jsonOf(interpreter, [here("torch_model.py"), ...size, THREADS, PUBLISHED], { env }),
  };
  const best: Record<string, Times> = {};
  for (let round = 0; round < Number(rounds); round++) {
    for (const [name, run] of Object.entries(runners)) {
      const times = await run();
      const before = best[name] ?? times;
      const least = (part: Part) => Math.min(before[part], times[part]);
      best[name] = { load: least("load"), step: least("step"), decode: least("decode") };
      const said = Object.entries(times).map(([part, seconds]) => `${part} ${seconds.toFixed(2)} s`).join(", ");
      console.error(`round ${round + 1}, ${name}: ${said}`);
    }
  }
  const rows = (["step", "decode", "load"] as const).map((part) => {
    const [ours, cpp, torch] = Object.keys(runners).map((name) => best[name][part]);
    const ratio = (peer: number) => `${(ours / peer).toFixed(2)}×`;
    return [`${part}, ${side}²`, ...[ours, cpp, torch].map((s) => `${s.toFixed(2)} s`), ratio(cpp), ratio(torch)];
  });
  console.log(`\nBest of ${rounds} alternating runs, two threads each\n\n${table(HEADER, rows)}`);
  if (write) await writeSection("docs/speed.md", "bench:peers", [[HEADER, rows]]);
}
