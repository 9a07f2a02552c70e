/**
 * The story of an edit: what is to change → where → repaint there → look → again. Outside the masks no pixel changes.
 *
 * @module
 */
import { checkEditOptions } from "./edit/check_options.ts";
import { contour as contourOf } from "./edit/contour.ts";
import { boxAround, onlyWithin } from "./edit/mask.ts";
import { checkOperations, type Operation, rectOf } from "./edit/operation.ts";
import { planFor } from "./edit/paint_plan.ts";
import { repaintOf } from "./edit/repaint.ts";
import { type Guides, placed, rectOfOperation } from "./edit/place.ts";
import { grown, overlap } from "./edit/rects.ts";
import { operationsBetween } from "./edit/difference.ts";
import { thingMeant } from "./edit/spoken_place.ts";
import { UsageError } from "./errors.ts";
import { draw, type ImageResult, type StepEvent, toEnd } from "./generate.ts";
import { checklistOf } from "./judge/checklist.ts";
import { ask, type Check, isFault, type Judge, type Mark, worth } from "./judge/judge.ts";
import { latentMask, maskOf } from "./picture/inpaint.ts";
import type { Picture } from "./picture/picture.ts";
import { type Heat, look, prepareLook } from "./pipeline/heat.ts";
import type { Drawing } from "./pipeline/drawing.ts";
import type { Model } from "./pipeline/model.ts";
import { prepare } from "./pipeline/prepare.ts";
import { type Plan, regionsOf } from "./plan/plan.ts";
import type { PictureOptions } from "./settings.ts";
import { firstSeed, seedOf } from "./settings/seeds.ts";

/** How to edit or mend. Settings of the picture hold for every repaint; each takes the next seed. */
export interface EditOptions {
  /** What the picture shows now, where its recipe says. */
  plan?: Plan;
  /** What the picture shows, in words: what the model is told when it looks for things. Default: the plan's prompt. */
  caption?: string;
  /** The judge that looks at the results. Without one, every operation is painted once and taken. */
  judge?: Judge;
  /**
   * The shape of what is painted: "attention" the object's contour as the model sees it, "box" the whole of its place,
   * "auto" (the default) the contour where a thing keeps its shape or goes. Where nothing else tells where an object
   * is, its contour does.
   */
  contour?: "auto" | "attention" | "box";
  /** How often what is not right is painted anew; 3 by default. */
  rounds?: number;
  /** Of the picture: steps, seed, guidance, sampler, strength, maskBlur, … */
  settings?: PictureOptions;
  /** A mask of the picture's size: nothing is painted where this is not white. */
  within?: Picture;
  /**
   * Changes every drawing before it is drawn, those that look for contours included: it says which weights leave the
   * device.
   */
  fit?: (drawing: Drawing) => Drawing;
  /** Called with a sentence where a place is not certain, or where even the best one covers something else. */
  say?: (sentence: string) => void;
  /** Called after every step of every repaint. */
  onStep?: (step: StepEvent) => unknown;
  /** Aborting it ends the edit with a CancelledError. */
  signal?: AbortSignal;
}

/** Those that are no settings; the compiler knows whether all are named. */
const OPTIONS = Object.keys(
  {
    plan: 0,
    caption: 0,
    judge: 0,
    settings: 0,
    within: 0,
    fit: 0,
    say: 0,
    onStep: 0,
    signal: 0,
  } satisfies Record<Exclude<keyof EditOptions, "contour" | "rounds">, 0>,
);

/** One repaint. */
export interface Attempt {
  /** What was to be done. */
  operation: Operation;
  /** White where it was painted. */
  mask: Picture;
  /** What came of it. */
  result: ImageResult;
  /** Of the whole checklist; absent without a judge. */
  marks?: Mark[];
  /** Whether it was taken: never where it made the picture worse. */
  taken: boolean;
  /** Not a repaint: all of the picture was drawn anew. */
  whole?: boolean;
}

/** One round. */
export interface Round {
  /** From 1; 0 is the first look, before anything is painted. */
  round: number;
  /** In the order in which they were made. */
  attempts: Attempt[];
  /** The picture after it. */
  image: Picture;
  /** What it shows. */
  plan?: Plan;
  /** What the picture must show. */
  checklist: readonly Check[];
  /** One for each item; absent without a judge. */
  marks?: Mark[];
  /** Sampler steps of all repaints so far. */
  steps: number;
}

/** What an operation must have achieved, beside what must still be there. */
interface Item {
  operation: Operation;
  check: Check;
  /** Whether somebody asked for it: then it is painted once even where the judge finds nothing wrong. */
  asked: boolean;
}

/**
 * Edits a picture round by round.
 *
 * @param target operations; or the prompt that the picture shall obey: then `plan` and the judge tell what is missing
 *   and what is too much
 * @returns an async generator of rounds, the first look before anything is painted
 * @throws UsageError where nothing tells what to do or where; what a drawing or the judge throws, after a round
 *   with what was painted until then
 * @example
 * ```ts
 * const operations = [{ kind: "replace" as const, object: "a pear", words: "a red car" }];
 * for await (const { round, image } of edit(model, picture, operations, { plan })) console.log(round, image.width);
 * ```
 */
