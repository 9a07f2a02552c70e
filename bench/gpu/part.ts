/**
 * One part of bench:gpu: a process of its own, whose rows count as they come, and which ends when its time is up.
 *
 * @module
 */
import { type Row, rowOf } from "./rows.ts";

/** What became of a part. */
export interface Result {
  part: string;
  outcome: string;
  seconds: number;
  rows: Row[];
  /** Its last words, where it failed. */
  words?: string;
}

/** A process and what it says, line by line. @returns its exit code; nothing where it had to be ended */
export async function follow(
  command: string[],
  { limit, cwd, env, onLine }: {
    /** Seconds. */
    limit: number;
    cwd?: string;
    env?: Record<string, string>;
    onLine: (line: string) => void;
  },
): Promise<number | undefined> {
  const streams = { stdin: "null", stdout: "piped", stderr: "piped" } as const;
  const start = ([command, ...args]: string[]) => new Deno.Command(command, { args, cwd, env, ...streams }).spawn();
  // coreutils' timeout ends the children of a child with it.
  let child: Deno.ChildProcess;
  try {
    child = start(["timeout", "-s", "KILL", `${limit}`, ...command]);
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
    child = start(command);
  }
  const gather = async (stream: ReadableStream<Uint8Array<ArrayBuffer>>) => {
    let rest = "";
    for await (const text of stream.pipeThrough(new TextDecoderStream())) {
      const lines = (rest + text).split("\n");
      rest = lines.pop()!;
      lines.forEach(onLine);
    }
    if (rest) onLine(rest);
  };
  const said = Promise.all([gather(child.stdout), gather(child.stderr)]);
  const started = performance.now();
  // A process that hangs in a driver may outlive even SIGKILL: then it is left to itself.
  const status = await Promise.race([child.status, pause(limit + 1)]);
  if (!status) {
    try {
      child.kill("SIGKILL");
    } catch { // it has just ended
    }
  }
  await Promise.race([said, pause(1)]);
  child.unref();
  const late = !status || status.signal === "SIGKILL" || performance.now() - started >= 1000 * limit;
  return late ? undefined : status.code;
}

/** Seconds that do not keep the process alive. */
function pause(seconds: number): Promise<undefined> {
  return new Promise((resolve) => {
    const timer = setTimeout(() => resolve(undefined), 1000 * seconds);
    Deno.unrefTimer(timer);
  });
}

/** Runs a part. @param changed called after each row, with what there is so far */
export async function runPart(
  part: string,
  command: string[],
  { limit, cwd, log, changed }: { limit: number; cwd: string; log: string; changed: (result: Result) => void },
): Promise<Result> {
  const started = performance.now();
  const result: Result = { part, outcome: "runs", seconds: 0, rows: [] };
  const words: string[] = [];
  const onLine = (line: string) => {
    const row = rowOf(line);
    if (!row) {
      words.push(line);
      return Deno.writeTextFileSync(log, `${part}: ${line.slice(0, 2000)}\n`, { append: true });
    }
    result.rows.push(row);
    result.seconds = (performance.now() - started) / 1000;
    changed(result);
  };
  try {
    const code = await follow(command, { limit, cwd, env: { NO_COLOR: "1" }, onLine });
    result.outcome = code === undefined ? `stopped after ${limit} s` : code === 0 ? "done" : `failed with code ${code}`;
  } catch (error) {
    result.outcome = "failed";
    words.push(String(error));
  }
  if (result.outcome !== "done") result.words = words.filter((line) => line.trim()).slice(-6).join("\n").slice(-800);
  result.seconds = (performance.now() - started) / 1000;
  changed(result);
  return result;
}
