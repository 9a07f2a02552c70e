/**
 * Draw one picture and put it on the disk, with progress and previews on the way.
 *
 * @module
 */
import { RpgError } from "../errors.ts";
import { loadNode } from "../deps/node.ts";
import { draw, type StepEvent, toEnd } from "../generate.ts";
import type { Settings } from "../settings.ts";
import type { Drawing } from "../pipeline/drawing.ts";
import { writeSomewhere } from "../files/new_file.ts";
import { encodePicture } from "../formats/encode_picture.ts";
import type { Plan } from "../plan/plan.ts";
import { type ModelRecipe, publicPlan, recipeTexts } from "../recipe.ts";
import type { Judge } from "../judge/judge.ts";
import type { Context } from "./command.ts";
import type { Describe } from "./layers.ts";
import type { loopReport } from "./loop.ts";
import type { OpenedModel } from "./open_model.ts";
import type { Output } from "./output.ts";
import { previewOf } from "./preview.ts";
import { type Timings, timingsTable } from "./timings.ts";

/** What `--json` says of a picture. */
export interface Report {
  path: string;
  seed: number | bigint;
  plan: Plan;
  /** Absent with --no-metadata. */
  model?: ModelRecipe;
  settings: Settings;
  timings: Timings;
  memory: { peak_bytes: number; weights_bytes: number };
  warnings: string[];
  /** What the judge said, with --rounds and --best-of. */
  loop?: ReturnType<typeof loopReport>;
}

/**
 * Draw what is prepared and write the picture. Nothing is left behind where it is cancelled or fails.
 *
 * @param carries what the picture shall carry: texts as they are, or its recipe; nothing with --no-metadata
 * @param number of the picture within its batch, from 1
 * @param judge looks at it, for --rounds and --best-of
 */
export async function drawToFile(
  opened: OpenedModel,
  drawing: Drawing,
  output: Output,
  carries: Map<string, string> | Describe | undefined,
  context: Context,
  number = 1,
  judge?: Judge,
): Promise<Report> {
  const { console, signal, flags } = context;
  const started = performance.now();
  const preview = previewOf(output.pattern, context);
  try {
    console.progress.stage("Preparing");
    const onStep = async (event: StepEvent) => {
      const { step, steps, seconds } = event;
      console.progress.step({ step, steps, seconds });
      if (step === 2) { // while the device computes
        loadNode();
        if (typeof carries === "function") carries.begin?.();
      }
      await preview.show?.(event);
    };
    const { rounds, bestOf } = flags;
    const loop = judge && await import("./loop.ts"); // with what edits and their plans need
    const kept = await loop?.drawAndMend(opened.model, drawing, { judge: judge!, rounds, bestOf, onStep, signal });
    const { looked, failure } = kept ?? {};
    const result = looked?.result ?? await toEnd(draw(opened.model, drawing, signal), onStep);
    const { image, plan, settings, timings, memory, warnings } = result;
    if (loop && looked && !failure) console.say(loop.describeLooked(looked));
    signal.throwIfAborted();
    const writing = performance.now();
    const recipe = typeof carries === "function"
      ? await (loop && looked ? loop.recipeOf(looked, drawing, carries, output, console.say) : carries(result))
      : undefined;
    const texts = carries instanceof Map ? Object.fromEntries(carries) : recipe && recipeTexts(recipe);
    const bytes = await encodePicture(output.format, image, texts);
    const path = await writeSomewhere(output, bytes, console.complain, number);
    if (flags.report !== undefined) {
      const { drawingReport, writeReport } = await import("./report.ts");
      await writeReport(context, () => drawingReport(result, opened.model.checkpoint.name, looked), number);
    }
    if (failure) throw keptIn(path, failure);
    const now = performance.now();
    opened.model.device.tracer?.span("write", writing, now);
    const report: Report = {
      path,
      seed: settings.seed,
      plan: publicPlan(plan),
      model: recipe?.model,
      settings,
      timings: {
        load: opened.seconds,
        ...timings,
        write: (now - writing) / 1000,
        total: opened.seconds + (now - started) / 1000,
      },
      memory: { peak_bytes: memory.peakBytes, weights_bytes: memory.weightsBytes },
      warnings,
      ...loop && looked && { loop: loop.loopReport(looked) },
    };
    preview.finish?.(image);
    if (flags.timings) console.say(timingsTable(report.timings));
    return report;
  } finally {
    await preview.remove?.();
  }
}

/** A failure after which something is on the disk all the same. */
export function keptIn(path: string, failure: RpgError): RpgError {
  const { message, exitCode: code } = failure;
  return new RpgError(`${message} What was painted until then is in ${path}.`, code, { cause: failure });
}
