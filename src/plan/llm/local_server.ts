import { CancelledError, UsageError } from "../../errors.ts";
import { readUserStart } from "../../files/user_file.ts";
import { LanguageModelError } from "./chat_failure.ts";
import type { Endpoint } from "./endpoint.ts";

/** Where llama.cpp's own server is not to be found, its Python binding serves the same API. */
const SERVERS: { command: string; args: (model: string, port: number) => string[] }[] = [
  {
    command: "llama-server",
    args: (model, port) => ["-m", model, "--host", "127.0.0.1", "--port", String(port), "-c", "4096", "--no-webui"],
  },
  {
    command: "python3",
    args: (
      model,
      port,
    ) => ["-m", "llama_cpp.server", "--model", model, "--host", "127.0.0.1", "--port", String(port), "--n_ctx", "4096"],
  },
];

/**
 * Serve a GGUF file on the loopback for as long as `use` runs. A child process was chosen over an npm binding: it is
 * found on PATH or not, costs nothing to those who do not use it, and holds to JSON schemas through the same API as any
 * server.
 *
 * @param seconds how long the model may take to load
 * @throws UsageError where the file is no GGUF file, LanguageModelError where no server can be started with it,
 * CancelledError where `signal` aborts before it is ready
 */
export async function withLocalServer<R>(
  path: string,
  use: (endpoint: Endpoint) => Promise<R>,
  options: { seconds?: number; signal?: AbortSignal; say?: (message: string) => void } = {},
): Promise<R> {
  await checkGguf(path);
  const failures: string[] = [];
  for (const { command, args } of SERVERS) {
    const port = freePort();
    let child: Deno.ChildProcess;
    try {
      child = new Deno.Command(command, { args: args(path, port), stdin: "null", stdout: "null", stderr: "piped" })
        .spawn();
    } catch (error) {
      if (!(error instanceof Deno.errors.NotFound)) throw error;
      failures.push(`${command} is not on PATH`);
      continue;
    }
    const said = lastLine(child.stderr);
    try {
      const url = `http://127.0.0.1:${port}/v1`;
      const ended = child.status.then(() => true);
      if (await isReady(url, ended, options.seconds ?? 300, options.signal)) {
        options.say?.(`${command} serves ${path}.`);
        return await use({ url, name: `${command} with ${path}` });
      }
      failures.push(`${command}: ${said() || "did not start"}`);
    } finally {
      await stop(child);
    }
  }
  throw new LanguageModelError(
    "unreachable",
    `No server could be started for ${path} (${
      failures.join("; ")
    }). Install llama.cpp so that llama-server is on PATH, or ` +
      `"pip install llama-cpp-python[server]", or start any server with OpenAI's API and give --llm-url.`,
  );
}

async function checkGguf(path: string): Promise<void> {
  const magic = await readUserStart(path, "The language model", 4);
  if (new TextDecoder().decode(magic) === "GGUF") return;
  throw new UsageError(`${path} is no GGUF file: it does not begin with "GGUF".`);
}

function freePort(): number {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  return listener.addr.port;
}

/** Wait until the server lists its model; false where it ended or took too long. */
async function isReady(url: string, ended: Promise<boolean>, seconds: number, signal?: AbortSignal): Promise<boolean> {
  const deadline = performance.now() + seconds * 1000;
  while (performance.now() < deadline) {
    if (signal?.aborted) throw new CancelledError();
    const answers = fetch(`${url}/models`, { signal }).then(async (response) => {
      await response.body?.cancel();
      return response.ok;
    }, () => false);
    if (await answers) return true;
    const over = await Promise.race([ended, new Promise<boolean>((resolve) => setTimeout(resolve, 250, false))]);
    if (over) return false;
  }
  return false;
}

/** Read a stream to its end, keeping its last line with any text: what a server says when it cannot start. */
function lastLine(stream: ReadableStream<Uint8Array>): () => string {
  let last = "";
  const read = async () => {
    const decoder = new TextDecoder();
    for await (const bytes of stream) {
      const lines = decoder.decode(bytes, { stream: true }).split("\n").map((line) => line.trim());
      last = lines.findLast((line) => line !== "") ?? last;
    }
  };
  read();
  return () => last;
}

async function stop(child: Deno.ChildProcess): Promise<void> {
  try {
    child.kill("SIGTERM");
  } catch (error) {
    if (!(error instanceof TypeError)) throw error; // it has ended by itself
  }
  await child.status;
}
