import { PlannerError } from "../../errors.ts";
import { splitAtBreak } from "../../region/keywords.ts";
import { cellCount, parseSplitRatio } from "../../region/split_ratio.ts";
import { parsePlan } from "../parse_plan.ts";
import type { Plan } from "../plan.ts";
import { type Draft, draftFromObject, findObjects } from "./reply_json.ts";

/** Longer replies are no plans, and reading them must not take long. */
const LONGEST = 60_000;

/**
 * Read what a language model replied as a plan. The shapes that are read are those of `docs/planner.md`: labels
 * (`Final split ratio:`, `Regional Prompt:`) however they are decorated, or JSON, bare, fenced or amid prose. Of
 * several plans the last complete one counts.
 *
 * @param prompt the user's prompt, kept in the plan
 * @throws PlannerError that names what is missing and quotes the line; nothing is guessed
 */
export function readReply(reply: string, prompt: string, planner = "language model"): Plan {
  if (reply.length > LONGEST) {
    throw new PlannerError(`The reply has ${reply.length} characters; more than ${LONGEST} are not read.`);
  }
  const text = withoutReasoning(withoutTurns(reply));
  if (text.trim() === "") throw new PlannerError(`The reply is empty${reply.trim() ? " but for its reasoning" : ""}.`);
  const drafts = [...jsonDrafts(text), ...labelDrafts(text)].sort((a, b) => a.at - b.at);
  const complete = drafts.findLast((draft) => "regions" in draft);
  if (complete && "regions" in complete) {
    const { at: _, ...plan } = complete;
    return parsePlan({ prompt, ...plan, planner });
  }
  const broken = drafts.at(-1);
  if (broken && "error" in broken) throw broken.error;
  throw new PlannerError(
    `The reply has neither a split ratio nor region prompts. Expected "Final split ratio: …" and "Regional Prompt: …", ` +
      `or JSON with "split_ratio" and "regions". It begins: "${firstLine(text)}".`,
  );
}

type Found = (Draft & { at: number }) | { error: PlannerError; at: number };

/** Reasoning models think aloud first; a thought that never ends is no reply. */
export function withoutReasoning(text: string): string {
  let kept = "";
  let thinking = false;
  for (const part of text.split(/(<\/?(?:think|thinking|reasoning)>)/i)) {
    if (/^<(?:think|thinking|reasoning)>$/i.test(part)) thinking = true;
    else if (/^<\/(?:think|thinking|reasoning)>$/i.test(part)) {
      if (!thinking) kept = ""; // the server kept the opening tag to itself
      thinking = false;
    } else if (!thinking) kept += part;
  }
  return kept;
}

/** Chat templates mark turns by tokens of their own; some servers let those through. */
function withoutTurns(text: string): string {
  return text.replace(
    /<(?:\|im_start|start_of_turn)\|?>\s*\w*|<\|[\w ]{1,40}\|>|<｜[^｜\n]{1,40}｜>|<\/?s>|<(?:end_of_turn|eos)>|\[\/?INST\]/g,
    "\n\n",
  );
}

function jsonDrafts(text: string): Found[] {
  return findObjects(text).flatMap(({ at, value }): Found[] => {
    try {
      const draft = draftFromObject(value);
      return draft ? [{ ...draft, at }] : [];
    } catch (error) {
      if (error instanceof PlannerError) return [{ error, at }];
      throw error;
    }
  });
}

const LABEL =
  /(?:(?:final\s+)?split[\s_]*ratios?|region(?:al)?[\s_]*prompts?(?:\s*\d+)?|region\s*\d+(?:\s*\([^)\n]*\))?|(?<=^\W*)regions|region(?:al)?[\s_]*briefs?|base[\s_]*prompts?|base[\s_]*ratios?|negative[\s_]*prompts?)\s*[:：=]/gim;
