import { dirname, join } from "../../deps/path.ts";
import { PlannerError } from "../../errors.ts";
import { type Answer, Chat, type ChatOptions } from "./chat.ts";
import type { Message } from "./dialect.ts";
import { LanguageModelError } from "./chat_failure.ts";
import { type Endpoint, type Environment, readEnvironment, redacted, resolveEndpoint } from "./endpoint.ts";
import { countFaults, describeFaults, findFaults } from "./faults.ts";
import { withLocalServer } from "./local_server.ts";
import { mendPlan } from "./mend.ts";
import type { Plan } from "../plan.ts";
import type { PlanRequest } from "../planner.ts";
import { readInstructions } from "./prompt_file.ts";
import { readReply } from "./reply.ts";
import { replyJsonSchema } from "./reply_schema.ts";

/** How a language model plans; the names are those of the command line's flags. */
export interface LanguageModelOptions extends Omit<ChatOptions, "say" | "progress" | "signal"> {
  /** A server with OpenAI's chat API. */
  llmUrl?: string;
  /** A model's name, or the path of a .gguf file to be served here. */
  llmModel?: string;
  /** @internal */
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

/** How often a model is asked again after a reply that cannot be used. */
const ASK_AGAIN = 2;

/**
 * A planner that asks a language model. After a reply that cannot be used it tells the model why and asks again, at
 * most twice; a plan that clearly lacks something is asked for once more.
 *
 * @throws UsageError where no model is configured, LanguageModelError for every other failure, one kind for each
 */
export function languageModelPlanner(options: LanguageModelOptions = {}) {
  return (request: PlanRequest, signal?: AbortSignal): Promise<Plan> =>
    withModel(options, request, signal, (chat) => converse(chat, request, options));
}

/**
 * What can be said of the options before anything is asked.
 *
 * @throws UsageError where no model is configured or the URL is none
 */
export function checkModelOptions(options: LanguageModelOptions): void {
  if (!isServedHere(options)) resolveEndpoint(options, options.environment ?? readEnvironment());
}

/** Whether the model is a file that is served for as long as it is needed. */
function isServedHere({ llmModel, llmUrl }: LanguageModelOptions): boolean {
  return llmModel !== undefined && llmModel.endsWith(".gguf") && !llmUrl;
}

/** Open a conversation with the model that the options name, serving a GGUF file for as long as it lasts. */
export async function withModel<R>(
  options: LanguageModelOptions,
  request: Pick<PlanRequest, "say" | "progress">,
  signal: AbortSignal | undefined,
  use: (chat: Chat) => Promise<R>,
): Promise<R> {
  const open = async (endpoint: Endpoint) =>
    use(await Chat.open(endpoint, { ...options, signal, say: request.say, progress: request.progress }));
  if (isServedHere(options)) {
    return await withLocalServer(options.llmModel!, open, { signal, say: request.say });
  }
  return await open(resolveEndpoint(options, options.environment ?? readEnvironment()));
}

/**
 * Ask until there is a plan without faults, or the tries are over. A plan that can be read but has faults is asked for
 * once more, and the better of the two is taken: what even that lacks is mended as far as no cell must be added.
 */
async function converse(chat: Chat, request: PlanRequest, options: LanguageModelOptions): Promise<Plan> {
  const schema = options.constrained === false
    ? undefined
    : { name: "plan", schema: replyJsonSchema(), explained: true };
  let messages = await firstMessages(request, options, options.short ?? false);
  let best: { plan: Plan; faults: number } | undefined;
  let completing = false;
  for (let tries = 0;; tries++) {
    let answer;
    try {
      answer = await chat.ask(messages, schema);
    } catch (error) {
      if (!(error instanceof LanguageModelError)) throw error;
      if (best) return mended(best.plan);
      if (error.kind === "empty" && tries < ASK_AGAIN) {
        request.say?.(`${error.message} Asking again.`);
        continue;
      }
      if (error.kind !== "context" || options.short || options.promptFile || tries > 0) throw error;
      request.say?.(`${error.message} Trying the short instructions.`);
      options = { ...options, short: true };
      messages = await firstMessages(request, options, true);
      tries--;
      continue;
    }
    const read = readAnswer(answer, request.prompt, chat);
    if (read.plan && read.faults < (best?.faults ?? Infinity)) best = { plan: read.plan, faults: read.faults };
    if (best && (read.faults === 0 || completing || tries === ASK_AGAIN)) return mended(best.plan);
    if (tries === ASK_AGAIN) throw await givenUp(read.why, answer.text, chat, options);
    request.say?.(`${chat.modelName}: ${read.why} Asking again.`);
    completing = read.plan !== undefined;
    messages = [
      ...messages,
      { role: "assistant", content: answer.text.slice(0, 4000) },
      {
        role: "user",
        content: await readInstructions(read.plan ? "ask_for_missing" : "ask_again", { error: read.why }),
      },
    ];
  }
}

/** The plan in an answer with how many faults it has, or why there is none. */
function readAnswer(
  answer: Answer,
  prompt: string,
  chat: Chat,
): { plan: Plan; faults: number; why: string } | { plan?: undefined; faults: number; why: string } {
  // A sentence that was cut off must not become a region: only whole lines count then.
  const reply = answer.cutOff ? answer.text.slice(0, answer.text.lastIndexOf("\n") + 1) : answer.text;
  try {
    const plan = redacted(readReply(reply, prompt, `openai (${chat.modelName})`));
    const faults = findFaults(plan);
    return { plan, faults: countFaults(faults), why: describeFaults(faults) };
  } catch (error) {
    if (!(error instanceof PlannerError)) throw error;
    const why = answer.cutOff ? `The answer was cut off for its length. ${error.message}` : error.message;
    return { faults: Infinity, why };
  }
}

function mended(plan: Plan): Plan {
  const { plan: whole, notes } = mendPlan(plan);
  return notes.length ? { ...whole, notes: [...(whole.notes ?? []), ...notes] } : whole;
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

/**
 * Examples at the end of instructions, each a line "Prompt: …" with the answer below it, as turns of a conversation.
 */
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

/** How many replies are kept at most, the newest. */
const KEPT = 3;

/** Write the reply to a new file in the temporary folder, where earlier ones make room for it. */
async function keepInTemporaryFile(reply: string): Promise<string> {
  const path = await Deno.makeTempFile({ prefix: PREFIX, suffix: ".txt" });
  await Deno.writeTextFile(path, reply);
  try {
    const folder = dirname(path);
    const earlier: { file: string; at: number }[] = [];
    for await (const { name, isFile } of Deno.readDir(folder)) {
      if (!isFile || !name.startsWith(PREFIX) || !name.endsWith(".txt")) continue;
      const file = join(folder, name);
      earlier.push({ file, at: (await Deno.stat(file)).mtime?.getTime() ?? 0 });
    }
    const old = earlier.sort((a, b) => b.at - a.at).slice(KEPT).filter(({ file }) => file !== path);
    await Promise.all(old.map(({ file }) => Deno.remove(file)));
  } catch {
    // Another process was faster, or the folder may not be read: what is left is a small file.
  }
  return path;
}

const PREFIX = "planner_reply_";