export async function* edit(
  model: Model,
  picture: Picture,
  target: string | readonly Operation[],
  options: EditOptions = {},
): AsyncGenerator<Round, void> {
  checkEditOptions(picture, options, OPTIONS);
  const { plan, operations } = await planEdit(picture, target, { ...options, model });
  const items = operations.map((operation): Item => ({ operation, check: checkOf(operation), asked: true }));
  const others = plan ? stillThere(plan, operations) : [];
  yield* roundsOf(model, picture, plan, items, others, options);
}

/** What an edit will do: every operation with its place, and the plan of what the picture shows, or of the target. */
export interface PlannedEdit {
  /** What the picture shows, or the target. */
  plan?: Plan;
  /** Each with its place. */
  operations: Operation[];
}

/**
 * Plans an edit and paints nothing.
 *
 * @param options.model looks for contours, where it is given; a function is called when it is needed first
 * @param options.guessed the operations' boxes are somebody's guess: contours are looked for within them
 * @throws UsageError where nothing tells what to do or where
 */
export async function planEdit(
  picture: Picture,
  target: string | readonly Operation[],
  {
    plan,
    caption = plan?.prompt ?? "",
    judge,
    contour,
    model,
    guessed = typeof target === "string",
    fit = (drawing) => drawing,
    say,
    signal,
  }:
    & Pick<EditOptions, "plan" | "caption" | "judge" | "contour" | "fit" | "say" | "signal">
    & { model?: Model | (() => Promise<Model>); guessed?: boolean },
): Promise<PlannedEdit> {
  const between = typeof target === "string"
    ? await operationsBetween(target, picture, plan, judge, signal)
    : { plan, operations: target };
  if (typeof target !== "string") checkOperations(target);
  const objects = [...new Set(between.operations.flatMap(({ object }) => object ? thingMeant(object).said : []))];
  const things = plan ? checklistOf(plan).map(({ words }) => words) : [];
  const looks = new Map<readonly string[], Promise<Heat>>();
  const lookFor = async (phrases: readonly string[]) => {
    const eyes = typeof model === "function" ? await model() : model!;
    const { drawing, words } = await prepareLook(eyes, picture, caption, phrases);
    return await look(eyes, { drawing: fit(drawing), words }, signal);
  };
  const sees: Guides["sees"] = model && (async (object, within) => {
    const phrases = objects.includes(object) ? objects : things;
    if (!looks.has(phrases)) looks.set(phrases, lookFor(phrases));
    const { maps, ...size } = await looks.get(phrases)!;
    return contourOf({ ...size, values: maps[phrases.indexOf(object)] }, picture, within);
  });
  const operations: Operation[] = [];
  const guides = { plan, judge, sees, contour, before: operations, guessed, say, signal };
  for (const operation of between.operations) operations.push(await placed(operation, picture, guides));
  return { plan: between.plan, operations };
}

/**
 * The drawings of an edit's first round as they would be if nothing had been painted before: what cannot be drawn is
 * refused here, and how much memory they need is known.
 *
 * @throws as `prepare`
 */
export async function firstRepaints(
  model: Model,
  picture: Picture,
  { plan, operations }: PlannedEdit,
  settings: PictureOptions = {},
): Promise<Drawing[]> {
  const limits = limitsOf(model, settings);
  const drawings: Drawing[] = [];
  for (const operation of operations) {
    const repaint = await repaintOf(operation, picture, planFor(operation, plan), { round: 1, settings, ...limits });
    drawings.push(await prepare(model, repaint));
  }
  return drawings;
}

/**
 * Looks at a finished picture and mends what its plan asks for and it does not show, region by region with new noise.
 * What is better is kept, so no round makes it worse.
 *
 * @param checklist what it must show; the plan's own by default
 * @param marks what the judge said of it, where it has looked already
 * @returns an async generator of rounds as {@linkcode edit}
 */
export async function* mend(
  model: Model,
  picture: Picture,
  plan: Plan,
  { checklist = checklistOf(plan), marks, ...options }: EditOptions & {
    judge: Judge;
    checklist?: readonly Check[];
    marks?: Mark[];
  },
): AsyncGenerator<Round, void> {
  checkEditOptions(picture, options, OPTIONS);
  if (marks && marks.length !== checklist.length) {
    throw new UsageError(`marks must be one for each item of the checklist: ${checklist.length}, not ${marks.length}.`);
  }
  const items = checklist.map((check): Item => {
    const { x0, y0, x1, y1 } = check.box ?? { x0: 0, y0: 0, x1: 1, y1: 1 };
    return { operation: { kind: "add", words: check.words, box: [x0, y0, x1, y1] }, check, asked: false };
  });
  yield* roundsOf(model, picture, plan, items, [], options, { describes: false, looked: marks });
}

/**
 * @param describes whether an operation changes what the plan says, rather than paint it again as it is
 * @param looked what the judge said of the picture
 */
