import { briefText } from "../../brief.ts";
import { pause } from "../../files/pause.ts";
import { Failures, LanguageModelError } from "./chat_failure.ts";
import { readCompletion, serverErrorIn } from "./completion.ts";
import { Dialect, type Message, type Shape } from "./dialect.ts";
import { authorizationFor, type Endpoint } from "./endpoint.ts";
import { withoutKeys } from "../../secrets.ts";
import { type Patience, type Reply, send, TransportError } from "./transport.ts";
import { waiting } from "./waiting.ts";

/** How a conversation is held. */
export interface ChatOptions {
  /** Seconds to wait for one whole answer. Default 300. */
  llmTimeout?: number;
  /** Seconds without a byte, once the first has come, after which an answer is given up. Default 60. */
  idleTimeout?: number;
  /**
   * How often a call is tried again after an overload or a lost connection, each time after twice the wait. Default 2.
   */
  retries?: number;
  /** Seconds before the first retry; doubled each time. Default 1. */
  backoff?: number;
  /** The most tokens of one answer. Default 2048. */
  llmMaxTokens?: number;
  /** Ends the conversation. */
  signal?: AbortSignal;
  /**
   * Whether messages may advise the rules planner where no language model can be had: it plans, and does nothing else.
   */
  orRules?: boolean;
  /** Called with what there is to say of retries, and of what a server cannot do. */
  say?: (message: string) => void;
  /** Called every few seconds with how an answer is getting on. */
  progress?: (message: string) => void;
}

/** What a model said; `cutOff` where it had more to say than it was allowed. */
export interface Answer {
  text: string;
  cutOff: boolean;
}

/** A conversation with a language model through OpenAI's chat API. */
export class Chat {
  private readonly dialect = new Dialect();
  private readonly failures: Failures;
  private readonly patience: Patience;
  /** Answers so far, as the seed: stable from run to run, and another one when asked again. */
  private asked = 0;
  private model: string;

  private constructor(private readonly endpoint: Endpoint, private readonly options: ChatOptions) {
    this.model = endpoint.model ?? "";
    this.failures = new Failures(endpoint, options.orRules ?? true);
    this.patience = { timeout: options.llmTimeout ?? 300, idle: options.idleTimeout ?? 60 };
  }

  /** @throws LanguageModelError where no model is named and the server names none either */
  static async open(endpoint: Endpoint, options: ChatOptions = {}): Promise<Chat> {
    const chat = new Chat(endpoint, options);
    if (!chat.model) chat.model = await chat.firstModel();
    return chat;
  }

  /** The model that answers, fit for plans and pictures: of a file's path only the name, and no secret. */
  get modelName(): string {
    const name = this.model.endsWith(".gguf") ? this.model.split(/[\\/]/).at(-1)! : this.model;
    return briefText(withoutKeys(name), 200);
  }

  /**
   * Ask for the next message.
   *
   * @param shape what the answer must look like; a server that cannot hold the model to it answers freely
   * @throws LanguageModelError, one kind for each way in which this fails
   */
  async ask(messages: Message[], shape?: Shape): Promise<Answer> {
    this.asked++;
    const { status, text: body, type } = await this.retrying(() =>
      this.call("chat/completions", () => {
        const { model, asked: seed, options: { llmMaxTokens = 2048 } } = this;
        return this.dialect.body({ model, messages, shape, seed, maxTokens: llmMaxTokens });
      })
    );
    const fail = (kind: LanguageModelError["kind"], message: string) =>
      this.failures.because(kind, `${this.modelName}: ${message}`);
    const completion = readCompletion(body, type === "text/event-stream");
    if (!completion) {
      if (/^\s*[{[]/.test(body)) throw fail("cut off", "the answer broke off. Try again.");
      if (body.trim() === "") throw fail("empty", "the answer is empty. Try again or use another --llm-model.");
      throw this.failures.page(status);
    }
    if ("problem" in completion) {
      throw fail("empty", `the answer ${completion.problem}. Try again or use another --llm-model.`);
    }
    const { refusal, finish, text } = completion;
    if (refusal) throw fail("refused", `the model refused: "${this.failures.brief(refusal)}". Reword the prompt.`);
    if (finish === "content_filter") {
      throw fail("refused", "the service's filter withheld the answer. Reword the prompt.");
    }
    if (text.trim() === "") throw fail("empty", "the answer is empty. Try again or use another --llm-model.");
    return { text: withoutKeys(text), cutOff: finish === "length" };
  }

  private async firstModel(): Promise<string> {
    const { text, status } = await this.retrying(() => this.call("models"));
    let list: unknown;
    try {
      list = JSON.parse(text);
    } catch {
      throw this.failures.page(status);
    }
    const first = (list as { data?: { id?: unknown }[] } | null)?.data?.[0]?.id;
    if (typeof first === "string" && first) return first;
    throw this.failures.because("model", `${this.endpoint.name} names no model; name one with --llm-model.`);
  }

  /** One request; its error, if the server reports one, is thrown. */
  private async call(path: string, body?: () => Record<string, unknown>): Promise<Reply> {
    const url = new URL(this.endpoint.url);
    url.pathname = `${url.pathname.replace(/\/$/, "")}/${path}`;
    url.username = url.password = "";
    const authorization = authorizationFor(this.endpoint);
    const { signal, progress } = this.options;
    using wait = waiting(this.modelName, progress);
    let reply: Reply;
    try {
      reply = await send(
        url,
        {
          method: body ? "POST" : "GET",
          headers: {
            accept: "application/json, text/event-stream",
            ...(body ? { "content-type": "application/json" } : {}),
            ...(authorization ? { authorization } : {}),
          },
          body: body && JSON.stringify(body()),
        },
        this.patience,
        signal,
        wait.arrived,
      );
    } catch (error) {
      throw error instanceof TransportError ? this.failures.transport(error) : error;
    }
    const reported = serverErrorIn(reply.text);
    if (reply.status < 400 && !reported) return reply;
    if (!reported && /<(?:!doctype|html|head|body)/i.test(reply.text)) throw this.failures.page(reply.status);
    const error = reported ?? { message: reply.text.trim() || `status ${reply.status}` };
    const status = reply.status < 400 ? error.status ?? reply.status : reply.status;
    throw this.failures.server({ ...error, status }, this.modelName);
  }

  /** Call, and call again: at once without what the server lacks, after a growing wait where it is overloaded. */
  private async retrying<R>(call: () => Promise<R>): Promise<R> {
    let { retries = 2, backoff = 1 } = this.options;
    while (true) {
      try {
        return await call();
      } catch (error) {
        if (!(error instanceof LanguageModelError)) throw error;
        if (error.complaint && this.dialect.doWithout(error.complaint.message)) continue;
        if (!error.passing || retries-- === 0) throw error;
        this.options.say?.(`${error.message} Trying again in ${backoff} s.`);
        // Where it is aborted meanwhile, the next call says that it was cancelled.
        await pause(this.options.signal, backoff * 1000).catch(() => {});
        backoff *= 2;
      }
    }
  }
}
