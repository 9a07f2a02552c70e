/**
 * A vision model as judge, through OpenAI's chat API.
 *
 * @module
 */
import { z } from "../deps/zod.ts";
import { encodePng } from "../formats/png.ts";
import { askJson } from "../plan/llm/ask_json.ts";
import { checkModelOptions, type LanguageModelOptions, withModel } from "../plan/llm/language_model.ts";
import { pictureDataUrl } from "../plan/llm/picture.ts";
import { readInstructions } from "../plan/llm/prompt_file.ts";
import type { Check, Judge, Mark } from "./judge.ts";
import { inThousandths, rectOfVision, visionBox } from "../plan/llm/vision_box.ts";

const markSchema = z.strictObject({
  item: z.number().int(),
  verdict: z.enum(["right", "missing", "wrong", "misplaced"]),
  box: visionBox.nullable(),
  note: z.string().nullable(),
});

/**
 * A judge that shows each picture with its checklist to a model that sees. An item that it leaves out is unknown.
 *
 * @param report told of retries and of what a server cannot do
 * @throws UsageError where no model is configured; (the judge) LanguageModelError for every other failure, one kind for
 *   each
 */
export function visionJudge(
  options: LanguageModelOptions = {},
  report: { say?: (message: string) => void; progress?: (message: string) => void } = {},
): Judge {
  checkModelOptions({ ...options, orRules: false });
  return async (picture, checklist, signal) => {
    if (checklist.length === 0) return [];
    const schema = z.strictObject({ marks: z.array(markSchema).max(4 * checklist.length) });
    const image = await pictureDataUrl(encodePng(picture), "to judge");
    const instructions = await readInstructions("judge");
    const { marks } = await withModel(
      { ...options, orRules: false },
      report,
      signal,
      (chat) => askJson(chat, { name: "marks", schema, instructions, text: listOf(checklist), images: [image] }),
    );
    return checklist.map((_, i): Mark => {
      const mark = marks.find(({ item }) => item === i + 1);
      if (!mark) return { verdict: "unknown" };
      return {
        verdict: mark.verdict,
        ...(mark.box ? { box: rectOfVision(mark.box) } : {}),
        ...(mark.note ? { note: mark.note } : {}),
      };
    });
  };
}

function listOf(checklist: readonly Check[]): string {
  const lines = checklist.map(({ words, box, absent }, i) =>
    `${i + 1}. ${absent ? "No " : ""}${words}${box ? `, within ${inThousandths(box)}` : ""}`
  );
  return `The checklist:\n${lines.join("\n")}`;
}
