/**
 * The answer of a chat API, whole or as a stream of events, in every shape that servers send it in.
 *
 * @module
 */
import { brief } from "../../brief.ts";

/** What a model said, or what the server said instead. */
export interface Completion {
  text: string;
  /** Why the model stopped: "stop", "length", "content_filter" … */
  finish?: string;
  refusal?: string;
}

/** An error that a server reports in the body, whatever its status. */
export interface ServerError {
  message: string;
  code?: string;
  /** Where the body names an HTTP status of its own. */
  status?: number;
}

type Json = Record<string, unknown>;

/** Read an answer's text. `undefined` where it is neither JSON nor events; `problem` where it is, but no completion. */
export function readCompletion(text: string, isStream: boolean): Completion | { problem: string } | undefined {
  const events = isStream || /^\s*(?:data|event|:)/.test(text) ? eventsIn(text) : undefined;
  if (!events) {
    const body = parse(text);
    return body === undefined ? undefined : readBody(body);
  }
  const whole: Completion = { text: "" };
  let read = 0;
  for (const event of events) {
    const part = readBody(event);
    if ("problem" in part) {
      if (isObject(event) && Array.isArray(event.choices) && event.choices.length === 0) continue; // usage alone
      return part;
    }
    read++;
    whole.text += part.text;
    whole.finish = part.finish ?? whole.finish;
    if (part.refusal) whole.refusal = (whole.refusal ?? "") + part.refusal;
  }
  return read ? whole : { problem: "holds no choice" };
}

/** The error that a body reports, in the words of OpenAI, vLLM, Ollama and those who imitate them. */
export function serverErrorIn(text: string): ServerError | undefined {
  const bodies = /^\s*(?:data|event|:)/.test(text) ? eventsIn(text) : [parse(text)];
  for (const entry of bodies) {
    const body = Array.isArray(entry) ? entry[0] : entry; // Gemini wraps its errors in a list
    if (!isObject(body)) continue;
    const error = body.error ?? (body.object === "error" ? body : undefined) ??
      (body.choices ? undefined : body.detail);
    if (typeof error === "string" && error.trim()) return { message: error };
    if (!isObject(error)) continue;
    const message = typeof error.message === "string" && error.message.trim() ? error.message : brief(error);
    const code = typeof error.code === "string" ? error.code : undefined;
    const status = [error.code, error.status, error.status_code].find((value) =>
      typeof value === "number" && value >= 400 && value < 600
    ) as number | undefined;
    return { message, code, status };
  }
}

function readBody(body: unknown): Completion | { problem: string } {
  if (!isObject(body)) return { problem: `is ${brief(body)} and no object` };
  const choice = Array.isArray(body.choices) ? body.choices[0] : undefined;
  if (!isObject(choice)) return { problem: "holds no choice" };
  const message = isObject(choice.message) ? choice.message : isObject(choice.delta) ? choice.delta : {};
  const text = textOf(message.content ?? choice.text);
  if (text === undefined) return { problem: `has ${brief(message.content)} where the model's words must be` };
  const finish = typeof choice.finish_reason === "string" ? choice.finish_reason : undefined;
  return { text, finish, ...(typeof message.refusal === "string" ? { refusal: message.refusal } : {}) };
}

/** A text, or a list of parts of which those with text count and thoughts do not; undefined for anything else. */
function textOf(content: unknown): string | undefined {
  if (content === undefined || content === null) return "";
  if (typeof content === "string") return content;
  if (!Array.isArray(content)) return undefined;
  const texts = content.map((part) => {
    if (typeof part === "string") return part;
    if (!isObject(part)) return undefined;
    const kind = part.type ?? "text";
    if (typeof kind === "string" && /think|reason/i.test(kind)) return "";
    return typeof part.text === "string" ? part.text : undefined;
  });
  return texts.some((text) => text === undefined) ? undefined : texts.join("");
}

/**
 * The JSON of every event of a stream; what is no JSON ("[DONE]") is left out. An event's lines of data are one text;
 * where that is no JSON, each line is an event of a server that leaves the empty lines between them out.
 */
function eventsIn(text: string): unknown[] {
  return text.replace(/\r\n?/g, "\n").split(/\n{2,}/).flatMap((block) => {
    const lines = block.split("\n").flatMap((line) => /^data: ?(.*)/.exec(line)?.[1] ?? []);
    const whole = parse(lines.join("\n"));
    return whole === undefined ? lines.map(parse).filter((event) => event !== undefined) : [whole];
  });
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text.replace(/^\uFEFF/, ""));
  } catch {
    return undefined;
  }
}

function isObject(value: unknown): value is Json {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
