/**
 * Where the pictures of one run are drawn: a model that stays open from one to the next, and the plans made so far.
 *
 * @module
 */
import { dirname, relative, resolve } from "../deps/path.ts";
import { CancelledError } from "../errors.ts";
import { type NewFileOptions, writeNewFile } from "../files/new_file.ts";
import type { Drawing } from "../pipeline/drawing.ts";
import type { Model } from "../pipeline/model.ts";
import { prepare } from "../pipeline/prepare.ts";
import { type Plan, withMasks } from "../plan/plan.ts";
import { describeModel, makeRecipe, type ModelRecipe, publicPlan } from "../recipe.ts";
import { modelSettings, plannerSettings, planSettings } from "../settings/schema.ts";
import { wordsOf } from "../text/remarks.ts";
import { saysYes } from "./ask.ts";
import { choosePlan } from "./choose_plan.ts";
import type { Context } from "./command.ts";
import { json } from "./json.ts";
import { drawToFile, type Report } from "./draw.ts";
import type { JudgeFor } from "./judge_of.ts";
import type { Describe } from "./layers.ts";
import { fitWithin } from "./max_vram.ts";
import { loadWeights, type ModelChoice, type OpenedModel, openModel } from "./open_model.ts";
import { pictureOptions } from "./options.ts";
import { claimed, type Output, type OwnFiles } from "./output.ts";
import { showPlan } from "./show_plan.ts";
import { unknownWords } from "./unknown_words.ts";

/** What decides a plan, beside the prompt. */
const PLANNED = [...Object.keys(planSettings), ...Object.keys(plannerSettings), "width", "height"] as const;

/** A model that is open. */
interface Easel {
  /** What it was opened by. */
  key: string;
  opened: OpenedModel;
  loaded: boolean;
  recipe?: Promise<ModelRecipe>;
}

/** Draws picture after picture. What two of them share (model, plan, encoded prompts) is made once. */
export class Studio implements Disposable {
  #easel?: Easel;
  readonly #plans = new Map<string, Plan>();
  /** Files that plans are in, each with what decided its plan. */
  readonly #saved = new Set<string>();
  #last?: { key: string; drawing: Drawing };

  constructor(private readonly judgeFor: JudgeFor) {}

  /**
   * Opens the model that the flags name, and closes another one. What it cannot draw is refused here, before a planner
   * is asked and before weights are loaded.
   *
   * @param whole whether the flags are all that decides some picture
   * @returns the model
   */
  async open(context: Context, whole = true): Promise<Model> {
    const { model } = (await this.#open(context)).opened;
    if (whole) await prepare(model, { ...pictureOptions(context.flags), prompt: "" });
    return model;
  }

  /** Draws the picture with this seed and writes it. @param number of the picture in its batch, from 1 */
  async draw(context: Context, seed: number | bigint, output: Output, number: number): Promise<Report> {
    const judge = await this.judgeFor(context);
    const easel = await this.#open(context);
    const drawing = await this.#drawingOf(easel, context, output.own);
    if (!easel.loaded) {
      easel.opened.model.adapt(drawing.loras.whole);
      easel.opened = await loadWeights(easel.opened, context);
      easel.loaded = true;
    }
    const { flags: { noMetadata, fullHash }, signal } = context;
    const describe = () => {
      easel.recipe ??= describeModel(easel.opened.model, fullHash, signal);
      easel.recipe.catch(() => easel.recipe = undefined); // is thrown where it is awaited; the next picture tries anew
      return easel.recipe;
    };
    const recipeOf: Describe = async ({ plan, settings }) => makeRecipe(await describe(), plan, settings);
    recipeOf.begin = describe;
    const seeded = { ...drawing, settings: { ...drawing.settings, seed } };
    return await drawToFile(
      easel.opened,
      seeded,
      output,
      noMetadata ? undefined : recipeOf,
      context,
      number,
      judge,
    );
  }

  async #open(context: Context): Promise<Easel> {
    const { model, unet, vae, preset, prediction, zsnr, embeddings, type } = context.flags;
    const choice: ModelChoice = { model, unet, vae, preset, prediction, zsnr, embeddings, type };
    const key = keyOf(context.flags, Object.keys(modelSettings));
    if (this.#easel?.key === key) return this.#easel;
    this.close();
    return this.#easel = { key, opened: await openModel(choice, context), loaded: false };
  }

  /** The drawing of a context, seed aside; the one before it where nothing else is different. */
  async #drawingOf({ key: model, opened }: Easel, context: Context, own?: OwnFiles): Promise<Drawing> {
    const { argument, flags } = context;
    const { seed: _, output: _output, ...deciding } = flags;
    const key = json([model, argument, deciding]);
    if (this.#last?.key !== key) {
      this.#last = { key, drawing: await prepareOne(opened, await this.#planOf(context, own), context) };
    }
    return this.#last.drawing;
  }

