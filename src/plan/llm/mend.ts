import { formatSplitRatio, parseSplitRatio } from "../../region/split_ratio.ts";
import { baseRatiosOf, DEFAULT_BASE_RATIO, type Plan, type PlanCell, regionsOf } from "../plan.ts";
import { planByRules } from "../rules/rules.ts";
import { oneOf } from "../rules/phrase.ts";
import { readScene } from "../rules/reader.ts";
import type { Scene, SceneObject } from "../rules/scene.ts";
import { ADJECTIVES, article, COLOURS, singular } from "../rules/words.ts";

/**
 * Put back what a plan forgot of its prompt: an object that no region mentions gets a cell at its place (as a published
 * two-stage planner does, arXiv 2511.06888), a colour returns to its noun. A count that is too low is only warned of, since more cells
 * would change the layout that the planner reasoned about.
 */
export function mendPlan(plan: Plan): { plan: Plan; notes: string[] } {
  const notes: string[] = [];
  const scene = readScene(plan.prompt);
  let mended = plan;
  for (const object of scene.objects) {
    const regions = regionsOf(mended);
    const holders = regions.filter((region) => mentions(region.prompt, object.head));
    if (holders.length === 0) {
      const added = addObject(mended, scene, object);
      mended = added ?? mended;
      notes.push(
        added
          ? `Mended: no region showed "${object.text}"; it was given a cell of its own.`
          : `Warning: no region shows "${object.text}".`,
      );
    } else if (
      holders.length < object.count &&
      !holders.some(({ prompt }) => /\b(?:two|three|four|five|six|seven|eight|several|many|\d+)\b/i.test(prompt))
    ) {
      notes.push(
        `Warning: the prompt has ${object.text}, but only ${
          holders.length === 1 ? "1 region shows" : `${holders.length} regions show`
        } one.`,
      );
    }
  }
  for (const { colour, noun, head } of colouredNouns(scene)) {
    const next = putColourBack(mended, colour, noun, head);
    if (next === undefined) continue;
    mended = next;
    notes.push(`Mended: the ${noun} had lost its colour; "${colour}" was put back.`);
  }
  return { plan: mended, notes };
}

/** Whether a text has this noun as a word, in the singular or the plural. */
function mentions(text: string, noun: string): boolean {
  return words(text).some((word) => word === noun || singular(word) === singular(noun));
}

function words(text: string): string[] {
  return text.toLowerCase().match(/[\p{L}\p{N}-]+/gu) ?? [];
}

/** A cell for a forgotten object, in the row and at the side where the prompt has it. Nested plans are left as they are. */
function addObject(plan: Plan, scene: Scene, object: SceneObject): Plan | undefined {
  if (plan.regions.some((cell) => "regions" in cell)) return undefined;
  const shared = [...scene.background, ...scene.style];
  const text = object.count > 1 ? oneOf(object.text) : object.text;
  const cell: PlanCell = { prompt: [object.setting ? `${text} ${object.setting}` : text, ...shared].join(", ") };
  if (plan.regions.length === 1) {
    const byRules = planByRules(plan.prompt);
    if (byRules.regions.length === 1) return undefined;
    return { ...plan, splitRatio: byRules.splitRatio, regions: byRules.regions };
  }
  const { rows } = parseSplitRatio(plan.splitRatio, plan.regions.length);
  const { x = 2, y } = object.place;
  const row = y === 0 ? 0 : y === 1 ? Math.floor(rows.length / 2) : rows.length - 1;
  const { widths } = rows[row];
  const column = x === 0 ? 0 : x === 1 ? Math.ceil(widths.length / 2) : widths.length;
  const before = rows.slice(0, row).reduce((sum, { widths }) => sum + widths.length, 0);
  const width = widths.reduce((sum, width) => sum + width, 0) / widths.length;
  rows[row].widths = widths.toSpliced(column, 0, Number(width.toFixed(4)));
  // A list of base ratios has one value a cell: each region takes its own, so that the new cell shifts none.
  const isList = typeof plan.baseRatio === "string";
  const ratios = baseRatiosOf(plan);
  const regions = isList ? regionsOf(plan).map((region, i) => ({ ...region, baseRatio: ratios[i] })) : plan.regions;
  return {
    ...plan,
    ...(isList ? { baseRatio: DEFAULT_BASE_RATIO } : {}),
    splitRatio: formatSplitRatio(rows),
    regions: regions.toSpliced(before + column, 0, cell),
  };
}

/** "a man with a green tie" → green tie, of the man. */
function colouredNouns(scene: Scene): { colour: string; noun: string; head: string }[] {
  return scene.objects.flatMap(({ text, head }) => {
    const list = words(text);
    return list.flatMap((colour, i) => {
      if (!COLOURS.has(colour)) return [];
      const noun = list.slice(i + 1).find((word) => !COLOURS.has(word) && !ADJECTIVES.has(word) && word !== "and");
      return noun ? [{ colour, noun: singular(noun), head }] : [];
    });
  });
}

/** The plan with the colour before its noun; undefined where it is there already or the noun is nowhere. */
function putColourBack(plan: Plan, colour: string, noun: string, head: string): Plan | undefined {
  const texts = regionsOf(plan).map(({ prompt }) => prompt).filter((text) =>
    mentions(text, noun) || mentions(text, head)
  );
  if (texts.length === 0 || texts.some((text) => words(text).includes(colour))) return undefined;
  const target = texts.find((text) => mentions(text, noun)) ?? texts[0];
  const replaced = target
    .replace(/[\p{L}\p{N}-]+/gu, (word) => singular(word.toLowerCase()) === noun ? `${colour} ${word}` : word)
    .replace(new RegExp(`\\ban? (?=${colour} )`, "g"), `${article(colour)} `);
  const prompt = replaced === target ? `${target}, ${colour} ${noun}` : replaced;
  let done = false;
  const change = (cells: PlanCell[]): PlanCell[] =>
    cells.map((cell) => {
      if ("regions" in cell) return { ...cell, regions: change(cell.regions) };
      if (done || cell.prompt !== target) return cell;
      done = true;
      return { ...cell, prompt };
    });
  return { ...plan, regions: change(plan.regions) };
}
