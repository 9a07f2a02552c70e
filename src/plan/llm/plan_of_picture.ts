/**
 * A plan from a picture: a vision model says what is where.
 *
 * @module
 */
import { z } from "../../deps/zod.ts";
import { parsePlan } from "../parse_plan.ts";
import type { Plan } from "../plan.ts";
import { askJson } from "./ask_json.ts";
import { type LanguageModelOptions, withModel } from "./language_model.ts";
import { readInstructions } from "./prompt_file.ts";
import { rectOfVision, visionBox } from "./vision_box.ts";

const thing = z.strictObject({ words: z.string().refine((words) => words.trim() !== "", "is empty"), box: visionBox });
const answer = z.strictObject({
  caption: z.string().refine((words) => words.trim() !== "", "is empty"),
  surroundings: z.string(),
  things: z.array(thing).min(1).max(16),
}).superRefine((seen, context) => {
  try {
    planOf(seen, "");
  } catch (error) {
    context.addIssue({ code: "custom", path: ["things"], message: (error as Error).message });
  }
});

/** Boxes over the surroundings, the farthest first. Four decimals are a tenth of a pixel in pictures of a thousand. */
function planOf({ caption, surroundings, things }: z.infer<typeof answer>, planner: string): Plan {
  const brief = (value: number) => Math.round(value * 10_000) / 10_000;
  return parsePlan({
    prompt: caption,
    basePrompt: surroundings.trim() || caption,
    regions: things.map(({ words, box }) => {
      const { x0, y0, x1, y1 } = rectOfVision(box);
      return { prompt: words, box: [brief(x0), brief(y0), brief(x1), brief(y1)] };
    }),
    planner,
  });
}

/**
 * Asks a model that sees for the layout of a picture.
 *
 * @param image as a data URL
 * @param report told of retries and of what a server cannot do
 * @throws UsageError where no model is configured, LanguageModelError for every other failure, one kind for each
 */
export async function planOfPicture(
  image: string,
  options: LanguageModelOptions,
  report: { say?: (message: string) => void; progress?: (message: string) => void },
  signal?: AbortSignal,
): Promise<Plan> {
  const instructions = await readInstructions("layout");
  return await withModel({ ...options, orRules: false }, report, signal, async (chat) => {
    const text = "What is where in this picture?";
    const seen = await askJson(chat, { name: "layout", schema: answer, instructions, text, images: [image] });
    return planOf(seen, `openai (${chat.modelName})`);
  });
}
