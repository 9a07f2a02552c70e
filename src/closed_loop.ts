/**
 * The closed loop: draw, look, keep the best of several, mend what is not as asked.
 *
 * @module
 */
import type { Operation } from "./edit/operation.ts";
import { mend, type Round } from "./edit.ts";
import { CancelledError, orCancelled, PlannerError, RpgError } from "./errors.ts";
import { addedTimings, draw, type ImageResult, type StepEvent, toEnd } from "./generate.ts";
import { checklistOf } from "./judge/checklist.ts";
import { ask, type Check, isFault, type Judge, type Mark, worth } from "./judge/judge.ts";
import { filled, type Picture } from "./picture/picture.ts";
import type { Drawing } from "./pipeline/drawing.ts";
import type { Model } from "./pipeline/model.ts";
import type { Networks } from "./pipeline/networks.ts";
import { enlargeBy, tied } from "./pipeline/larger.ts";
import { prepare } from "./pipeline/prepare.ts";
import { paintedIn } from "./pipeline/start.ts";
import { type Plan, regionsOf } from "./plan/plan.ts";
import { expectEnglish } from "./plan/rules/language.ts";
import { planByRules } from "./plan/rules/rules.ts";
import { kindOf } from "./settings/kind_of.ts";
import { checkValue } from "./settings/kinds.ts";
import { largerSettings, loopSettings, startSettings } from "./settings/schema.ts";
import { seedOf } from "./settings/seeds.ts";
import type { PictureOptions } from "./settings.ts";

/** How to look and what to do about it. */
export interface LoopOptions {
  /** Looks at each picture. */
  judge: Judge;
  /** Pictures to draw, each with the next seed, until one is all right; the best goes on. 1 by default. */
  bestOf?: number;
  /** How often what is not right is painted anew; 0 by default. */
  rounds?: number;
  /** Called after every step. */
  onStep?: (step: StepEvent) => unknown;
  /** Aborting it ends the loop with a CancelledError. */
  signal?: AbortSignal;
}

/** A picture that was looked at. */
export interface Looked {
  /** The picture, with the plan and the settings of what painted it last; timings are those of all that was painted. */
  result: ImageResult;
  /** What the picture must show. */
  checklist: readonly Check[];
  /** One for each item of the checklist. */
  marks: Mark[];
  /** What was drawn, before any of it was mended. */
  plan: Plan;
  /** Each picture that was drawn, with its marks and what they are worth. */
  drawn: { seed: number | bigint; worth: number; image: Picture; marks: Mark[] }[];
  /** The rounds that mended the best of them; the first is only the look before. */
  rounds: Round[];
}

/** A loop that could not go on: its judge failed, or a later drawing. */
export class UnfinishedError extends RpgError {
  /** `looked` has the best picture until then. */
  constructor(cause: RpgError, readonly looked: Looked) {
    super(cause.message, cause.exitCode, { cause });
  }
}

/** What to throw where a loop ends in `error`. @param looked what came of it until then */
function unfinished(error: unknown, looked: Looked | undefined): unknown {
  const isOurs = error instanceof RpgError && !(error instanceof CancelledError);
  return isOurs && looked ? new UnfinishedError(error, looked) : error;
}

/**
 * Draws what is prepared, looks, and mends.
 *
 * @throws as `draw` where there is no picture yet, then UnfinishedError for whatever else ends it, the judge above all,
 *   and UsageError for counts that the command line would refuse, too
 */
export async function drawAndMend(model: Model, drawing: Drawing, options: LoopOptions): Promise<Looked> {
  const { rounds = 0 } = options;
  if (rounds !== 0) checkValue(kindOf(loopSettings.rounds), rounds, "rounds"); // before anything is drawn
  const first = withoutEnlarging(drawing);
  const looked = await mendBest(model, first, await drawBest(model, first, options), options);
  if (first === drawing) return looked;
  try {
    return await enlargedLast(model, drawing, looked, options.signal);
  } catch (error) {
    throw unfinished(error, looked);
  }
}

/** What a network enlarges in the end is looked at and mended before that, in the size that the model paints. */
function withoutEnlarging(drawing: Drawing): Drawing {
  const { larger, settings: { upscaleModel: _, ...settings }, stages: { larger: __, ...stages } } = drawing;
  if (!larger?.finally) return drawing;
  const { finally: ___, ...again } = larger;
  return tied({ ...drawing, settings, stages, larger: again.drawing && again });
}

async function enlargedLast(
  model: Model,
  { larger, offload, settings: { upscaleModel } }: Drawing,
  looked: Looked,
  signal?: AbortSignal,
): Promise<Looked> {
  const { result } = looked;
  const enlarged = async () => {
    using _turn = await model.turn(signal);
    const started = performance.now();
    const image = await enlargeBy(model, larger!.finally!, result.image, offload, signal);
    return { image, seconds: (performance.now() - started) / 1000 };
  };
  const { image, seconds } = await enlarged().catch((error) => {
    throw orCancelled(error, signal);
  });
  const timings = { ...result.timings, decode: result.timings.decode + seconds };
  const memory = { ...result.memory, peakBytes: model.device.peakBytes };
  return { ...looked, result: { ...result, image, timings, memory, settings: { ...result.settings, upscaleModel } } };
}

