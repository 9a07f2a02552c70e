import type { APIError } from "../../deps/openai.ts";
import { CancelledError, PlannerError } from "../../errors.ts";
import { type Endpoint, redact } from "./endpoint.ts";

/** What went wrong with a language model, as programs tell it; the message tells people. */
export type FailureKind =
  | "unreachable"
  | "timeout"
  | "proxy"
  | "key"
  | "model"
  | "rate"
  | "context"
  | "server"
  | "refused"
  | "empty"
  | "cut off"
  | "request"
  | "reply";

/** A language model could not be used or did not give a plan. Exit code 5. */
export class LanguageModelError extends PlannerError {
  constructor(readonly kind: FailureKind, message: string, options?: ErrorOptions) {
    super(message, options);
  }
}

/** Every failure of a call to the chat API as one message with the way out, and without the key. */
export function explainFailure(error: unknown, endpoint: Endpoint, model: string, seconds: number): Error {
  const { url, key, name } = endpoint;
  const fail = (kind: FailureKind, message: string) => new LanguageModelError(kind, redact(message, key));
  if (!(error instanceof Error)) return fail("server", `${name} failed: ${String(error)}`);
  if (
    error.name === "APIUserAbortError" || error.name === "AbortError" || error.constructor.name === "APIUserAbortError"
  ) {
    return new CancelledError();
  }
  const status = (error as APIError).status;
  const said = brief(error.message);
  if (status === undefined) return explainBroken(error, fail, url, seconds);
  if (/<(?:!doctype|html|head|body)/i.test(error.message)) {
    return fail(
      "proxy",
      `A web page came back from ${url} instead of an answer (status ${status}); something between here and the ` +
        `language model answers in its place. Check the proxy and whether the URL ends in /v1.`,
    );
  }
  if (isTooLong(error)) {
    return fail(
      "context",
      `The instructions and the prompt are longer than the context of ${model}: ${said}. Use ` +
        `--prompt-file prompts/plan_short.md, a model with more context, or a shorter prompt.`,
    );
  }
  switch (status) {
    case 401:
    case 403:
      return fail(
        "key",
        key
          ? `${name} does not accept the key (status ${status}). Check OPENAI_API_KEY (GEMINI_API_KEY for Gemini).`
          : `${name} asks for a key (status ${status}). Set OPENAI_API_KEY (GEMINI_API_KEY for Gemini).`,
      );
    case 404:
      return fail(
        "model",
        `${name} does not have "${model}" at ${url} (status 404: ${said}). Name one it has with --llm-model, or check ` +
          `that the URL ends in /v1.`,
      );
    case 429:
      return fail(
        "rate",
        /quota|billing|credit/i.test(error.message)
          ? `The account at ${name} has no quota left: ${said}. Top it up or use --planner rules.`
          : `${name} has had too many requests (status 429): ${said}. Wait a while or use --planner rules.`,
      );
    default:
      return status >= 500
        ? fail("server", `${name} failed (status ${status}): ${said}. Try again later or use --planner rules.`)
        : fail("request", `${name} refused the request (status ${status}): ${said}. Try another --llm-model.`);
  }
}

/** Failures without a status: no connection, no answer in time, an answer that broke off. */
function explainBroken(
  error: Error,
  fail: (kind: FailureKind, message: string) => Error,
  url: string,
  seconds: number,
): Error {
  const cause = error.cause instanceof Error ? error.cause.message : error.message;
  if (error.constructor.name === "APIConnectionTimeoutError") {
    return fail(
      "timeout",
      `${url} did not answer within ${seconds} seconds. Use a smaller model or a faster server.`,
    );
  }
  if (
    /JSON|Unexpected (?:token|end)|reading a body|body from connection|terminated|unexpected eof|incomplete/i.test(
      cause,
    )
  ) {
    return fail("cut off", `The answer from ${url} broke off or is no JSON (${brief(cause)}). Try again.`);
  }
  return fail(
    "unreachable",
    `No language model answers at ${url} (${
      brief(cause)
    }). Start the server, correct --llm-url, or use --planner rules.`,
  );
}

/** Whether the server says that the context is too short. */
export function isTooLong(error: Error): boolean {
  const code = (error as APIError).code;
  return code === "context_length_exceeded" ||
    /context (?:length|window|size)|maximum context|exceeds? .{0,40}context|too many tokens|prompt is too long/i.test(
      error.message,
    );
}

function brief(message: string): string {
  const line = message.replace(/\s+/g, " ").trim().replace(/\.$/, "");
  return line.length > 200 ? `${line.slice(0, 197)}…` : line;
}
