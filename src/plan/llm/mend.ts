import { DEFAULT_BASE_RATIO } from "../layout_of.ts";
import { type Plan, type PlanCell, regionsOf } from "../plan.ts";
import type { Asked } from "./asked.ts";
import { findFaults, isStyleOnly } from "./faults.ts";
import { nounOf, wordsOf } from "./things.ts";

/**
 * What a language model left out although it was asked again goes where it harms nothing: things into the prompt of the
 * region whose brief names them, else into the base prompt or the only region; a colour before its noun. No cell is
 * ever added, and a plan without faults comes back as it is.
 */
export function mendPlan(plan: Plan): { plan: Plan; notes: string[] } {
  const told = withBriefs(plan, findFaults(plan).missing);
  const { missing } = findFaults(told.plan);
  const whole = missing.length ? addToWhole(told.plan, missing.map(({ text }) => text)) : { ...told, notes: [] };
  let mended = whole.plan;
  const notes = [...told.notes, ...whole.notes];
  for (const { colour, noun } of lostColours(plan)) {
    mended = { ...mended, regions: putColourBack(mended.regions, colour, noun) };
    notes.push(`Mended: the ${noun} had lost its colour; "${colour}" was put back.`);
  }
  return { plan: mended, notes };
}

/** Small models name a region's thing in its brief and forget it in its prompt. */
function withBriefs(plan: Plan, missing: Asked[]): { plan: Plan; notes: string[] } {
  const notes: string[] = [];
  let left = missing;
  const change = (cell: PlanCell): PlanCell => {
    if ("regions" in cell) return { ...cell, regions: cell.regions.map(change) };
    const nouns = wordsOf(cell.brief ?? "").map(nounOf);
    const things = left.filter(({ noun }) => nouns.includes(noun));
    if (things.length === 0) return cell;
    left = left.filter((thing) => !things.includes(thing));
    notes.push(`Mended: the prompt of "${cell.brief}" did not show it; it was put before it.`);
    return { ...cell, prompt: `${cell.brief}, ${cell.prompt}` };
  };
  return { plan: { ...plan, regions: plan.regions.map(change) }, notes };
}

function addToWhole(plan: Plan, texts: string[]): { plan: Plan; notes: string[] } {
  const list = texts.join(", ");
  const [cell] = plan.regions;
  if (plan.regions.length === 1 && "prompt" in cell) {
    const regions = [{ ...cell, prompt: `${cell.prompt}, ${list}` }];
    return { plan: { ...plan, regions }, notes: [`Mended: the only region did not show ${list}; it was added there.`] };
  }
  const notes = [`Mended: no region shows ${list}; it went into the base prompt.`];
  if (plan.basePrompt !== undefined) return { plan: { ...plan, basePrompt: `${plan.basePrompt}, ${list}` }, notes };
  return { plan: { ...plan, basePrompt: plan.prompt, baseRatio: DEFAULT_BASE_RATIO }, notes };
}

const COLOURS = new Set(
  `red orange yellow green blue purple violet pink brown black white grey gray gold golden silver turquoise
  teal magenta beige blond blonde`.split(/\s+/),
);
/** Where a shade stands, the colour was not lost. */
const SHADE = new RegExp(
  "^(?:colou?r\\w*|\\w+(?:hued?|tinted|toned|ddish|wnish|uish|enish|owish|itish|yish|kish)|dark|pale|light|bright|cyan|crimson|scarlet|" +
    "maroon|burgundy|ruby|cherry|coral|salmon|peach|amber|mustard|lemon|lime|olive|mint|jade|emerald|navy|azure|indigo|cobalt|sapphire|" +
    "lavender|lilac|plum|ros[ey]|fuchsia|tan|tawny|sandy|chestnut|chocolate|auburn|ginger|copper|bronze|ivory|cream|snow|snowy|ebony|" +
    "raven|charcoal|jet|platinum|ash|ashen|monochrome|rainbow)$",
);

/** "a man with a green tie" where regions show a tie, but none of any colour. */
function lostColours(plan: Plan): { colour: string; noun: string }[] {
  const words = plan.prompt.toLowerCase().match(/[\p{L}\p{N}]+|[^\s\p{L}\p{N}]/gu) ?? [];
  if (words.length > 1000) return []; // a page of words; the lookups below grow with its square
  const texts = regionsOf(plan).map(({ prompt }) => wordsOf(prompt));
  return words.flatMap((colour, i) => {
    if (!COLOURS.has(colour)) return [];
    const after = words.slice(i + 1, i + 4);
    const end = after.findIndex((word) =>
      /[^\p{L}\p{N}]/u.test(word) || /^(?:and|or|in|on|of|with|at|is|are|to)$/.test(word)
    );
    const noun = after.slice(0, end < 0 ? 3 : end).findLast((word) =>
      texts.some((text) => text.some((own) => same(own, word)))
    );
    if (noun === undefined || COLOURS.has(noun) || isStyleOnly(noun)) return [];
    const holders = texts.filter((text) => text.some((own) => same(own, noun)));
    return holders.flat().some((word) => COLOURS.has(word) || SHADE.test(word)) ? [] : [{ colour, noun }];
  });
}

function same(word: string, noun: string): boolean {
  return word === noun || (nounOf(word) !== undefined && nounOf(word) === nounOf(noun));
}

/** The cells with the colour before the noun, in the first that has it. */
function putColourBack(cells: PlanCell[], colour: string, noun: string): PlanCell[] {
  let done = false;
  const change = (cell: PlanCell): PlanCell => {
    if ("regions" in cell) return { ...cell, regions: cell.regions.map(change) };
    const prompt = cell.prompt.replace(/(?:\b(an?)( ))?([\p{L}\p{N}]+)/giu, (all, article, space, word: string) => {
      if (done || !same(word.toLowerCase(), noun)) return all;
      done = true;
      const fitting = article ? `${article[0]}${/^[aeiou]/.test(colour) ? "n" : ""}${space}` : "";
      return `${fitting}${colour} ${word}`;
    });
    return { ...cell, prompt };
  };
  return cells.map(change);
}
