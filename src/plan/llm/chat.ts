import type OpenAI from "../../deps/openai.ts";
import { explainFailure, LanguageModelError } from "./chat_failure.ts";
import { type Endpoint, redact } from "./endpoint.ts";

/** A message as the chat API has it. */
export type Message = OpenAI.Chat.ChatCompletionMessageParam;

/** How a conversation is held. */
export interface ChatOptions {
  /** Seconds to wait for one answer. Default 300. */
  timeout?: number;
  /** How often a call is tried again after an overload or a lost connection, each time after twice the wait. Default 2. */
  retries?: number;
  /** Seconds before the first retry; doubled each time. Default 1. */
  backoff?: number;
  /** The most tokens of one answer. Default 2048. */
  maxTokens?: number;
  signal?: AbortSignal;
  /** Told of retries and of what a server cannot do. */
  say?: (message: string) => void;
}

/** What a model said; `cutOff` where it had more to say than it was allowed. */
export interface Answer {
  text: string;
  cutOff: boolean;
}

/** What a server may not know; dropped, one after the other, when it complains of them. */
type Extra = "json_schema" | "json_object" | "temperature" | "seed" | "max_tokens";

/** A conversation with a language model through OpenAI's chat API. The `openai` package is loaded by the first call. */
export class Chat {
  private readonly lacking = new Set<Extra>();
  /** Answers so far, as the seed: stable from run to run, and another one when asked again. */
  private asked = 0;
  private model: string;

  private constructor(
    private readonly client: OpenAI,
    private readonly endpoint: Endpoint,
    private readonly options: ChatOptions,
    private readonly seconds: number,
  ) {
    this.model = endpoint.model ?? "";
  }

  /** @throws LanguageModelError where no model is named and the server names none either */
  static async open(endpoint: Endpoint, options: ChatOptions = {}): Promise<Chat> {
    const { OpenAI } = await import("../../deps/openai.ts");
    const seconds = options.timeout ?? 300;
    const client = new OpenAI({
      baseURL: endpoint.url,
      apiKey: endpoint.key ?? "none",
      organization: null,
      project: null,
      webhookSecret: null,
      logLevel: "off",
      maxRetries: 0,
      timeout: seconds * 1000,
    });
    const chat = new Chat(client, endpoint, options, seconds);
    if (!chat.model) chat.model = await chat.firstModel();
    return chat;
  }

  /** The model that answers; of a file's path only the name, since plans are kept in pictures. */
  get modelName(): string {
    return this.model.endsWith(".gguf") ? this.model.split(/[\\/]/).at(-1)! : this.model;
  }

  /**
   * Ask for the next message.
   *
   * @param schema what the answer must look like; a server that cannot hold the model to it answers freely
   * @throws LanguageModelError, one kind for each way in which this fails
   */
  async ask(messages: Message[], schema?: Record<string, unknown>): Promise<Answer> {
    this.asked++;
    const completion = await this.retrying(() => {
      const body = this.body(messages, schema);
      return this.client.chat.completions.create(body, { signal: this.options.signal });
    });
    const choice = (completion as Partial<OpenAI.ChatCompletion>).choices?.[0];
    const fail = (kind: LanguageModelError["kind"], message: string) =>
      new LanguageModelError(kind, redact(`${this.model}: ${message}`, this.endpoint.key));
    if (typeof completion === "string") {
      if ((completion as string).trimStart().startsWith("{")) throw fail("cut off", "the answer broke off. Try again.");
      throw fail("proxy", `a web page or plain text came back from ${this.endpoint.url}. Check the URL and the proxy.`);
    }
    if (!choice) throw fail("empty", "the answer holds no choice. Try again or use another --llm-model.");
    const { message, finish_reason: reason } = choice;
    if (message?.refusal) throw fail("refused", `the model refused: "${message.refusal}". Reword the prompt.`);
    if (reason === "content_filter") {
      throw fail("refused", "the service's filter withheld the answer. Reword the prompt.");
    }
    const text = redact(message?.content ?? "", this.endpoint.key);
    if (text.trim() === "") throw fail("empty", "the answer is empty. Try again or use another --llm-model.");
    return { text, cutOff: reason === "length" };
  }

  private body(messages: Message[], schema?: Record<string, unknown>): OpenAI.ChatCompletionCreateParamsNonStreaming {
    const { lacking } = this;
    let format: object | undefined;
    if (schema && !lacking.has("json_schema")) {
      format = { type: "json_schema", json_schema: { name: "plan", schema, strict: true } };
    } else if (schema && !lacking.has("json_object")) format = { type: "json_object", schema };
    return {
      model: this.model,
      messages,
      ...(format ? { response_format: format as OpenAI.ResponseFormatJSONSchema } : {}),
      ...(lacking.has("temperature") ? {} : { temperature: 0.2 }),
      ...(lacking.has("seed") ? {} : { seed: this.asked }),
      ...(lacking.has("max_tokens") ? {} : { max_tokens: this.options.maxTokens ?? 2048 }),
    };
  }

  private async firstModel(): Promise<string> {
    const list = await this.retrying(() => this.client.models.list({ signal: this.options.signal }));
    const first = list.data?.[0]?.id;
    if (first) return first;
    throw new LanguageModelError("model", `${this.endpoint.url} names no model; name one with --llm-model.`);
  }

  /** Call, and call again: at once without what the server lacks, after a growing wait where it is overloaded. */
  private async retrying<R>(call: () => Promise<R>): Promise<R> {
    let { retries = 2, backoff = 1 } = this.options;
    while (true) {
      try {
        return await call();
      } catch (error) {
        const extra = this.missing(error);
        if (extra) {
          this.lacking.add(extra);
          continue;
        }
        const status = (error as { status?: number }).status;
        const explained = explainFailure(error, this.endpoint, this.model, this.seconds);
        const passing = explained instanceof LanguageModelError && !/quota|context/.test(explained.message) &&
          (explained.kind === "unreachable" || explained.kind === "cut off" || status === 408 || status === 429 ||
            status! >= 500);
        if (!passing || retries-- === 0) throw explained;
        this.options.say?.(`${explained.message} Trying again in ${backoff} s.`);
        await pause(backoff * 1000, this.options.signal);
        backoff *= 2;
      }
    }
  }

  /** What the server complains of, if that can be done without. */
  private missing(error: unknown): Extra | undefined {
    const { status, message } = error as { status?: number; message?: string };
    if (status === undefined || status === 401 || status === 403 || status === 429 || !message) return undefined;
    const named: [Extra, RegExp][] = [
      ["json_schema", /response_format|json_schema|json schema|structured output|grammar|schema/i],
      ["json_object", /response_format|json_object|schema|grammar/i],
      ["temperature", /temperature/i],
      ["seed", /\bseed\b/i],
      ["max_tokens", /max_(?:completion_)?tokens/i],
    ];
    return named.find(([extra, pattern]) => !this.lacking.has(extra) && pattern.test(message))?.[0];
  }
}

function pause(milliseconds: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, milliseconds);
    signal?.addEventListener("abort", () => {
      clearTimeout(timer);
      resolve(); // the next call sees the signal and says that it was cancelled
    }, { once: true });
  });
}