/** The best of several drawings; the first half of `drawAndMend`. */
export async function drawBest(model: Model, drawing: Drawing, options: Omit<LoopOptions, "rounds">): Promise<Looked> {
  const { judge, bestOf = 1, onStep, signal } = options;
  checkValue(kindOf(loopSettings.bestOf), bestOf, "bestOf");
  const checklist = await checklistFor(drawing.plan);
  const drawn: Looked["drawn"] = [];
  let best: { result: ImageResult; marks: Mark[] } | undefined;
  let timings: ImageResult["timings"] = { encode: 0, compile: 0, steps: [], decode: 0 };
  const looked = ({ result, marks }: NonNullable<typeof best>): Looked => {
    return { result: { ...result, timings }, plan: drawing.plan, checklist, marks, drawn, rounds: [] };
  };
  try {
    for (let i = 0; i < bestOf && !best?.marks.every((mark) => !isFault(mark)); i++) {
      const seed = seedOf(drawing.settings.seed, i);
      const result = await toEnd(draw(model, { ...drawing, settings: { ...drawing.settings, seed } }, signal), onStep);
      timings = addedTimings(timings, result.timings);
      best ??= { result, marks: checklist.map(() => ({ verdict: "unknown" })) };
      const marks = await ask(judge, result.image, checklist, signal);
      if (drawn.length === 0 || worth(marks) > worth(best.marks)) best = { result, marks };
      drawn.push({ seed, worth: worth(marks), image: result.image, marks });
    }
  } catch (error) {
    throw unfinished(error, best && looked(best));
  }
  return looked(best!);
}

/**
 * What `drawBest` found, mended in rounds; the second half of `drawAndMend`. After a round that mended nothing, the
 * next draws the whole picture with another seed; the better of the two goes on.
 */
export async function mendBest(
  model: Model,
  drawing: Drawing,
  looked: Looked,
  { judge, bestOf = 1, rounds: most = 0, onStep, signal }: LoopOptions,
): Promise<Looked> {
  if (most === 0) return looked;
  let { result, result: { timings }, marks } = looked;
  const { plan, checklist } = looked;
  const within = drawing.start && paintedIn(drawing.start); // what a person keeps stays
  const rounds: Round[] = [];
  let [steps, painted] = [0, bestOf];
  const add = (round: Round) => {
    rounds.push({ ...round, round: rounds.length, steps: steps += stepsOf(round) });
    marks = round.marks ?? marks;
    for (const attempt of round.attempts) {
      timings = addedTimings(timings, attempt.result.timings);
      if (attempt.taken) result = attempt.result;
    }
    painted += round.attempts.length;
    return round.attempts.some(({ taken }) => taken);
  };
  const fit = (repaint: Drawing) => ({ ...repaint, offload: drawing.offload });
  const mended = (): Looked => ({ ...looked, result: { ...result, timings }, marks, rounds });
  try {
    for (;;) {
      const settings = { ...repaintSettings(drawing), seed: seedOf(drawing.settings.seed, painted) };
      const left = most - Math.max(0, rounds.length - 1);
      const mending = { judge, checklist, marks, rounds: left, settings, within, fit, onStep, signal };
      for await (const round of mend(model, result.image, plan, mending)) {
        const isLook = round.round === 0;
        if (isLook && rounds.length) continue;
        if (!add(round) && !isLook && round.marks) break; // without marks something has failed
      }
      if (rounds.length > most || !marks.some(isFault)) break;
      const seed = seedOf(drawing.settings.seed, painted);
      const again = await toEnd(draw(model, { ...drawing, settings: { ...drawing.settings, seed } }, signal), onStep);
      const after = await ask(judge, again.image, checklist, signal);
      const taken = worth(after) > worth(marks);
      const attempt = {
        operation: wholeOf(plan),
        mask: whiteOver(again.image),
        result: again,
        marks: after,
        taken,
        whole: true,
      };
      const image = taken ? again.image : result.image;
      add({ round: 0, attempts: [attempt], image, plan, checklist, marks: taken ? after : marks, steps: 0 });
      if (rounds.length > most) break;
    }
  } catch (error) {
    throw unfinished(error, mended());
  }
  return mended();
}

function stepsOf({ attempts }: Round): number {
  return attempts.reduce((sum, { result }) => sum + result.timings.steps.length, 0);
}

function wholeOf({ prompt: words }: Plan): Operation {
  return { kind: "add", words, box: [0, 0, 1, 1] };
}

function whiteOver({ width, height }: Picture): Picture {
  return filled(width, height, [255, 255, 255, 255]);
}

/** Made from the plan; for a plan of one region, by the rules from its prompt. */
async function checklistFor(plan: Plan): Promise<Check[]> {
  if (regionsOf(plan).length > 1) return checklistOf(plan);
  try {
    await expectEnglish(plan.prompt);
    return checklistOf(planByRules(plan.prompt));
  } catch (error) {
    if (!(error instanceof PlannerError)) throw error;
    return checklistOf(plan); // in a language that the rules do not read
  }
}

/** A drawing that needs as much memory as a repaint of what `drawing` becomes. */
export async function repaintLike(networks: Networks, drawing: Drawing): Promise<Drawing> {
  const { settings } = drawing.larger?.drawing ?? drawing;
  const white = filled(settings.width, settings.height, [255, 255, 255, 255]);
  return await prepare(networks, {
    ...repaintSettings(drawing),
    plan: drawing.plan,
    initImage: white,
    mask: white,
    strength: 1,
  });
}

/** Settings that say how a picture began and how it was enlarged: that is done when it is painted over. */
const DONE = new Set([...Object.keys(startSettings), ...Object.keys(largerSettings), "width", "height", "seed"]);

/** How a repaint samples: as the picture did, with its LoRAs and ControlNets. */
function repaintSettings({ settings, given }: Drawing): PictureOptions {
  const kept = Object.entries({ ...settings, ...given }).filter(([name]) => !DONE.has(name));
  // It also says how control pictures are fitted to the picture's size.
  return { ...Object.fromEntries(kept), ...(given.controlNets ? { resize: settings.resize } : {}) };
}
