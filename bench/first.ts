/**
 * `deno task bench first [COMMIT] [--rounds 3] [--write]`: a first picture, from the prompt to the PNG, against an
 * earlier version of this program in alternating runs. Both have run once before, so that the driver knows their
 * kernels.
 *
 * @module
 */
import { parseArgs } from "@std/cli";
import { join } from "@std/path";
import { outputOf } from "./child.ts";
import { benchFolder } from "./random_model.ts";
import { writeSection } from "./section.ts";
import { table } from "./table.ts";

const ROOT = new URL("..", import.meta.url).pathname;
const PROMPT = "a red apple";

/** The program as it was, in a working tree of its own, which goes when what is returned is disposed of. */
async function earlier(commit: string): Promise<{ folder: string } & AsyncDisposable> {
  const folder = join(await benchFolder("versions"), commit);
  const worktree = (...args: string[]) => outputOf("git", ["-C", ROOT, "worktree", ...args]);
  await worktree("remove", "--force", folder).catch(() => {}); // what a run that was broken off left, if one was
  await worktree("add", "--force", "--detach", folder, commit);
  return {
    folder,
    async [Symbol.asyncDispose]() {
      await worktree("remove", "--force", folder);
    },
  };
}

/** What a run took, as a stopwatch beside it and as the program itself says. */
interface Run {
  seconds: number;
  timings: { load: number; compile: number; encode: number; steps: number[]; decode: number; write: number };
}

async function draw(folder: string, out: string): Promise<Run> {
  const args = ["run", "-A", join(folder, "main.ts"), PROMPT, "--seed", "1", "--json", "--force", "-o", out];
  const started = performance.now();
  const { timings } = JSON.parse(await outputOf(Deno.execPath(), args, { cwd: folder }));
  return { seconds: (performance.now() - started) / 1000, timings };
}

const median = (values: number[]) => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)];
const sum = (values: number[]) => values.reduce((a, b) => a + b, 0);

/** Runs both in turns, prints the table. */
export async function run(args: string[]): Promise<void> {
  const { values: { rounds, write }, positionals: [commit = "31c8471"] } = parseArgs({
    args,
    allowPositionals: true,
    options: { rounds: { type: "string", default: "3" }, write: { type: "boolean" } },
  });
  await using before = await earlier(commit);
  const folders = { before: before.folder, now: ROOT };
  const out = join(await benchFolder("pictures"), "first.png");
  const runs: Record<string, Run[]> = { before: [], now: [] };
  for (let round = 0; round <= Number(rounds); round++) {
    for (const [name, folder] of Object.entries(folders)) {
      const once = await draw(folder, out);
      if (round > 0) runs[name].push(once);
      console.error(`${round === 0 ? "warm-up" : `round ${round}`}, ${name}: ${once.seconds.toFixed(2)} s`);
    }
  }
  const { before: then, now } = runs;
  const parts: [string, (run: Run) => number][] = [
    ["prompt to PNG", ({ seconds }) => seconds],
    ["load", ({ timings }) => timings.load],
    ["encode, compile", ({ timings }) => timings.encode + timings.compile],
    ["steps", ({ timings }) => sum(timings.steps)],
    ["decode", ({ timings }) => timings.decode],
  ];
  const rows = parts.map(([name, of]) => {
    const [old, new_] = [median(then.map(of)), median(now.map(of))];
    const ratios = now.map((run, i) => of(run) / of(then[i]));
    return [name, `${old.toFixed(2)} s`, `${new_.toFixed(2)} s`, `${median(ratios).toFixed(2)}×`];
  });
  const header = ["bundled model", commit, "now", "now / then"];
  console.log(`\nMedians of ${rounds} alternating runs\n\n${table(header, rows)}`);
  if (write) await writeSection("docs/speed.md", "bench:first", [[header, rows]]);
}