/** A label that is a heading: a line of its own, without a colon. */
const HEADING =
  /^[ \t#>*•-]{0,12}((?:final\s+)?split[\s_]*ratios?|region(?:al)?[\s_]*prompts?(?:\s*\d+)?|region\s*\d+|regions|base[\s_]*prompts?|base[\s_]*ratios?|negative[\s_]*prompts?)[ \t]*$/gim;
/** An item of a YAML list with keys: "- prompt: a fox", and further keys in the lines below. */
const YAML_ITEM = /^([ \t]*)-[ \t]+\w+:.*(?:\n\1[ \t]+\w+:.*)*/gm;
const CLOSING = /^\W*(?:note|notes|explanation|reasoning|rationale|comment|this (?:plan|layout|split))\b/i;

/** Plans written with labels: fields are collected until one comes a second time, which starts the next plan. */
function labelDrafts(text: string): Found[] {
  const plain = text.replace(/^\s*```\w*\s*$/gm, "")
    .replace(/[[<({]{1,3}\s?BREAK\s?[\]>)}]{1,3}|[*`]{1,3}BREAK[*`]{1,3}/g, " BREAK ")
    .replace(/\*\*|__/g, "")
    .replace(YAML_ITEM, (item, indent: string) => {
      const prompt = item.match(/^[\s-]*(?:prompt|description|text|caption)[ \t]*:[ \t]*(.+)$/im)?.[1];
      return prompt === undefined ? item : `${indent}- ${prompt}`;
    })
    .replace(HEADING, "$1:");
  const labels = [...plain.matchAll(LABEL)];
  const drafts: Found[] = [];
  let fields: Fields = { at: 0, numbered: [] };
  labels.forEach((label, i) => {
    // A bullet or heading mark at the end belongs to the next label.
    const value = plain.slice(label.index + label[0].length, labels[i + 1]?.index ?? plain.length)
      .replace(/\n[\s*•#>-]*$/, "");
    const name = label[0].toLowerCase();
    const key = /split/.test(name)
      ? "ratio"
      : /base[\s_]*r/.test(name)
      ? "baseRatio"
      : /base/.test(name)
      ? "basePrompt"
      : /negative/.test(name)
      ? "negativePrompt"
      : /briefs?/.test(name)
      ? "briefs"
      : /region\s*\d|prompts?\s*\d/.test(name)
      ? "numbered"
      : "regions";
    const repeats = key === "numbered"
      ? /\b[01]\b/.test(name) && fields.numbered.length > 1
      : fields[key] !== undefined;
    if (repeats) {
      drafts.push(...finish(fields));
      fields = { at: label.index, numbered: [] };
    }
    if (key === "numbered") fields.numbered.push((paragraphs(value)[0] ?? "").replace(/\W*\bBREAK\W*$/, ""));
    else if (key !== "regions" || value.trim() !== "") fields[key] = value;
  });
  if (labels.length) drafts.push(...finish(fields));
  return drafts;
}

function splitBriefs(text: string): string[] {
  return (paragraphs(text)[0] ?? "").split(/\bBREAK\b/).map((brief) => undecorated(brief.trim()));
}

interface Fields {
  at: number;
  ratio?: string;
  regions?: string;
  basePrompt?: string;
  baseRatio?: string;
  negativePrompt?: string;
  briefs?: string;
  numbered: string[];
}

function finish(fields: Fields): Found[] {
  const { at } = fields;
  try {
    if (fields.ratio === undefined && fields.regions === undefined && fields.numbered.length === 0) return [];
    if (fields.ratio === undefined) {
      const line = firstLine(fields.regions ?? fields.numbered.join(" BREAK "));
      throw new PlannerError(`The reply has region prompts but no line "Final split ratio: …". They begin: "${line}".`);
    }
    const splitRatio = readRatioLine(fields.ratio);
    if (fields.regions === undefined && fields.numbered.length === 0) {
      throw new PlannerError(`The reply has a split ratio (${splitRatio}) but no line "Regional Prompt: …".`);
    }
    const cells = cellCount(parseSplitRatio(splitRatio));
    const prompts = fields.regions === undefined ? fields.numbered : readRegionLines(fields.regions, cells);
    // Briefs count only where there is one for each region.
    const briefs = fields.briefs === undefined ? [] : splitBriefs(fields.briefs);
    const brief = (i: number) => briefs.length === prompts.length && briefs[i] ? { brief: briefs[i] } : {};
    const basePrompt = fields.basePrompt && undecorated(paragraphs(fields.basePrompt)[0] ?? "");
    const off = !basePrompt || /^(?:none|n\/a|off|-)$/i.test(basePrompt);
    const negativePrompt = fields.negativePrompt && undecorated(paragraphs(fields.negativePrompt)[0] ?? "");
    return [{
      at,
      splitRatio,
      regions: prompts.map((prompt, i) => ({ prompt: undecorated(prompt), ...brief(i) })),
      ...(off ? {} : { basePrompt }),
      ...(off || !fields.baseRatio ? {} : { baseRatio: readRatioLine(fields.baseRatio) }),
      ...(negativePrompt && !/^(?:none|n\/a|-)$/i.test(negativePrompt) ? { negativePrompt } : {}),
    }];
  } catch (error) {
    if (error instanceof PlannerError) return [{ error, at }];
    throw error;
  }
}

/** The ratio on the label's line or the next; what follows it there is commentary only if it cannot be part of it. */
function readRatioLine(value: string): string {
  const items = value.trim().match(/^(?:-[ \t]*[\d.%]+\s*)+$/)?.[0].match(/[\d.%]+/g);
  // Models that write Chinese take its comma and semicolon.
  const line = (items?.join(",") ?? firstLine(value)).normalize("NFKC").replaceAll("、", ",");
  const rows = /[)\]]\s*[;,]\s*[([]/.test(line); // "(1,1,1);(1)"
  const bare = (rows ? line.replace(/[)\]]\s*,\s*[([]/g, ";").replace(/[()]/g, "") : line)
    .replace(/["'`“”‘’[\]{}<>]/g, " ").trim().replace(/^\(([^)]*)\)/, "$1").replace(/\s*;\s*/g, ";");
  const ratio = bare.match(/^[\d.,;%\s]*\d[\d.,;%\s]*(?=$|\(|(?<=\s)[–—-]|\s*(?:columns?|rows?|for|with|\|))/i);
  if (!ratio) throw new PlannerError(`The reply's ratio cannot be read: "${line}". Write numbers, as in 1,1 or 1;1.`);
  return ratio[0].trim().replace(/[;.]$/, "");
}