async function* roundsOf(
  model: Model,
  picture: Picture,
  scene: Plan | undefined,
  items: readonly Item[],
  others: readonly Check[],
  { judge, rounds = 3, settings = {}, within, fit = (drawing) => drawing, onStep, signal }: EditOptions,
  { describes = true, looked }: { describes?: boolean; looked?: Mark[] } = {},
): AsyncGenerator<Round, void> {
  const checklist = [...items.map(({ check }) => check), ...others];
  const marksOf = (image: Picture) => judge && ask(judge, image, checklist, signal);
  let [image, plan, marks] = [picture, scene, looked ?? await marksOf(picture)];
  let [steps, painted] = [0, 0];
  const described = new Set<Item>(); // the plan says already what these change
  const seed = firstSeed(settings.seed);
  const limits = limitsOf(model, settings);
  yield { round: 0, attempts: [], image, plan, checklist, marks, steps };
  for (let round = 1; round <= rounds; round++) {
    const todo = items.filter(({ asked }, i) => round === 1 && asked || marks !== undefined && isFault(marks[i]));
    if (todo.length === 0) return;
    const attempts: Attempt[] = [];
    try {
      for (const item of todo) {
        const index = items.indexOf(item);
        // An earlier repaint of this round may have mended it.
        if (!(round === 1 && item.asked) && !isFault(marks![index])) continue;
        const { operation } = item;
        const isNews = describes ? !described.has(item) : isPart(operation) && regionsOf(plan!).length === 1;
        const next = isNews ? planFor(operation, plan) : plan!;
        const seen = marks?.[index].box;
        const repaint = await repaintOf(operation, image, next, { round, settings, seen, within, ...limits });
        const isKept = within && !latentMask(maskOf(repaint.mask), limits.grid).some(Boolean); // all of its place
        if (isKept) continue;
        const drawing = fit(await prepare(model, { ...repaint, seed: seedOf(seed, painted++) }));
        const result = await toEnd(draw(model, drawing, signal), onStep);
        steps += result.timings.steps.length;
        const judged = await marksOf(result.image)?.catch((failure) => {
          attempts.push({ operation, mask: repaint.mask, result, taken: item.asked });
          if (item.asked) [image, plan, marks] = [result.image, describes ? next : plan, undefined];
          throw failure;
        });
        const after = describes && judged && marks ? stillTrue(judged, marks, index, repaint.mask) : judged;
        const change = after && marks ? worth(after) - worth(marks) : 1;
        const open = after?.[index].verdict === "unknown";
        const taken = open || change > 0 || change === 0 && item.asked && round === 1;
        attempts.push({ operation, mask: repaint.mask, result, marks: after, taken });
        if (!taken) continue;
        [image, plan, marks] = [result.image, describes ? next : plan, after];
        described.add(item);
      }
    } catch (failure) {
      // What was taken until then is not lost; where nothing was, the marks are those of the round before.
      const news = attempts.some(({ taken }) => taken) ? { marks } : {};
      if (attempts.length && !signal?.aborted) yield { round, attempts, image, plan, checklist, ...news, steps };
      throw failure;
    }
    yield { round, attempts, image, plan, checklist, marks, steps };
  }
}

/**
 * Marks after a repaint. What was right and lies apart from the mask is the same to the pixel, so it is right still,
 * whatever the judge thinks of it now.
 */
function stillTrue(after: readonly Mark[], before: readonly Mark[], index: number, mask: Picture): Mark[] {
  const isApart = ({ box }: Mark) => box !== undefined && !boxAround(onlyWithin(mask, grown(box, 0.25)));
  return after.map((mark, i) =>
    i !== index && isFault(mark) && !isFault(before[i]) && isApart(before[i]) && (!mark.box || isApart(mark))
      ? before[i]
      : mark
  );
}

/** In what pixels a model sees masks, and in how many steps it paints. */
function limitsOf({ decoder, checkpoint: { preset } }: Model, { steps = preset.steps }: PictureOptions) {
  return { grid: decoder.network.factor, steps };
}

/** Whether a place is only a part of the picture, for which a plan of one region does not say what belongs there. */
function isPart(operation: Operation): boolean {
  const { x0, y0, x1, y1 } = rectOfOperation(operation);
  return (x1 - x0) * (y1 - y0) < 1;
}

function checkOf(operation: Operation): Check {
  const { kind, object, words } = operation;
  const place = operation.box ? { box: rectOf(operation.box) } : {};
  return kind === "remove" ? { words: object!, absent: true, ...place } : { words: words!, ...place };
}

/** What the plan asks for, without what the operations change or ask for themselves. */
function stillThere(plan: Plan, operations: readonly Operation[]): Check[] {
  const checks = checklistOf(plan);
  if (checks.length === 1 && !checks[0].box) return operations.some(({ kind }) => kind !== "add") ? [] : checks;
  return checks.filter(({ words, box }) =>
    !operations.some((operation) =>
      box && overlap(box, rectOfOperation(operation)) > 0.5 && (operation.kind !== "add" || operation.words === words)
    )
  );
}
