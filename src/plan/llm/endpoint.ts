import { UsageError } from "../../errors.ts";
import { keepSecret } from "../../secrets.ts";

/** A language model to plan with: where it answers, as what, and with which key. */
export interface Endpoint {
  url: string;
  /** Left out: the server's only or first model. */
  model?: string;
  /** Local servers want none. */
  key?: string;
  /** For messages: never holds the key. */
  name: string;
}

/** The variables that configure a language model. */
export type Environment = Partial<
  Record<"OPENAI_API_KEY" | "OPENAI_BASE_URL" | "OPENAI_MODEL" | "GEMINI_API_KEY", string>
>;

const OPENAI = "https://api.openai.com/v1";
const GEMINI = "https://generativelanguage.googleapis.com/v1beta/openai/";

/** Read the variables there are. One that the program may not read counts as not set. */
export function readEnvironment(): Environment {
  const environment: Environment = {};
  for (const name of ["OPENAI_API_KEY", "OPENAI_BASE_URL", "OPENAI_MODEL", "GEMINI_API_KEY"] as const) {
    if (Deno.permissions.querySync({ name: "env", variable: name }).state === "granted") {
      environment[name] = Deno.env.get(name) || undefined;
      if (name.endsWith("_KEY")) keepSecret(environment[name]);
    }
  }
  return environment;
}

/** Whether flags or variables name a language model, so that `auto` takes it. */
export function isConfigured(options: { llmUrl?: string; llmModel?: string }, environment: Environment): boolean {
  return Boolean(
    options.llmUrl || options.llmModel || environment.OPENAI_API_KEY || environment.OPENAI_BASE_URL ||
      environment.GEMINI_API_KEY,
  );
}

/**
 * Flags go before variables, OpenAI's variables before Gemini's. A key goes only to the service that it is for: Gemini's to
 * Google, OpenAI's to OpenAI or to the server that OPENAI_BASE_URL or --llm-url names.
 *
 * @throws UsageError where nothing is configured or the URL is none
 */
export function resolveEndpoint(options: { llmUrl?: string; llmModel?: string }, environment: Environment): Endpoint {
  const useGemini = !options.llmUrl && !environment.OPENAI_BASE_URL && !environment.OPENAI_API_KEY &&
    environment.GEMINI_API_KEY !== undefined;
  const url = options.llmUrl ?? environment.OPENAI_BASE_URL ?? (useGemini ? GEMINI : OPENAI);
  if (!URL.canParse(url) || !/^https?:$/.test(new URL(url).protocol)) {
    throw new UsageError(
      `"${url}" is no URL of a language model; write for example --llm-url http://127.0.0.1:8080/v1.`,
    );
  }
  const host = new URL(url).hostname;
  const google = host === new URL(GEMINI).hostname;
  const key = google ? environment.GEMINI_API_KEY ?? environment.OPENAI_API_KEY : environment.OPENAI_API_KEY;
  const official = google ? "GEMINI_API_KEY" : host === new URL(OPENAI).hostname ? "OPENAI_API_KEY" : undefined;
  if (official && !key) {
    throw new UsageError(
      `No language model is configured: set ${official}, or give the URL of a server with --llm-url ` +
        `(for example http://127.0.0.1:11434/v1 for Ollama), or use --planner rules.`,
    );
  }
  const usual = google ? "gemini-2.5-flash" : official ? "gpt-4o-mini" : undefined;
  return { url, model: options.llmModel ?? environment.OPENAI_MODEL ?? usual, key, name: host };
}

/** A text without the key, whoever quoted it. */
export function redact(text: string, key: string | undefined): string {
  return key && key.length > 3 ? text.replaceAll(key, "[key]") : text;
}
