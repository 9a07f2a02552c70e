import { PlannerError } from "../../errors.ts";
import { briefText } from "../../brief.ts";
import { withoutKeys } from "../../secrets.ts";
import type { ServerError } from "./completion.ts";
import { type Endpoint, shownUrl } from "./endpoint.ts";
import type { TransportError } from "./transport.ts";

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
  | "too large"
  | "request"
  | "reply";

/** What a server said of a request, with the status it gave. */
export interface Complaint extends ServerError {
  status: number;
}

/** A language model could not be used or did not give a plan. Exit code 5. */
export class LanguageModelError extends PlannerError {
  /**
   * @param passing the same request may well succeed a little later
   * @param complaint the server's own words, where it refused
   */
  constructor(readonly kind: FailureKind, message: string, readonly passing = false, readonly complaint?: Complaint) {
    super(message);
  }
}

/** Makes errors about one language model: in one line; errors show no secrets by themselves. */
export class Failures {
  private readonly url: string;

  private readonly orRules: string;

  constructor(private readonly endpoint: Endpoint, orRules: boolean) {
    this.orRules = orRules ? ", or use --planner rules" : "";
    this.url = shownUrl(endpoint.url);
  }

  /** An error in our own words. */
  because(kind: FailureKind, message: string, passing = false, complaint?: Complaint): LanguageModelError {
    return new LanguageModelError(kind, message, passing, complaint);
  }

  /** No answer, or one that broke off. */
  transport({ kind, message }: TransportError): LanguageModelError {
    const { url } = this;
    const said = this.brief(message.replace(/error sending request for url \([^)]*\):?/, "").trim() || "no connection");
    switch (kind) {
      case "timeout":
        return this.because(
          "timeout",
          `${url} did not answer within the time: ${said}. Give it more with --llm-timeout, or use a ` +
            `smaller model or a faster server.`,
        );
      case "idle":
        // A server that fell silent once is likely to do so again, and each try would cost the same wait.
        return this.because("timeout", `The answer from ${url} stopped midway: ${said}. Try again.`);
      case "too large":
        return this.because("too large", `The answer from ${url} is too large: ${said}. No plan is; check --llm-url.`);
      case "broken":
        return this.because("cut off", `The answer from ${url} broke off (${said}). Try again.`, true);
      default:
        return this.because(
          "unreachable",
          `No language model answers at ${url} (${said}). Start the server or correct --llm-url${this.orRules}.`,
          !/blocked|redirect|certificate/i.test(said),
        );
    }
  }

  /** A web page or anything else that no chat API sends. */
  page(status: number): LanguageModelError {
    return this.because(
      "proxy",
      `A web page or plain text came back from ${this.url} instead of an answer (status ${status}); something between here and the ` +
        `language model answers in its place. Check the proxy, and whether the URL ends in /v1.`,
      status >= 500,
    );
  }

  /** An error that the server reports, by status or in the body of an answer. */
  server(complaint: Complaint, model: string): LanguageModelError {
    const { status, message, code } = complaint;
    const { url, endpoint: { name, key } } = this;
    const said = this.brief(message);
    if (code === "context_length_exceeded" || TOO_LONG.test(message)) {
      return this.because(
        "context",
        `The instructions and the prompt are longer than the context of ${model}: ${said}. Use ` +
          `${this.orRules && "--prompt-file prompts/plan_short.md, "}a model with more context, or a shorter prompt.`,
      );
    }
    switch (status) {
      case 401:
      case 403:
        return this.because(
          "key",
          key
            ? `${name} does not accept the key (status ${status}). Check OPENAI_API_KEY (GEMINI_API_KEY for Gemini).`
            : `${name} asks for a key (status ${status}). Set OPENAI_API_KEY (GEMINI_API_KEY for Gemini).`,
        );
      case 404:
        return this.because(
          "model",
          `${name} does not have "${model}" at ${url} (status 404: ${said}). Name one it has with ` +
            `--llm-model, or check that the URL ends in /v1.`,
        );
      case 429:
        return /quota|billing|credit/i.test(message) || code === "insufficient_quota"
          ? this.because("rate", `The account at ${name} has no quota left: ${said}. Top it up${this.orRules}.`)
          : this.because(
            "rate",
            `${name} has had too many requests (status 429): ${said}. Wait a while${this.orRules}.`,
            true,
          );
    }
    const passing = status >= 500 || status === 408 || (status < 400 && PASSING.test(message));
    if (status < 400 || status >= 500) {
      const given = status < 400 ? "" : ` (status ${status})`;
      return this.because(
        "server",
        `${name} failed${given}: ${said}. Try again later${this.orRules}.`,
        passing,
        complaint,
      );
    }
    const what = `${name} refused the request (status ${status}): ${said}. Try another --llm-model.`;
    return this.because("request", what, passing, complaint);
  }

  /** One line of what somebody said; without secrets before it is cut, lest a cut one pass. */
  brief(message: string): string {
    return briefText(withoutKeys(message).replace(/\s+/g, " ").trim().replace(/\.$/, ""), 200);
  }
}

/** What servers say where it passes by itself. */
const PASSING = /overload|busy|capacity|rate.?limit|unavailable|try again|timed? ?out|temporar/i;
/** Whether a server says that the context is too short. */
const TOO_LONG =
  /context (?:length|window|size)|maximum context|exceeds? .{0,40}context|too many tokens|prompt is too long/i;
