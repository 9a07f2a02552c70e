/**
 * `--report`: what was asked, planned, painted and seen, as a page.
 *
 * @module
 */
import type { Looked } from "../closed_loop.ts";
import type { Attempt, Round } from "../edit.ts";
import { describeOperation, type Operation } from "../edit/operation.ts";
import { drawEdit } from "../edit/show.ts";
import { writeSomewhere } from "../files/new_file.ts";
import type { ImageResult } from "../generate.ts";
import type { Picture } from "../picture/picture.ts";
import type { Plan } from "../plan/plan.ts";
import { drawPlan } from "../plan/show/layout_picture.ts";
import { publicPlan } from "../recipe.ts";
import type { Settings } from "../settings.ts";
import type { Context } from "./command.ts";
import { type Chapter, type Report, reportPage } from "./report_page.ts";

/** Writes a page where `--report` says, where it does. */
export async function writeReport({ flags, console }: Context, report: () => Report, number = 1): Promise<void> {
  const { report: pattern, force } = flags;
  if (pattern === undefined) return;
  const path = await writeSomewhere(
    { pattern, force },
    new TextEncoder().encode(reportPage(report())),
    console.complain,
    number,
  );
  console.say(`Report: ${path}`);
}

/** A picture that was drawn, and looked at where a judge was there and did not fail at once. */
export function drawingReport(
  { image, plan, settings, warnings }: ImageResult,
  model: string,
  looked?: Looked,
): Report {
  const said = {
    Model: model,
    ...settingsOf(settings),
    Plan: publicPlan(plan),
    ...(warnings.length ? { warnings } : {}),
  };
  const planned = planChapter(looked?.plan ?? plan, settings);
  if (!looked?.drawn.length) {
    const figures = [{ image, says: `seed ${settings.seed}` }];
    return {
      title: "A picture",
      asked: plan.prompt,
      chapters: [...planned, { title: "Drawn", figures }],
      settings: said,
    };
  }
  const { drawn, checklist, rounds } = looked;
  const best = Math.max(...drawn.map(({ worth }) => worth));
  const kept = drawn.findIndex(({ worth }) => worth === best);
  const first: Chapter = {
    title: drawn.length > 1 ? `The best of ${drawn.length}` : "Drawn",
    figures: drawn.map(({ image, seed }, i) => ({
      image,
      says: `seed ${seed}`,
      ...(drawn.length > 1 ? { taken: i === kept } : {}),
    })),
    checklist,
    marks: drawn[kept].marks,
  };
  const chapters = [...planned, first, ...rounds.slice(1).flatMap(roundChapter), endChapter(looked.result.image)];
  return { title: "A picture, looked at", asked: looked.plan.prompt, chapters, settings: said };
}

/** What an edit began with, painted and ended in. */
export function editReport(
  before: Picture,
  { caption, target, operations, masks, rounds, model }: {
    caption?: string;
    target?: string;
    operations: readonly Operation[];
    masks: readonly Picture[];
    rounds: readonly Round[];
    model: string;
  },
): Report {
  const [start] = rounds;
  const last = rounds[rounds.length - 1];
  const taken = rounds.flatMap(({ attempts }) => attempts).findLast((attempt) => attempt.taken);
  const where: Chapter = {
    title: "Before",
    figures: [{ image: before, says: caption ?? "the picture" }, {
      image: drawEdit(before, operations, masks),
      says: "where it paints",
    }],
    checklist: start.checklist,
    marks: start.marks,
  };
  return {
    title: "An edit",
    asked: [target, ...operations.map((operation, i) => `${i + 1}. ${describeOperation(operation)}`)].filter(Boolean)
      .join("\n"),
    chapters: [where, ...rounds.slice(1).flatMap(roundChapter), endChapter(last.image)],
    settings: {
      Model: model,
      ...(taken ? { ...settingsOf(taken.result.settings), Plan: publicPlan(taken.result.plan) } : {}),
      "Steps in all": last.steps,
    },
  };
}

function planChapter(plan: Plan, { width, height }: Settings): Chapter[] {
  const image = drawPlan(plan, { aspect: width / height });
  return [{ title: "The plan", figures: [{ image, says: `by ${plan.planner}, split ratio ${plan.splitRatio}` }] }];
}

function roundChapter({ round, attempts, checklist, marks }: Round): Chapter {
  const figure = ({ operation, result, taken, mask }: Attempt) => [
    { image: drawEdit(result.image, [operation], [mask]), says: "where it was painted" },
    {
      image: result.image,
      says: `${describeOperation(operation)}; seed ${result.settings.seed}, ${taken ? "taken" : "not taken"}`,
      taken,
    },
  ];
  return { title: `Round ${round}`, figures: attempts.flatMap(figure), checklist, marks };
}

function endChapter(image: Picture): Chapter {
  return { title: "The result", figures: [{ image, says: "as it was written" }] };
}

/** Pictures by their names. */
function settingsOf(settings: Settings): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(settings).map(([name, value]) => [name, isPicture(value) ? "a picture" : value]),
  );
}

function isPicture(value: unknown): boolean {
  return typeof value === "object" && value !== null && "data" in value;
}
