/**
 * `edit`: change a picture by words.
 *
 * @module
 */
import { edit, firstRepaints, planEdit, type PlannedEdit, type Round } from "../edit.ts";
import { either } from "../picture/inpaint.ts";
import { boxIn, type Edit } from "../edit/operation.ts";
import { maskFor } from "../edit/operation_mask.ts";
import { drawEdit } from "../edit/show.ts";
import { visionDifference } from "../edit/vision_difference.ts";
import { CancelledError, RpgError, UsageError } from "../errors.ts";
import { writeNewFile, writeSomewhere } from "../files/new_file.ts";
import { encodePicture } from "../formats/encode_picture.ts";
import { encodePng } from "../formats/png.ts";
import type { Judge } from "../judge/judge.ts";
import type { Picture } from "../picture/picture.ts";
import type { Drawing } from "../pipeline/drawing.ts";
import type { Model } from "../pipeline/model.ts";
import { describeModel, recipeTexts } from "../recipe.ts";
import type { PictureOptions } from "../settings.ts";
import type { Context } from "./command.ts";
import { keptIn } from "./draw.ts";
import { writeEdit } from "./edit_file.ts";
import { describePlaced, describeRound, plainly, remarksOnMasks, roundReport } from "./edit_said.ts";
import { json } from "./json.ts";
import { judgeOf, modelOptions } from "./judge_of.ts";
import { takenIn } from "./layers.ts";
import { type Fitted, fitWithin } from "./max_vram.ts";
import { loadWeights, type OpenedModel, openModel } from "./open_model.ts";
import { pictureOptions } from "./options.ts";
import { type Original, readOriginal, recipeOfEdit } from "./original.ts";
import { type Output, outputOf } from "./output.ts";
import { editReport, writeReport } from "./report.ts";
import { followed } from "./trace_file.ts";
import { wantedOf } from "./wanted.ts";

/** Plans the edit, paints and looks in rounds, and writes the picture that came of it. */
export async function editCommand(context: Context): Promise<void> {
  const { argument: path, flags, console, signal } = context;
  if (path === undefined) {
    throw new UsageError('edit needs a picture: main.ts edit photo.png --replace "a pear=a red car"');
  }
  const asked = await wantedOf(context);
  const output = await outputOf(flags, 1, "edit_%03d.png");
  const original = await readOriginal(path, console.say);
  const { picture, plan } = original;
  const wanted = flags.box && typeof asked !== "string" ? [{ ...asked[0], box: boxIn(flags.box, picture) }] : asked;
  const judge = await judgeOf(context);
  const { model, unet, vae, preset, prediction, zsnr, embeddings, type } = flags;
  let opened: OpenedModel | undefined;
  const open = async () => {
    opened ??= await openModel({ model, unet, vae, preset, prediction, zsnr, embeddings, type }, context);
    return opened.model;
  };
  try {
    // Towards a prompt, a vision model that judges also says what differs.
    const difference = typeof wanted === "string" && flags.judge === "llm"
      ? await visionDifference(wanted, picture, plan?.prompt, { ...modelOptions(flags), say: console.say }, signal)
      : undefined;
    const caption = plan?.prompt ?? difference?.caption;
    const { contour, maxVram } = flags;
    // Whatever the repaints will need, looking leaves nothing on the device.
    const fit = maxVram === undefined
      ? undefined
      : (look: Drawing) => fitWithin(maxVram, opened!.model, [look], true).fit(look);
    const guides = {
      plan,
      caption,
      judge,
      contour,
      fit,
      say: console.say,
      model: open,
      guessed: typeof wanted === "string",
      signal,
    };
    const changes = difference?.operations ?? wanted;
    const planned = changes.length ? await planEdit(picture, changes, guides) : { plan, operations: [] };
    planned.operations.forEach((operation, i) => console.say(`${i + 1}. ${describePlaced(operation, picture)}`));
    if (planned.operations.length === 0) {
      return console.result(flags.json ? json({ operations: [] }) : "The picture shows that already: nothing to do.");
    }
    const masks = await Promise.all(planned.operations.map((operation) => maskFor(operation, picture, 1)));
    for (const line of await remarksOnMasks(planned.operations, picture)) console.say(line);
    if (flags.showMask) {
      await writeNewFile({ pattern: flags.showMask, force: flags.force }, encodePng(masks.reduce(either)));
    }
    const said: Edit = {
      caption: difference?.caption ?? plan?.prompt,
      target: typeof wanted === "string" ? wanted : undefined,
      operations: planned.operations,
    };
    if (flags.dryRun) {
      const drawn = await encodePicture(output.format, drawEdit(picture, planned.operations, masks));
      const file = await writeSomewhere(output, drawn, console.complain, 1);
      if (flags.saveEdit) await writeEdit(flags.saveEdit, said, flags.force);
      const dry = { path: file, operations: planned.operations.map(plainly) };
      console.event("saved", dry);
      return console.result(flags.json ? json(dry) : file);
    }
    const { mask: _mask, ...settings } = pictureOptions(flags);
    const fitted = await fittedRepaints(await open(), picture, planned, settings, context);
    opened = await loadWeights(opened!, context);
    await paintAll(context, opened, planned, { judge, settings, fit: fitted, said, masks, output, original });
  } finally {
    opened?.model.close();
  }
}

