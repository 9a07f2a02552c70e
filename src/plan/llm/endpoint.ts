import { UsageError } from "../../errors.ts";
import { keepSecret, withoutKeys } from "../../secrets.ts";

/** A language model to plan with: where it answers, as what, and with which key. */
export interface Endpoint {
  /** May hold a user's name, a password and a query; `shownUrl` is for people. */
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
      environment[name] = Deno.env.get(name)?.trim() || undefined;
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
 * Flags go before variables, OpenAI's variables before Gemini's. A key goes only to the service that it is for:
 * Gemini's to Google, OpenAI's to OpenAI or to the server that OPENAI_BASE_URL or --llm-url names.
 *
 * @throws UsageError where nothing is configured or the URL is none
 */
export function resolveEndpoint(
  options: { llmUrl?: string; llmModel?: string; orRules?: boolean },
  environment: Environment,
): Endpoint {
  const useGemini = !options.llmUrl && !environment.OPENAI_BASE_URL && !environment.OPENAI_API_KEY &&
    environment.GEMINI_API_KEY !== undefined;
  const url = options.llmUrl ?? environment.OPENAI_BASE_URL ?? (useGemini ? GEMINI : OPENAI);
  if (!URL.canParse(url) || !/^https?:$/.test(new URL(url).protocol)) {
    throw new UsageError(
      `"${url}" is not the URL of a language model; write for example --llm-url http://127.0.0.1:8080/v1.`,
    );
  }
  const host = new URL(url).hostname;
  const google = host === new URL(GEMINI).hostname;
  const key = google ? environment.GEMINI_API_KEY ?? environment.OPENAI_API_KEY : environment.OPENAI_API_KEY;
  const official = google ? "GEMINI_API_KEY" : host === new URL(OPENAI).hostname ? "OPENAI_API_KEY" : undefined;
  if (official && !key) {
    throw new UsageError(
      `No language model is configured: set ${official}, or give the URL of a server with --llm-url ` +
        `(for example http://127.0.0.1:11434/v1 for Ollama)${
          options.orRules === false ? "" : ", or use --planner rules"
        }.`,
    );
  }
  const usual = google ? "gemini-2.5-flash" : official ? "gpt-4o-mini" : undefined;
  keepSecrets(url, key);
  return { url, model: options.llmModel ?? environment.OPENAI_MODEL ?? usual, key, name: host };
}

/** A URL as messages may show it: without a user's name, a password, a query or a fragment. */
export function shownUrl(url: string): string {
  const { origin, pathname } = new URL(url);
  return origin + pathname.replace(/\/$/, "");
}

/** The header that a request carries: what the URL holds goes before the key. */
export function authorizationFor({ url, key }: Endpoint): string | undefined {
  const basic = basicOf(url);
  return basic ? `Basic ${basic}` : key ? `Bearer ${key}` : undefined;
}

/** A URL's user and password as Basic authorization has them. */
function basicOf(url: string): string | undefined {
  const { username, password } = new URL(url);
  const pair = new TextEncoder().encode(`${decoded(username)}:${decoded(password)}`);
  return username || password ? pair.toBase64() : undefined;
}

/** From here on no message, file or picture shows the key, nor what the URL holds beside its place. */
function keepSecrets(url: string, key: string | undefined): void {
  const { password, searchParams } = new URL(url);
  const beside = [password, decoded(password), ...searchParams.values()];
  for (const secret of [key ?? "", basicOf(url) ?? "", ...beside]) {
    keepSecret(secret);
    keepSecret(encodeURIComponent(secret));
  }
}

/** A JSON value without the secrets in any of its texts, however they were escaped on their way. */
export function redacted<T>(value: T): T {
  if (typeof value === "string") return withoutKeys(value) as T;
  if (Array.isArray(value)) return value.map(redacted) as T;
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, part]) => [key, redacted(part)])) as T;
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
