import { UsageError } from "../../errors.ts";
import { readUserText } from "../../files/user_file.ts";
import { BYTES_OF } from "../../limits.ts";

/** The instructions in prompts/ that this program ships. */
export type PromptName =
  | "plan"
  | "plan_short"
  | "plan_json"
  | "plan_image"
  | "ask_again"
  | "ask_again_json"
  | "ask_for_missing"
  | "recaption"
  | "judge"
  | "edit"
  | "layout";

/**
 * Read a file of instructions: its comments are dropped, its `{{placeholders}}` filled in.
 *
 * @param file one of ours, or the path of a user's own
 * @throws UsageError where a user's file cannot be read, is empty, or has a placeholder that nothing fills
 */
export async function readInstructions(
  file: PromptName | { path: string },
  values: Record<string, string> = {},
): Promise<string> {
  const name = typeof file === "string" ? `prompts/${file}.md` : file.path;
  const text = typeof file === "string"
    ? await Deno.readTextFile(new URL(`../../../prompts/${file}.md`, import.meta.url))
    : await readUserText(file.path, "The prompt file", BYTES_OF.instructions);
  const filled = text.replace(/<!--[\s\S]*?-->/g, "").replace(/\{\{(\w+)\}\}/g, (_, key: string) => {
    if (values[key] !== undefined) return values[key];
    const known = Object.keys(values);
    throw new UsageError(
      `The prompt file ${name} has the placeholder {{${key}}}, which nothing fills. ` +
        (known.length ? `There is only ${known.map((key) => `{{${key}}}`).join(", ")}.` : "Here there are none."),
    );
  }).trim();
  if (filled === "") throw new UsageError(`The prompt file ${name} is empty.`);
  return filled;
}
