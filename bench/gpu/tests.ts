/**
 * The tests that compute on a device, file by file, so that one that hangs or loses the device takes no other with it.
 * Whole pictures come first. What failed is told by name and first line.
 *
 *     deno run -A tests.ts [--small]
 *
 * @module
 */
import { follow } from "./part.ts";
import { firstLine, say } from "./rows.ts";

const ROOT = new URL("../..", import.meta.url).pathname;
const small = Deno.args.includes("--small");
/** Seconds of one file, and of all. */
const LIMIT = 50, ALL = 57;

/** A file and, of a long one, a part of its tests. */
type Job = [file: string, filter?: string];

function jobs(): Job[] {
  if (small) return [["tests/pipeline/mini_test.ts"], ["tests/gpu/struct_test.ts"], ["tests/ops/elementwise_test.ts"]];
  const files = ["ops", "nn", "gpu", "pipeline"].flatMap((room) =>
    [...Deno.readDirSync(`${ROOT}tests/${room}`)].filter(({ name }) => name.endsWith("_test.ts"))
      .map(({ name }) => `tests/${room}/${name}`)
  );
  const pictures = "tests/pipeline/pictures_test.ts", mini = "tests/pipeline/mini_test.ts";
  const first: Job[] = [
    [mini],
    [pictures, "/^pictures are (those|the same)/"],
    [pictures, "/^pictures are close/"],
    [pictures, "/^(regional pictures|pictures that start).*(those|the same)/"],
    [pictures, "/^(pictures that ControlNets|pictures with|pictures whose).*(those|the same)/"],
    [pictures, "/^(regional|pictures (that|with|whose)).*close/"],
  ];
  return [...first, ...files.filter((file) => file !== pictures && file !== mini).sort().map((file): Job => [file])];
}

/** Nothing that tests find out, side by side as they are, is kept for what is measured. */
const XDG_CACHE_HOME = await Deno.makeTempDir();

const HEADER = ["tests on this adapter", "passed", "failed", "seconds", ""];

async function run([file, filter]: Job, limit: number): Promise<void> {
  const started = performance.now();
  const lines: string[] = [];
  const command = [Deno.execPath(), "test", "-A", "--no-check", ...(filter ? ["--filter", filter] : []), file];
  const onLine = (line: string) => lines.push(line);
  const code = await follow(command, { limit, cwd: ROOT, env: { NO_COLOR: "1", XDG_CACHE_HOME }, onLine }).catch(
    firstLine,
  );
  const output = lines.join("\n");
  const [, passed = "?", , failed = "?"] = output.match(/\| (\d+) passed( \(.*?\))? \| (\d+) failed/) ?? [];
  const seconds = ((performance.now() - started) / 1000).toFixed(0);
  const done = [...output.matchAll(/^.* \.\.\. ok/gm)].length;
  const note = code === 0 || code === 1
    ? ""
    : code === undefined
    ? `stopped; ${done} were right until then`
    : `${code}`;
  say("Tests", HEADER, [filter ? `${file} ${filter}` : file, passed, failed, seconds, note]);
  if (code === 0) return;
  // "name => ./tests/…:line:column", then what was thrown; until the end of the run only "name ... FAILED" is known.
  const told = [...output.matchAll(/^(.*?) => \.\/\S*\n(?:error: )?(.*(?:\n(?!\s+at ).*){0,3})/gm)]
    .map(([, name, error]) => [name, error.replace(/\s+/g, " ").slice(0, 300)])
    .filter(([, error]) => !/^Error: \d+ test steps? failed/.test(error));
  const early = [...output.matchAll(/^\s*(.*) \.\.\. FAILED/gm)].map(([, name]) => [name, ""]);
  for (const [name, error] of told.length ? told : early) {
    say("Failed tests", ["file", "test", "why"], [file, name, error]);
  }
  console.log(output.slice(-20_000));
}

const started = performance.now();
const left = () => Math.floor(ALL - (performance.now() - started) / 1000);
const queue = jobs();
// Compiling pipelines keeps processors busy, not the GPU.
const workers = Array.from({ length: Math.max(1, Math.min(10, navigator.hardwareConcurrency - 2)) }, async () => {
  for (let job = queue.shift(); job; job = queue.shift()) {
    if (left() < 3) say("Tests", HEADER, [job.join(" "), "", "", "", "left out: no time left"]);
    else await run(job, Math.min(LIMIT, left()));
  }
});
await Promise.all(workers);
Deno.exit(0);
