import { PlannerError } from "../errors.ts";

/** A text of region prompts taken apart at its keywords. */
export interface RegionTexts {
  /** One prompt per region in reading order, the common part (ADDCOMM) already in front. */
  prompts: string[];
  /** What stood before ADDBASE. */
  base?: string;
  /** Cells per row where ADDCOL and ADDROW say so. */
  cellsPerRow?: number[];
  /** AND asks for latent mode. */
  mode?: "latent";
}

/**
 * Read the keyword grammar of the regional-prompter extension: `base ADDBASE common ADDCOMM a BREAK b`. Regions are parted
 * by BREAK; by AND, which asks for latent mode; or by ADDCOL within a row and ADDROW between rows. A keyword is a word of
 * its own in capitals: BREAKFAST parts nothing.
 *
 * @throws PlannerError for keywords that do not go together and for a region without a prompt
 */
export function parseRegionTexts(text: string): RegionTexts {
  const [base, afterBase] = takeBefore(text, "ADDBASE");
  const [common, body] = takeBefore(afterBase, "ADDCOMM");
  const used = ["BREAK", "AND", "ADDCOL", "ADDROW"].filter((keyword) => word(keyword).test(body));
  const structured = used.some((keyword) => keyword.startsWith("ADD"));
  if (structured && used.some((keyword) => !keyword.startsWith("ADD"))) {
    throw new PlannerError(
      `The regions are parted by ${
        used.join(" and ")
      }; use ADDCOL and ADDROW alone, or BREAK (AND for latent mode) alone.`,
    );
  }
  const rows = split(body, "ADDROW").map((row) => split(row, "ADDCOL|BREAK|AND"));
  const prompts = rows.flat();
  const blank = prompts.indexOf("");
  if (blank >= 0) throw new PlannerError(`Region ${blank + 1} of ${prompts.length} has no prompt in "${text}".`);
  return {
    prompts: prompts.map((prompt) => common ? `${common}, ${prompt}` : prompt),
    ...(base === undefined ? {} : { base }),
    ...(structured ? { cellsPerRow: rows.map((row) => row.length) } : {}),
    ...(used.includes("AND") ? { mode: "latent" as const } : {}),
  };
}

/**
 * Part a text at BREAK alone, as language models write it.
 *
 * @throws PlannerError for a region without a prompt
 */
export function splitAtBreak(text: string): string[] {
  const prompts = split(text, "BREAK");
  const blank = prompts.indexOf("");
  if (blank >= 0) throw new PlannerError(`Region ${blank + 1} of ${prompts.length} has no prompt in "${text}".`);
  return prompts;
}

/** Whether a prompt is written with keywords that part regions. AND alone is ordinary English in a prompt in capitals. */
export function hasRegionKeywords(text: string): boolean {
  return word("BREAK|ADDBASE|ADDCOMM|ADDCOL|ADDROW").test(text);
}

function word(keywords: string): RegExp {
  return new RegExp(`(?<![\\p{L}\\p{N}_-])(?:${keywords})(?![\\p{L}\\p{N}_-])`, "u");
}

function split(text: string, keywords: string): string[] {
  return text.split(word(keywords)).map((part) => part.trim().replace(/^,\s*|\s*,$/g, "").trim());
}

function takeBefore(text: string, keyword: string): [before: string | undefined, after: string] {
  const parts = split(text, keyword);
  if (parts.length > 2) {
    throw new PlannerError(`${keyword} stands ${parts.length - 1} times in "${text}"; use it once.`);
  }
  if (parts.length === 1) return [undefined, text];
  if (parts[0] === "") throw new PlannerError(`Nothing stands before ${keyword} in "${text}".`);
  if (word("BREAK|ADDCOL|ADDROW|ADDCOMM").test(parts[0])) {
    throw new PlannerError(
      `${keyword} stands behind a region in "${text}"; the order is: base ADDBASE common ADDCOMM a BREAK b.`,
    );
  }
  return [parts[0], parts[1]];
}
