/**
 * The program as its user runs it, for stories: a process of its own in a folder of its own.
 *
 * @module
 */
import { resolve } from "@std/path";

const root = resolve(import.meta.dirname!, "../..");

/** Tiny random model. */
export const TINY_MODEL: string = resolve(root, "tests/golden/models/sd1");

/** What a finished run left behind. */
export interface Finished {
  code: number;
  stdout: string;
  stderr: string;
}

/** How to run. */
export interface Running {
  cwd: string;
  env?: Record<string, string>;
  /** Deno's permission flags; by default all. */
  permissions?: string[];
  /** Whether something is written to standard input. */
  asks?: boolean;
}

/** Whoever runs the tests may have settings of their own. */
const WITHOUT_CONFIG = { XDG_CONFIG_HOME: resolve("/no/settings"), APPDATA: resolve("/no/settings") };

const WITHOUT_MODELS = { OPENAI_API_KEY: "", OPENAI_BASE_URL: "", GEMINI_API_KEY: "" };

/** Stories with a cache folder of their own take the driver's compiled shaders from the usual one. */
const { XDG_CACHE_HOME, HOME = "/tmp" } = Deno.env.toObject();
const DRIVER = { MESA_SHADER_CACHE_DIR: XDG_CACHE_HOME || `${HOME}/.cache` };

/** A command that runs main.ts, or another script of the repository. */
export function program(
  args: string[],
  { cwd, env, permissions = ["-A"], asks }: Running,
  script = "main.ts",
): Deno.Command {
  return new Deno.Command(Deno.execPath(), {
    args: ["run", "--no-prompt", ...permissions, `${root}/${script}`, ...args],
    cwd,
    env: { ...WITHOUT_CONFIG, ...DRIVER, NO_COLOR: "1", ...WITHOUT_MODELS, ...env },
    stdin: asks ? "piped" : "null",
    stdout: "piped",
    stderr: "piped",
  });
}

/** Run to the end. */
export async function finish(command: Deno.Command, input?: string): Promise<Finished> {
  const child = input === undefined ? command : command.spawn();
  if ("stdin" in child) await ReadableStream.from([new TextEncoder().encode(input)]).pipeTo(child.stdin);
  const { code, stdout, stderr } = await child.output();
  const decoder = new TextDecoder();
  return { code, stdout: decoder.decode(stdout), stderr: decoder.decode(stderr) };
}

/** Run one line of arguments after another in one process, which saves its start. */
export async function finishEach(lines: string[][], running: Running): Promise<Finished[]> {
  const { stdout, stderr } = await finish(program([JSON.stringify(lines)], running, "tests/cli/each_line.ts"));
  const [said, told] = [stdout.split("\0"), stderr.split("\0")];
  if (told.length !== lines.length + 1) throw new Error(`Only ${told.length - 1} lines ran: ${stderr}`);
  return lines.map((_, i) => ({ code: Number(said[2 * i + 1]), stdout: said[2 * i], stderr: told[i] }));
}

/** A story in an empty folder that is gone afterwards. */
export async function inFolder(story: (folder: string) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir();
  try {
    await story(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/** The names in a folder. */
export function names(folder: string): string[] {
  return Array.from(Deno.readDirSync(folder), ({ name }) => name).sort();
}

/** The permissions that `deno task start` gives. */
export function startPermissions(): string[] {
  const { tasks } = JSON.parse(Deno.readTextFileSync(`${root}/deno.json`));
  return tasks.start.match(/--allow-[\w-]+/g);
}
