/**
 * From a target prompt to operations without a language model: the rules plan the target, and what the judge misses of
 * it is painted.
 *
 * @module
 */
import { briefText } from "../brief.ts";
import { UsageError } from "../errors.ts";
import { checklistOf } from "../judge/checklist.ts";
import { ask, type Check, isFault, type Judge } from "../judge/judge.ts";
import type { Picture } from "../picture/picture.ts";
import type { Plan } from "../plan/plan.ts";
import { expectEnglish } from "../plan/rules/language.ts";
import { headOf } from "../plan/rules/noun.ts";
import { planByRules } from "../plan/rules/rules.ts";
import type { Rect } from "../region/layout.ts";
import { boxOf, type Operation, rectOf } from "./operation.ts";
import { overlap } from "./rects.ts";
import { boxAt, spokenPlace } from "./spoken_place.ts";

/**
 * What must change so that the picture obeys the prompt. Where a judge looks, only what is not right; else what the
 * plans differ in.
 *
 * @returns the operations, none where nothing differs, and the plan of the target to paint them with
 * @throws UsageError where neither a judge nor the picture's own plan can be compared with
 */
export async function operationsBetween(
  target: string,
  picture: Picture,
  plan: Plan | undefined,
  judge: Judge | undefined,
  signal?: AbortSignal,
): Promise<{ operations: Operation[]; plan: Plan }> {
  await expectEnglish(target);
  const wanted = planByRules(target);
  if (!judge && !plan) {
    throw new UsageError(
      "Nothing tells what the picture shows: it carries no plan of ours and no judge looks. Say what to change: --replace, " +
        "--recolor, --remove or --add, or choose a --judge.",
    );
  }
  const cells = checklistOf(wanted);
  // A target of one thing has no cells; its words may name the place.
  const checks = cells.map((check): Check => {
    const { said, place } = spokenPlace(check.words);
    return check.box || !place ? check : { words: said, box: boxAt(place) };
  });
  const before = plan ? checklistOf(plan) : [];
  const marks = judge && await ask(judge, picture, checks, signal);
  const operations: Operation[] = [];
  const kept = new Set<Check>();
  const called = (list: readonly Check[], name: string) => list.filter(({ words }) => words === name);
  checks.forEach((check, i) => {
    const left = called(before, check.words).filter((thing) => !kept.has(thing));
    const same = left.find(({ box }) => !check.box || covers(box, check.box));
    // Of more than there shall be one stays as it is, whatever a judge says of so many.
    const isSpare = same && called(before, check.words).length > called(checks, check.words).length;
    // What the judge cannot tell is done where the picture's plan says something else.
    const right = isSpare || (marks && marks[i].verdict !== "unknown" ? !isFault(marks[i]) : same !== undefined);
    if (right) {
      const own = same ?? left.at(0);
      if (own) kept.add(own);
      return;
    }
    const alike = ({ words }: Check) => headOf(words) === headOf(check.words);
    const there = before.find(({ box }) => covers(box, check.box)) ?? (check.box ? undefined : before.find(alike));
    if (!there && !check.box) {
      throw new UsageError(
        `Where shall "${
          briefText(check.words, 80)
        }" be? Neither the target nor the picture tells, and all of it would be painted ` +
          `over. Say so, as in --add "a cat at the left", or give the place with --box x,y,w,h.`,
      );
    }
    const kind = !there ? "add" : alike(there) ? "recolor" : "replace";
    const box = cells[i].box ?? there?.box ?? check.box;
    operations.push({
      kind,
      ...(there ? { object: there.words } : {}),
      words: check.words,
      box: box ? boxOf(box) : [0, 0, 1, 1],
    });
  });
  const heads = new Set(checks.map(({ words }) => headOf(words)));
  for (const thing of before) {
    const { words, box } = thing;
    // Other words for the same kind may well be of this thing.
    const isWanted = called(checks, words).length ? kept.has(thing) : heads.has(headOf(words));
    if (!box || isWanted || operations.some((o) => o.box && covers(box, rectOf(o.box)))) continue;
    operations.push({ kind: "remove", object: words, box: boxOf(box) });
  }
  return { operations, plan: wanted };
}

/** Whether two places are one; without a box it is the whole picture. */
function covers(a?: Rect, b?: Rect): boolean {
  return a !== undefined && b !== undefined ? overlap(a, b) > 0.6 : a === b;
}