/** What there is to say of the repaints before the first of them, and how all of them stay within --max-vram. */
async function fittedRepaints(
  model: Model,
  picture: Picture,
  planned: PlannedEdit,
  settings: PictureOptions,
  { flags: { maxVram, offloadToCpu }, console }: Context,
): Promise<Fitted["fit"] | undefined> {
  const drawings = await firstRepaints(model, picture, planned, settings);
  for (const warning of new Set(drawings.flatMap(({ warnings }) => warnings))) console.say(warning);
  if (maxVram === undefined) return undefined;
  const { fit, said } = fitWithin(maxVram, model, drawings, offloadToCpu);
  console.say(said);
  return fit;
}

async function paintAll(
  context: Context,
  opened: OpenedModel,
  planned: PlannedEdit,
  { judge, settings, fit, said, masks, output, original }: {
    judge?: Judge;
    settings: PictureOptions;
    fit?: (drawing: Drawing) => Drawing;
    said: Edit;
    masks: Picture[];
    output: Output;
    original: Original;
  },
): Promise<void> {
  const { flags, console, signal } = context;
  const { picture } = original;
  await using _trace = await followed(opened.model.device, context);
  const rounds: Round[] = [];
  const { progress: { step: onStep } } = console;
  const options = { plan: planned.plan, judge, rounds: flags.rounds, settings, fit, signal, onStep };
  let failure: RpgError | undefined;
  try {
    for await (const round of edit(opened.model, picture, planned.operations, options)) {
      rounds.push(round);
      if (round.round > 0) console.say(describeRound(round, rounds[0], planned.operations.length));
    }
  } catch (error) {
    if (!(error instanceof RpgError) || error instanceof CancelledError || rounds.length < 2) throw error;
    failure = error;
  }
  const last = rounds.at(-1)!;
  const taken = takenIn(rounds).at(-1);
  if (!taken) console.say("No repaint was better than what was there: the picture is as it was.");
  const { model: { checkpoint: { name: model } } } = opened;
  const describe = async () => {
    const described = await describeModel(opened.model, flags.fullHash, signal);
    return recipeTexts(await recipeOfEdit(rounds, described, original, output.format, console.say));
  };
  const texts = flags.noMetadata ? undefined : taken ? await describe() : Object.fromEntries(original.texts);
  const bytes = await encodePicture(output.format, last.image, texts);
  const path = await writeSomewhere(output, bytes, console.complain, 1);
  const report = rounds.map(roundReport);
  const { caption, target, operations } = said;
  await writeReport(context, () => editReport(picture, { caption, target, operations, masks, rounds, model }));
  if (flags.saveEdit) await writeEdit(flags.saveEdit, { ...said, rounds: report }, flags.force);
  if (failure) throw keptIn(path, failure);
  const made = {
    path,
    seed: taken?.result.settings.seed,
    operations: planned.operations.map(plainly),
    rounds: report,
    steps: last.steps,
  };
  console.event("saved", made);
  console.result(flags.json ? json(made) : `${path}  seed ${made.seed ?? flags.seed ?? "-"}`);
}
