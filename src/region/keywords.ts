/**
 * The keywords of the regional-prompter extension: a text that says by itself which regions there are.
 *
 * @module
 */
import { brief } from "../brief.ts";
import { PlannerError } from "../errors.ts";
import { type Keyword, parsePrompt } from "../text/prompt.ts";
import { composed, hasKeyword, type Part, splitPrompt, trimmed } from "../text/split.ts";

/** A text of region prompts taken apart at its keywords. */
export interface RegionTexts {
  /** One prompt per region in reading order, the common part (ADDCOMM) already in front. */
  prompts: string[];
  /** What stood before ADDBASE. */
  base?: string;
  /** Cells per row where ADDCOL and ADDROW say so; with `columnsFirst` cells per column. */
  cellsPerRow?: number[];
  /** Which of ADDCOL and ADDROW were used, where only one was. */
  only?: "ADDCOL" | "ADDROW";
  /** AND asks for latent mode. */
  mode?: "latent";
}

/**
 * Read a text such as `common ADDCOMM base ADDBASE a ADDCOL b ADDROW c`; common and base go in either order. Regions
 * are parted by ADDCOL within a row and ADDROW between rows, and then BREAK begins a new chunk of tokens within its
 * region; or by BREAK; or by AND, which asks for latent mode and may carry weights (`a :1.2 AND b :0.8`). A keyword is
 * a word of its own in capitals: BREAKFAST parts nothing; `ADD COL` is ADDCOL. Emphasis around a keyword holds on both
 * sides.
 *
 * @param columnsFirst whether ADDCOL parts the picture and ADDROW its columns, as in the extension's vertical mode
 * @throws PlannerError for keywords that do not go together and for a region without a prompt
 */
export function parseRegionTexts(text: string, columnsFirst = false): RegionTexts {
  const prompt = parsePrompt(text);
  const has = (...words: Keyword[]) => hasKeyword(prompt, ...words);
  const structured = has("ADDCOL", "ADDROW");
  const parting: Keyword[] = structured ? ["ADDCOL", "ADDROW"] : has("BREAK") ? ["BREAK"] : ["AND"];
  const latent = parting.includes("AND") && has("AND");
  const parts = splitPrompt(prompt, [...parting, "ADDBASE", "ADDCOMM"], latent);
  const base = takeHead(parts, "ADDBASE", text);
  const common = takeHead(parts, "ADDCOMM", text) ?? "";
  const texts = parts.filter(({ before }) => before !== "ADDBASE" && before !== "ADDCOMM")
    .map((part) => part.weight === undefined ? part : { ...part, text: `${part.text} :${part.weight}` });
  const blank = texts.findIndex(({ text }) => text === "");
  if (blank >= 0) throw new PlannerError(`Region ${blank + 1} of ${texts.length} has no prompt in ${brief(text)}.`);
  const outer = columnsFirst ? "ADDCOL" : "ADDROW";
  const cells = [0];
  for (const { before } of texts) {
    cells[cells.length - 1]++;
    if (before === outer) cells.push(0);
  }
  const only = has("ADDCOL") && has("ADDROW") ? undefined : has("ADDCOL") ? "ADDCOL" : "ADDROW";
  return {
    prompts: texts.map(({ text }) => common ? `${common}, ${text}` : text),
    ...(base === undefined ? {} : { base }),
    ...(structured ? { cellsPerRow: cells, ...(only ? { only } : {}) } : {}),
    ...(latent ? { mode: "latent" as const } : {}),
  };
}

/** The one part before `keyword`, which stands before all regions. */
function takeHead(parts: Part[], keyword: "ADDBASE" | "ADDCOMM", text: string): string | undefined {
  const at = parts.flatMap(({ before }, i) => before === keyword ? i : []);
  if (at.length === 0) return undefined;
  if (at.length > 1) throw new PlannerError(`${keyword} stands ${at.length} times in ${brief(text)}; use it once.`);
  if (parts[at[0]].text === "") throw new PlannerError(`Nothing stands before ${keyword} in ${brief(text)}.`);
  if (parts.slice(0, at[0]).some(({ before }) => before !== "ADDBASE" && before !== "ADDCOMM")) {
    throw new PlannerError(
      `${keyword} stands behind a region in ${brief(text)}; the order is: common ADDCOMM base ADDBASE a BREAK b.`,
    );
  }
  return parts[at[0]].text;
}

/**
 * Part a text at BREAK alone, as language models write it: each part is a prompt by itself, whatever its brackets.
 *
 * @throws PlannerError for a region without a prompt
 */
export function splitAtBreak(text: string): string[] {
  const cuts = parsePrompt(text).nodes.filter((node) => node.kind === "keyword" && node.word === "BREAK");
  const starts = [0, ...cuts.map(({ to }) => to)];
  const ends = [...cuts.map(({ from }) => from), text.length];
  const prompts = starts.map((start, i) => trimmed(text.slice(start, ends[i])));
  const blank = prompts.indexOf("");
  if (blank >= 0) throw new PlannerError(`Region ${blank + 1} of ${prompts.length} has no prompt in ${brief(text)}.`);
  return prompts;
}

/**
 * The negative prompt of each of `count` regions. BREAK, ADDCOL or ADDROW part them: the nth belongs to the nth region,
 * and where there are fewer the first is repeated, as the extension does. What stands before ADDCOMM goes to all.
 *
 * @throws PlannerError where there are more negative prompts than regions
 */
export function negativesOfRegions(text: string, count: number): string[] {
  const prompt = parsePrompt(text);
  if (count === 1 || !hasKeyword(prompt, "BREAK", "ADDCOL", "ADDROW", "ADDCOMM")) return Array(count).fill(text);
  const parts = splitPrompt(prompt, ["BREAK", "ADDCOL", "ADDROW", "ADDCOMM"]);
  const common = takeHead(parts, "ADDCOMM", text);
  const own = parts.filter(({ before }) => before !== "ADDCOMM").map(({ text }) => text);
  if (own.length > count) {
    throw new PlannerError(
      `The negative prompt ${
        brief(text)
      } has ${own.length} parts, but there are only ${count} regions. Leave some out.`,
    );
  }
  return Array.from({ length: count }, (_, i) => [common, own[i] ?? own[0]].filter(Boolean).join(", "));
}

/**
 * Whether a prompt says by itself which regions there are. AND without weights is ordinary English in a prompt in
 * capitals, and to a planner everywhere.
 */
export function hasRegionKeywords(text: string): boolean {
  const prompt = parsePrompt(text);
  if (hasKeyword(prompt, "BREAK", "ADDBASE", "ADDCOMM", "ADDCOL", "ADDROW")) return true;
  return hasKeyword(prompt, "AND") && composed(text).some(({ weight }) => weight !== 1);
}
