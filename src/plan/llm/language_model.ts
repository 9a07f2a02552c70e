import { PlannerError } from "../../errors.ts";
import { Chat, type ChatOptions, type Message } from "./chat.ts";
import { LanguageModelError } from "./chat_failure.ts";
import { type Endpoint, type Environment, readEnvironment, resolveEndpoint } from "./endpoint.ts";
import { withLocalServer } from "./local_server.ts";
import type { Plan } from "../plan.ts";
import type { PlanRequest } from "../planner.ts";
import { readInstructions } from "./prompt_file.ts";
import { readReply } from "./reply.ts";
import { replyJsonSchema } from "./reply_schema.ts";

/** How a language model plans; the names are those of the command line's flags. */
export interface LanguageModelOptions extends Omit<ChatOptions, "say" | "signal"> {
  llmUrl?: string;
  /** A model's name, or the path of a .gguf file to be served here. */
  llmModel?: string;
  environment?: Environment;
  /** Instructions in place of prompts/plan.md. */
  promptFile?: string;
  /** The short instructions, for small models with little context. */
  short?: boolean;
  /** Hold the model to a JSON schema where the server can. Default true. */
  constrained?: boolean;
  /** Keep a reply that could not be read and return where. Default: a new file in the system's temporary folder. */
  keepReply?: (reply: string) => Promise<string>;
}

/** How often a model is asked again after a reply that cannot be read. */
const ASK_AGAIN = 2;

/**
 * A planner that asks a language model. After a reply that cannot be read it tells the model why and asks again, at most
 * twice.
 *
 * @throws UsageError where no model is configured, LanguageModelError for every other failure, one kind for each
 */
export function languageModelPlanner(options: LanguageModelOptions = {}) {
  return (request: PlanRequest, signal?: AbortSignal): Promise<Plan> =>
    withModel(options, request, signal, (chat) => converse(chat, request, options));
}

/** Open a conversation with the model that the options name, serving a GGUF file for as long as it lasts. */
export function withModel<R>(
  options: LanguageModelOptions,
  request: Pick<PlanRequest, "say">,
  signal: AbortSignal | undefined,
  use: (chat: Chat) => Promise<R>,
): Promise<R> {
  const open = async (endpoint: Endpoint) => use(await Chat.open(endpoint, { ...options, signal, say: request.say }));
  if (options.llmModel?.endsWith(".gguf") && !options.llmUrl) {
    return withLocalServer(options.llmModel, open, { signal, say: request.say });
  }
  return open(resolveEndpoint(options, options.environment ?? readEnvironment()));
}

async function converse(chat: Chat, request: PlanRequest, options: LanguageModelOptions): Promise<Plan> {
  const schema = options.constrained === false ? undefined : replyJsonSchema();
  let messages = await firstMessages(request, options, options.short ?? false);
  let tries = 0;
  while (true) {
    let answer;
    try {
      answer = await chat.ask(messages, schema);
    } catch (error) {
      const canShorten = error instanceof LanguageModelError && error.kind === "context" && !options.short &&
        !options.promptFile && tries === 0;
      if (!canShorten) throw error;
      request.say?.(`${error.message} Trying the short instructions.`);
      options = { ...options, short: true };
      messages = await firstMessages(request, options, true);
      continue;
    }
    // A sentence that was cut off must not become a region: only whole lines count then.
    const reply = answer.cutOff ? answer.text.slice(0, answer.text.lastIndexOf("\n") + 1) : answer.text;
    try {
      return readReply(reply, request.prompt, `openai (${chat.modelName})`);
    } catch (error) {
      if (!(error instanceof PlannerError)) throw error;
      const why = answer.cutOff ? `The answer was cut off for its length. ${error.message}` : error.message;
      if (tries++ === ASK_AGAIN) throw await givenUp(why, answer.text, chat, options);
      request.say?.(`${chat.modelName}: ${why} Asking again.`);
      messages = [
        ...messages,
        { role: "assistant", content: answer.text.slice(0, 4000) },
        { role: "user", content: await readInstructions("ask_again", { error: why }) },
      ];
    }
  }
}

async function firstMessages(request: PlanRequest, options: LanguageModelOptions, short: boolean): Promise<Message[]> {
  const constrained = options.constrained !== false;
  const main = await readInstructions(
    options.promptFile ? { path: options.promptFile } : short ? "plan_short" : "plan",
  );
  // A small model follows examples that it seems to have answered itself far better than examples it is told of.
  const own = takeExamples(main);
  const json = takeExamples(constrained ? await readInstructions("plan_json") : "");
  const turns = constrained ? json.turns : own.turns;
  const instructions = [
    own.text,
    ...(request.images?.length ? [await readInstructions("plan_image")] : []),
    ...(constrained ? [json.text] : []),
  ].join("\n\n");
  return [
    { role: "system", content: instructions },
    ...turns,
    userMessage(`Prompt: ${request.prompt}`, request.images),
  ];
}

/** Examples at the end of instructions, each a line "Prompt: …" with the answer below it, as turns of a conversation. */
function takeExamples(instructions: string): { text: string; turns: Message[] } {
  const [text, ...examples] = instructions.split(/^(?=Prompt: )/m);
  const turns = examples.flatMap((example): Message[] => {
    const [prompt, ...answer] = example.trim().split("\n");
    return [{ role: "user", content: prompt }, { role: "assistant", content: answer.join("\n") }];
  });
  return { text: text.trim(), turns };
}

/** A user's words with the pictures shown beside them. */
export function userMessage(text: string, images: string[] = []): Message {
  if (images.length === 0) return { role: "user", content: text };
  return {
    role: "user",
    content: [
      { type: "text", text },
      ...images.map((url) => ({ type: "image_url" as const, image_url: { url } })),
    ],
  };
}

async function givenUp(why: string, reply: string, chat: Chat, options: LanguageModelOptions): Promise<Error> {
  const keep = options.keepReply ?? keepInTemporaryFile;
  const path = await keep(reply);
  return new LanguageModelError(
    "reply",
    `${chat.modelName} gave no plan that can be used, in ${
      ASK_AGAIN + 1
    } tries. ${why} Its last reply is kept in ${path}. ` +
      `Try another --llm-model, or --planner rules.`,
  );
}

async function keepInTemporaryFile(reply: string): Promise<string> {
  const path = await Deno.makeTempFile({ prefix: "planner_reply_", suffix: ".txt" });
  await Deno.writeTextFile(path, reply);
  return path;
}
