import { PlannerError } from "../../errors.ts";
import { type LanguageModelOptions, userMessage, withModel } from "./language_model.ts";
import type { PlanRequest } from "../planner.ts";
import { readInstructions } from "./prompt_file.ts";
import { withoutReasoning } from "./reply.ts";

/** A prompt as one rich caption, and who wrote it. */
export interface Caption {
  caption: string;
  planner: string;
}

/**
 * Rewrite a prompt as one rich caption, or caption pictures, with a language model.
 *
 * @throws UsageError where no model is configured, LanguageModelError where it fails
 */
export function recaption(
  request: PlanRequest,
  options: LanguageModelOptions = {},
  signal?: AbortSignal,
): Promise<Caption> {
  return withModel({ ...options, orRules: false }, request, signal, async (chat) => {
    const instructions = await readInstructions(options.promptFile ? { path: options.promptFile } : "recaption");
    const prompt = request.prompt.trim() || "Caption what you see.";
    const { text } = await chat.ask([{ role: "system", content: instructions }, userMessage(prompt, request.images)]);
    const caption = withoutReasoning(text).replace(/\s+/g, " ").trim()
      .replace(/^(?:caption|recaption|prompt)\s*:\s*/i, "").replace(/^"(.*)"$/, "$1");
    if (caption === "") throw new PlannerError(`${chat.modelName} gave no caption, only its reasoning. Try again.`);
    return { caption, planner: `openai (${chat.modelName})` };
  });
}
