/**
 * From a target prompt to operations by a vision model: it captions the picture, compares, and lists what must change.
 *
 * @module
 */
import { z } from "../deps/zod.ts";
import { encodePng } from "../formats/png.ts";
import { rectOfVision, visionBox } from "../plan/llm/vision_box.ts";
import { askJson } from "../plan/llm/ask_json.ts";
import { type LanguageModelOptions, withModel } from "../plan/llm/language_model.ts";
import { pictureDataUrl } from "../plan/llm/picture.ts";
import { readInstructions } from "../plan/llm/prompt_file.ts";
import type { Picture } from "../picture/picture.ts";
import { boxOf, type Edit, OPERATIONS } from "./operation.ts";

const operationSchema = z.strictObject({
  kind: z.enum(OPERATIONS),
  object: z.string().nullable(),
  words: z.string().nullable(),
  box: visionBox,
}).refine(({ kind, object }) => kind === "add" || object?.trim(), "needs its object")
  .refine(({ kind, words }) => kind === "remove" || words?.trim(), "needs its words");
const schema = z.strictObject({ caption: z.string(), operations: z.array(operationSchema).max(16) });

/**
 * Asks a model what must change in a picture so that it shows the target; no operations where nothing differs.
 *
 * @param known what the picture is said to show, where its recipe tells
 * @throws UsageError where no model is configured, LanguageModelError for every other failure, one kind for each
 */
export async function visionDifference(
  target: string,
  picture: Picture,
  known: string | undefined,
  options: LanguageModelOptions & { say?: (message: string) => void; progress?: (message: string) => void },
  signal?: AbortSignal,
): Promise<Edit> {
  const image = await pictureDataUrl(encodePng(picture), "to edit");
  const instructions = await readInstructions("edit");
  const text = `${known ? `It was painted from the prompt: ${known}\n` : ""}The target: ${target}`;
  const { caption, operations } = await withModel(
    { ...options, orRules: false },
    options,
    signal,
    (chat) => askJson(chat, { name: "edit", schema, instructions, text, images: [image] }),
  );
  return {
    caption,
    target,
    operations: operations.map(({ kind, object, words, box }) => ({
      kind,
      ...(kind !== "add" ? { object: object! } : {}),
      ...(kind !== "remove" ? { words: words! } : {}),
      box: boxOf(rectOfVision(box)),
    })),
  };
}