  async #planOf(context: Context, own?: OwnFiles): Promise<Plan> {
    const { argument, flags, signal } = context;
    const key = json([argument, flags.prompt, keyOf(flags, PLANNED)]);
    const { savePlan: path } = flags;
    const known = this.#plans.get(key);
    const plan = known ?? await choosePlan(context);
    if (!known) {
      context.console.event("plan", { plan: publicPlan(plan) });
      showPlan(plan, context);
    }
    if (path && !this.#saved.has(path + key)) {
      await savePlan(plan, { pattern: path, force: flags.force }, own);
      this.#saved.add(path + key);
    }
    if (known) return known;
    if (flags.confirm && !await saysYes("Draw this plan?", "--confirm", signal)) {
      throw new CancelledError("Nothing was drawn.");
    }
    signal.throwIfAborted();
    this.#plans.set(key, plan);
    return plan;
  }

  /** Closes the model. */
  close(): void {
    this.#easel?.opened.model.close();
    this.#easel = this.#last = undefined;
  }

  /** {@linkcode Studio.close} */
  [Symbol.dispose](): void {
    this.close();
  }
}

function keyOf(flags: Context["flags"], names: readonly string[]): string {
  return json(names.map((name) => flags[name as keyof typeof flags] ?? null));
}

/** A plan settled for the model, with what there is to say of it. */
async function prepareOne({ model }: OpenedModel, plan: Plan, { flags, console }: Context): Promise<Drawing> {
  for (const remark of await unknownWords(wordsOf(plan.prompt), model.checkpoint.path)) console.say(remark);
  const drawing = await prepare(model, { ...pictureOptions(flags), plan });
  for (const warning of drawing.warnings) console.say(warning);
  const { mode, baseRatio } = drawing.plan;
  const news = [
    ...(plan.phases || mode === (plan.mode ?? "attention") ? [] : [`in ${mode} mode`]),
    ...(baseRatio === plan.baseRatio ? [] : [`with base ratio ${baseRatio}`]),
  ];
  if (news.length) {
    console.say(`Regions are drawn ${news.join(", ")} (this model's default; a plan may say otherwise).`);
  }
  if (!flags.maxVram) return drawing;
  const repaint = flags.rounds ? await (await import("../closed_loop.ts")).repaintLike(model, drawing) : [];
  const drawings = [drawing].concat(repaint);
  const { fit, said } = fitWithin(flags.maxVram, model, drawings, flags.offloadToCpu);
  console.say(said);
  return fit(drawing);
}

/** A saved plan names its masks as they lie from where it is. */
async function savePlan(plan: Plan, place: NewFileOptions, own?: OwnFiles): Promise<void> {
  const saved = withMasks(plan, (mask) => relative(dirname(resolve(place.pattern)), resolve(mask)));
  const bytes = new TextEncoder().encode(`${json(saved)}\n`);
  await writeNewFile(await claimed(place, bytes, own), bytes);
}