/** Region prompts as they follow the label: parted by BREAK over any lines, else by lines, else by blank lines. */
function readRegionLines(value: string, cells: number): string[] {
  const kept = paragraphs(value);
  if (kept.length === 0) throw new PlannerError("The reply's label for region prompts has nothing after it.");
  if (!kept.some((paragraph) => BREAK.test(paragraph))) {
    const lines = unquoted(kept.join("\n")).split("\n");
    if (lines.length === cells) return lines;
    return kept.length === cells ? kept : [kept.join(" ")];
  }
  // Prose after the prompts is no region: it stands in a paragraph of its own, without BREAK on either side.
  let end = kept.findLastIndex((paragraph, i) => BREAK.test(paragraph) || /\bBREAK\W*$/.test(kept[i - 1] ?? ""));
  const whole = unquoted(kept.slice(0, end + 1).join(" "));
  // One BREAK after each prompt instead of between them.
  const tail = whole.split(BREAK).length === cells + 1 ? /\W*\bBREAK\W*$/ : /(?!)/;
  const prompts = splitAtBreak(whole.replace(tail, ""));
  while (prompts.length < cells && ++end < kept.length) prompts.push(kept[end]);
  return prompts;
}

const BREAK = /\bBREAK\b/;

/** The text up to a note or a rule, in paragraphs of one or more lines. */
function paragraphs(value: string): string[] {
  const lines = value.split("\n").map((line) => line.trim());
  const end = lines.findIndex((line) => CLOSING.test(line) || /^(?:-{3,}|={3,}|#{1,6} .*)$/.test(line));
  const kept = end < 0 ? lines : lines.slice(0, end);
  return kept.join("\n").split(/\n{2,}/).map((part) => part.trim()).filter((part) => part !== "");
}

/** Without the quotes, backticks, bullets and names of places that models put around a prompt. */
function undecorated(text: string): string {
  return unquoted(text.replace(/\s+/g, " ").trim().replace(/^(?:[-*•]|\d+[.)])\s+/, "").replace(PLACE_LABEL, ""));
}

const SPOT = "(?:region \\d+|(?:(?:top|bottom|upper|lower|middle|cent(?:er|re)|left|right)[ -]?){1,2})";
const PLACE_LABEL = new RegExp(`^(?:[[(]${SPOT}[\\])]:?|${SPOT}:) ?(?=.)`, "i");

/** Without one pair of quotes or stars around the whole. */
function unquoted(text: string): string {
  return text.trim().replace(/^(?:"([^"]*)"|'([^']*)'|`([^`]*)`|“([^“”]*)”|\*([^*]*)\*)[.,]?$/, "$1$2$3$4$5").trim();
}

function firstLine(text: string): string {
  const line = text.split("\n").map((line) => line.trim()).find((line) => line !== "") ?? "";
  return line.length > 120 ? `${line.slice(0, 117)}…` : line;
}
