/**
 * One request over HTTP and its whole answer as text, within limits of size and time, whatever the server does.
 *
 * @module
 */
import { CancelledError } from "../../errors.ts";
import { BYTES_OF } from "../../limits.ts";

/** How long a server may take, in seconds. */
export interface Patience {
  /** For the whole answer. */
  timeout: number;
  /** Between two bytes, once the first has come. */
  idle: number;
}

/** What came back. */
export interface Reply {
  status: number;
  /** The media type, without its parameters. */
  type: string;
  text: string;
}

/** No answer, or none that can be taken; `kind` says why. */
export class TransportError extends Error {
  constructor(readonly kind: "timeout" | "idle" | "too large" | "broken" | "unreachable", message: string) {
    super(message);
  }
}

/**
 * Send a request and read its answer to the end.
 *
 * @param arrived told of every piece of the answer as it comes
 * @throws TransportError, or CancelledError where `signal` aborts
 */
export async function send(
  url: URL,
  init: RequestInit,
  patience: Patience,
  signal: AbortSignal | undefined,
  arrived: (piece: string) => void = () => {},
): Promise<Reply> {
  const stop = new AbortController();
  const late = new TransportError("timeout", `no whole answer within ${patience.timeout} seconds`);
  const silent = new TransportError("idle", `nothing more for ${patience.idle} seconds`);
  const whole = setTimeout(() => stop.abort(late), patience.timeout * 1000);
  let pause: ReturnType<typeof setTimeout> | undefined;
  const cancel = () => stop.abort(new CancelledError());
  signal?.addEventListener("abort", cancel, { once: true });
  if (signal?.aborted) cancel();
  let began = false;
  try {
    const response = await fetch(url, { ...init, signal: stop.signal });
    began = true;
    const type = response.headers.get("content-type")?.split(";")[0].trim().toLowerCase() ?? "";
    const decoder = new TextDecoder();
    let text = "", bytes = 0;
    for await (const chunk of response.body ?? []) {
      clearTimeout(pause);
      pause = setTimeout(() => stop.abort(silent), patience.idle * 1000);
      bytes += chunk.length;
      if (bytes > BYTES_OF.reply) throw new TransportError("too large", `more than ${BYTES_OF.reply} bytes`);
      const piece = decoder.decode(chunk, { stream: true });
      text += piece;
      arrived(piece);
      // Some servers leave the connection open when they are done.
      if (type === "text/event-stream" && /^data:\s*\[DONE\]\s*$/m.test(text.slice(-40))) break;
    }
    return { status: response.status, type, text };
  } catch (error) {
    const { reason } = stop.signal;
    if (reason instanceof CancelledError || reason instanceof TransportError) throw reason;
    if (error instanceof TransportError || error instanceof Deno.errors.NotCapable) throw error;
    const why = error instanceof Error && error.cause instanceof Error ? error.cause.message : (error as Error).message;
    throw new TransportError(began || /closed before|reset|incomplete|eof/i.test(why) ? "broken" : "unreachable", why);
  } finally {
    clearTimeout(whole);
    clearTimeout(pause);
    signal?.removeEventListener("abort", cancel);
  }
}
