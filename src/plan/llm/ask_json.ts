import { z } from "../../deps/zod.ts";
import { briefText } from "../../brief.ts";
import type { Chat } from "./chat.ts";
import { type Message, withoutLimits } from "./dialect.ts";
import { LanguageModelError } from "./chat_failure.ts";
import { redacted } from "./endpoint.ts";
import { userMessage } from "./language_model.ts";
import { readInstructions } from "./prompt_file.ts";
import { withoutReasoning } from "./reply.ts";
import { findObjects } from "./reply_json.ts";

/** What is asked of a model that answers in JSON. */
export interface Question<T> {
  /** What the answer is, in a word of letters, digits and "_": some services show it to the model. */
  name: string;
  /**
   * An object. What may be absent is `nullable`, not `optional`: strict schemas require every field. Limits of numbers
   * and lengths are checked here and asked again, as many services take none.
   */
  schema: z.ZodType<T>;
  /** What the model is told beforehand. */
  instructions: string;
  text: string;
  /** Pictures as data URLs. */
  images?: string[];
}

/** How often a model is asked again after an answer that does not fit. */
const ASK_AGAIN = 2;

/**
 * Ask a language model that may see pictures, and read its answer by a schema. A service that knows schemas is held to
 * it; one that knows only JSON, or nothing of the kind, is told the schema in words.
 *
 * @throws LanguageModelError of kind "reply" where no answer fits, of other kinds where there is none
 */
export async function askJson<T>(chat: Chat, question: Question<T>): Promise<T> {
  const { $schema: _, ...schema } = z.toJSONSchema(question.schema) as Record<string, unknown>;
  const shape = { name: question.name, schema: withoutLimits(schema) as Record<string, unknown> };
  const messages: Message[] = [
    { role: "system", content: question.instructions },
    userMessage(question.text, question.images),
  ];
  for (let tries = 0;; tries++) {
    const { text } = await chat.ask(messages, shape);
    const read = readObject(withoutReasoning(text), question.schema);
    if ("value" in read) return redacted(read.value);
    if (tries === ASK_AGAIN) {
      throw new LanguageModelError(
        "reply",
        `${chat.modelName} gave no answer that can be used, in ${tries + 1} tries. ${read.why}`,
      );
    }
    messages.push(
      { role: "assistant", content: text.slice(0, 4000) },
      { role: "user", content: await readInstructions("ask_again_json", { error: read.why }) },
    );
  }
}

/** The last object in a text that fits, or why none does. */
function readObject<T>(text: string, schema: z.ZodType<T>): { value: T } | { why: string } {
  let why = "It holds no JSON object.";
  for (const { value } of findObjects(text).reverse()) {
    const result = schema.safeParse(value);
    if (result.success) return { value: result.data };
    const issues = result.error.issues.slice(0, 3).map(({ path, message }) =>
      `${path.join(".") || "the whole"}: ${message}`
    );
    why = `${briefText(issues.join("; ").replace(/\.$/, ""), 300)}.`;
  }
  return { why };
}
