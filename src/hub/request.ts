/**
 * Requests that end: a server that falls silent, or sends a byte a minute, is given up.
 *
 * @module
 */
import { briefText } from "../brief.ts";
import { ModelError } from "../errors.ts";
import { TIME_OF } from "../limits.ts";
import { publicText } from "../secrets.ts";

/** How to ask. */
export interface RequestOptions {
  method?: "GET" | "HEAD";
  headers?: Record<string, string>;
  redirect?: "manual" | "follow";
  signal?: AbortSignal;
  /** Milliseconds without an answer, or with less than a trickle of one. */
  silence?: number;
}

/** Bytes that must come in `silence` milliseconds of waiting. */
export const TRICKLE = 4096;

/** A failure that another try will not mend: a loop of redirects, a port that fetch refuses. */
export class HopelessError extends ModelError {
  /** `reason` is what the system says. */
  constructor(shown: string, readonly reason: string) {
    super(`${shown} could not be downloaded: ${reason}.`);
  }
}

/**
 * An answer's status and headers; its body comes by {@linkcode chunksOf}, or must be cancelled.
 * @throws HopelessError, TypeError for other failures of the network, NotCapable, and what aborted `signal`
 */
export async function request(url: string, options: RequestOptions = {}): Promise<Response> {
  const { method, headers, redirect, signal, silence = TIME_OF.silence } = options;
  const quiet = new AbortController();
  const timer = setTimeout(() => quiet.abort(), silence);
  try {
    const any = AbortSignal.any(signal ? [signal, quiet.signal] : [quiet.signal]);
    // Compressed, lengths and ranges would not be those of the file.
    return await fetch(url, { method, headers: { ...headers, "accept-encoding": "identity" }, redirect, signal: any });
  } catch (error) {
    signal?.throwIfAborted();
    if (quiet.signal.aborted) throw new TypeError(`no answer in ${silence / 1000} seconds`);
    if (!(error instanceof TypeError)) throw error;
    // Deno's own checks begin so; failures of the network have their reason in the cause.
    const hopeless = error.message.match(/^Fetch failed: (.*)/s);
    if (hopeless) throw new HopelessError(publicText(url), briefText(hopeless[1]));
    const why = error.cause instanceof Error ? error.cause.message : error.message;
    throw new TypeError(briefText(publicText(reasonOf(why)), 160), { cause: error });
  } finally {
    clearTimeout(timer);
  }
}

/**
 * Passes an answer that is the file.
 * @throws ModelError for statuses that no second try can mend, and for a web page instead of a file; TypeError for 5xx,
 *   429 and 416
 */
export async function refuseStatus(shown: string, response: Response): Promise<void> {
  const kind = response.headers.get("content-type") ?? "";
  if (response.ok && !/^text\/html\b/i.test(kind)) return;
  await response.body?.cancel();
  const { status } = response;
  if (response.ok) {
    throw new ModelError(`${shown} is a web page, not a file. If it wants a login, set HF_TOKEN or CIVITAI_TOKEN.`);
  }
  if (status === 401 || status === 403) {
    const host = URL.parse(shown)?.hostname ?? "";
    const way = /(^|\.)civitai\.com$/.test(host)
      ? "Set CIVITAI_TOKEN to an API key of your account"
      : "If the model is gated, accept its terms on its page and set HF_TOKEN";
    throw new ModelError(`${shown} may not be downloaded (status ${status}). ${way}.`);
  }
  if (status === 404) throw new ModelError(`${shown} does not exist (status 404).`);
  const message = `the server answered with status ${status}`;
  throw status >= 500 || status === 429 || status === 416
    ? new TypeError(message)
    : new ModelError(`${shown}: ${message}.`);
}

/**
 * The body of an answer, piece by piece. @throws TypeError where it breaks off or hardly comes; what aborted `signal`
 */
export async function* chunksOf(response: Response, options: RequestOptions = {}): AsyncGenerator<Uint8Array> {
  const { signal, silence = TIME_OF.silence } = options;
  const reader = response.body?.getReader();
  if (!reader) return;
  let came = 0;
  let waited = 0; // only the server's time counts, not what the caller takes
  let pending: ReturnType<typeof reader.read> | undefined;
  try {
    while (true) {
      const started = performance.now();
      pending ??= reader.read();
      const next = await within(pending, Math.max(0, silence - waited), signal);
      if (next) pending = undefined;
      waited += performance.now() - started;
      if (next?.done) return;
      came += next?.value?.length ?? 0;
      if (waited >= silence) {
        if (came < TRICKLE) throw new TypeError(`only ${came} bytes came in ${silence / 1000} seconds`);
        came = waited = 0;
      }
      if (next?.value) yield next.value;
    }
  } finally {
    await reader.cancel().catch(() => {});
  }
}

/** What `promise` gives, or undefined where it takes longer. */
async function within<T>(promise: Promise<T>, milliseconds: number, signal?: AbortSignal): Promise<T | undefined> {
  const over = Promise.withResolvers<undefined>();
  const timer = setTimeout(() => over.resolve(undefined), milliseconds);
  const abort = () => over.reject(signal!.reason);
  signal?.addEventListener("abort", abort);
  try {
    signal?.throwIfAborted();
    return await Promise.race([promise, over.promise]);
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener("abort", abort);
    promise.catch(() => {});
  }
}

/** The whole body of an answer as text, at most `most` bytes of it. @throws RangeError where there are more */
export async function textOf(response: Response, most: number, options: RequestOptions = {}): Promise<string> {
  const decoder = new TextDecoder();
  let text = "";
  let size = 0;
  for await (const chunk of chunksOf(response, options)) {
    if ((size += chunk.length) > most) throw new RangeError(`its answer has more than ${most} bytes`);
    text += decoder.decode(chunk, { stream: true });
  }
  return text + decoder.decode();
}

/** What went wrong, without the addresses that the system names on the way there. */
function reasonOf(message: string): string {
  return message.replace(/^error sending request .*?: (?=client error)/s, "");
}
