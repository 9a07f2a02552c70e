/**
 * `edit`: change a picture by words.
 *
 * @module
 */
import { type Attempt, edit, firstRepaints, planEdit, type PlannedEdit, type Round } from "../edit.ts";
import {
  boxIn,
  describeOperation,
  type Edit,
  type Operation,
  operationOf,
  OPERATIONS,
  pixelsOf,
} from "../edit/operation.ts";
import { maskFor } from "../edit/operation_mask.ts";
import { either } from "../edit/mask.ts";
import { drawEdit } from "../edit/show.ts";
import { visionDifference } from "../edit/vision_difference.ts";
import { UsageError } from "../errors.ts";
import { writeNewFile, writeSomewhere } from "../files/new_file.ts";
import { readUserFile } from "../files/user_file.ts";
import { encodePicture } from "../formats/encode_picture.ts";
import { readPictureText } from "../formats/picture_text.ts";
import { encodePng } from "../formats/png.ts";
import { isFault, type Judge, openFaults } from "../judge/judge.ts";
import { BYTES_OF } from "../limits.ts";
import { type PictureName, sha256 } from "../picture/input.ts";
import type { Picture } from "../picture/picture.ts";
import { pictureHeader } from "../picture/picture_size.ts";
import { publicName } from "../secrets.ts";
import { readPicture } from "../picture/read_picture.ts";
import { parsePlan } from "../plan/parse_plan.ts";
import type { Plan } from "../plan/plan.ts";
import {
  describeModel,
  layersOf,
  makeRecipe,
  type ModelRecipe,
  readRecipe,
  type Recipe,
  RECIPE_KEYWORD,
  recipeTexts,
  withLayers,
} from "../recipe.ts";
import { briefText } from "../brief.ts";
import type { Drawing } from "../pipeline/drawing.ts";
import type { Model } from "../pipeline/model.ts";
import type { PictureOptions } from "../settings.ts";
import type { Context } from "./command.ts";
import { readEdit, writeEdit } from "./edit_file.ts";
import { json } from "./json.ts";
import { judgeOf, modelOptions } from "./judge_of.ts";
import { type Fitted, fitWithin } from "./max_vram.ts";
import { type Describe, layersOfRounds, takenIn } from "./layers.ts";
import { loadWeights, type OpenedModel, openModel } from "./open_model.ts";
import { pictureOptions } from "./options.ts";
import { type Output, outputOf } from "./output.ts";
import { editReport, writeReport } from "./report.ts";
import { followed } from "./trace_file.ts";

/** The picture that is edited: its file, and what that says of itself. */
interface Original extends PictureName {
  texts: Map<string, string>;
  recipe?: Recipe;
}

/** Plans the edit, paints and looks in rounds, and writes the picture that came of it. */
export async function editCommand(context: Context): Promise<void> {
  const { argument: path, flags, console, signal } = context;
  if (path === undefined) {
    throw new UsageError('edit needs a picture: main.ts edit photo.png --replace "a pear=a red car"');
  }
  const asked = await wantedOf(context);
  const output = await outputOf(flags, 1, "edit_%03d.png");
  const bytes = await readUserFile(path, "The picture", BYTES_OF.picture);
  const picture = await readPicture(bytes, `The picture ${path}`);
  const texts = readPictureText(bytes, path);
  const recipe = recipeIn(texts, path, context);
  const plan = recipe && withoutMasks(recipe.plan);
  if (plan) console.say(`The picture carries its plan: ${plan.prompt}`);
  if (picture.data.some((value, i) => i % 4 === 3 && value < 255)) {
    console.say("The picture is transparent in parts; models know no transparency, so it lies on white.");
  }
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
      await writeNewFile({ pattern: flags.showMask, force: flags.force }, encodePng(either(...masks)));
    }
    const said: Edit = {
      caption: difference?.caption ?? plan?.prompt,
      target: typeof wanted === "string" ? wanted : undefined,
      operations: planned.operations,
    };
    if (flags.dryRun) {
      const drawn = await encodePicture(output.format, drawEdit(picture, planned.operations, masks));
      const file = await writeSomewhere(output, drawn, console.say, 1);
      if (flags.saveEdit) await writeEdit(flags.saveEdit, said, flags.force);
      const dry = { path: file, operations: planned.operations.map(plainly) };
      console.event("saved", dry);
      return console.result(flags.json ? json(dry) : file);
    }
    const { mask: _mask, ...settings } = pictureOptions(flags);
    const fitted = await fittedRepaints(await open(), picture, planned, settings, context);
    const original = { name: publicName(path), hash: await sha256(bytes), texts, recipe };
    opened = await loadWeights(opened!, context);
    await paintAll(context, opened, picture, planned, { judge, settings, fit: fitted, said, masks, output, original });
  } finally {
    opened?.model.close();
  }
}

/** A line for each mask that is stretched to another shape. */
async function remarksOnMasks(operations: readonly Operation[], { width, height }: Picture): Promise<string[]> {
  const files = new Set(operations.flatMap(({ mask }) => typeof mask === "string" ? mask : []));
  const lines: string[] = [];
  for (const file of files) {
    const own = pictureHeader(await readUserFile(file, "The mask", BYTES_OF.picture))!;
    if (Math.abs(own.width * height - own.height * width) <= Math.max(width, height)) continue;
    lines.push(
      `The mask ${file} has ${own.width}×${own.height} pixels, the picture ${width}×${height}: it is stretched over it.`,
    );
  }
  return lines;
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
  picture: Picture,
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
  await using _trace = await followed(opened.model.device, context);
  const rounds: Round[] = [];
  const { progress: { step: onStep } } = console;
  const options = { plan: planned.plan, judge, rounds: flags.rounds, settings, fit, signal, onStep };
  for await (const round of edit(opened.model, picture, planned.operations, options)) {
    rounds.push(round);
    if (round.round > 0) console.say(describeRound(round, rounds[0], planned.operations.length));
  }
  const last = rounds.at(-1)!;
  const taken = takenIn(rounds).at(-1);
  if (!taken) console.say("No repaint was better than what was there: the picture is as it was.");
  const texts = flags.noMetadata
    ? undefined
    : taken
    ? recipeTexts(await recipeOf(rounds, await describeModel(opened.model, flags.fullHash, signal), original))
    : Object.fromEntries(original.texts);
  const bytes = await encodePicture(output.format, last.image, texts);
  const path = await writeSomewhere(output, bytes, console.say, 1);
  const report = rounds.map(roundReport);
  const { caption, target, operations } = said;
  const model = opened.model.checkpoint.name;
  await writeReport(context, () => editReport(picture, { caption, target, operations, masks, rounds, model }));
  if (flags.saveEdit) await writeEdit(flags.saveEdit, { ...said, rounds: report }, flags.force);
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

/** All layers: what the picture that was edited was made of, where it says, and the repaints. */
async function recipeOf(
  rounds: readonly Round[],
  model: ModelRecipe,
  { recipe, name, hash }: Original,
): Promise<Recipe> {
  const describe: Describe = (result) => makeRecipe(model, result.plan, result.settings);
  const [first, ...others] = await layersOfRounds(rounds, describe);
  const last = takenIn(rounds).at(-1)!;
  return withLayers(await describe(last.result), [
    ...recipe ? layersOf(recipe) : [],
    { ...first, picture: { name, hash } },
    ...others,
  ]);
}

/** Without the pixels of a contour: the box is around it, and --save-edit writes it. */
function plainly({ mask, byContour: _, ...operation }: Operation): Operation {
  return typeof mask === "string" ? { ...operation, mask } : operation;
}

/** Its place as `--box` takes it, for those who want to move it. */
function describePlaced(operation: Operation, picture: Picture): string {
  const { box, byContour } = operation;
  const shape = byContour ? ", by its contour" : "";
  return `${briefText(describeOperation(operation), 200)}${shape}${box ? `, in ${pixelsOf(box, picture)}` : ""}`;
}

/** What the flags ask for: a target in words, or operations. */
async function wantedOf({ flags }: Context): Promise<string | Operation[]> {
  const byHand = OPERATIONS.flatMap((kind) => (flags[kind] ?? []).map((text) => operationOf(kind, text)));
  const ways = [flags.prompt, flags.edit, byHand[0]].filter((way) => way !== undefined).length;
  if (ways !== 1) {
    throw new UsageError(
      ways === 0
        ? 'Say what to change: a target prompt, --replace "a=b", --recolor "a=green", --remove "a", --add "a at the left", or --edit FILE.'
        : "A target prompt, operations by hand and --edit exclude each other: use only one of them.",
    );
  }
  const { box, mask, prompt } = flags;
  if (prompt !== undefined && (prompt.trim() === "" || prompt.length > BYTES_OF.prompt)) {
    throw new UsageError(
      `A target prompt has 1 to ${BYTES_OF.prompt} letters, not ${prompt.trim() === "" ? 0 : prompt.length}.`,
    );
  }
  if (box === undefined && mask === undefined) {
    if (byHand.length) return byHand;
    return flags.edit === undefined ? flags.prompt! : (await readEdit(flags.edit)).operations;
  }
  const flag = box === undefined ? "--mask" : "--box";
  if (byHand.length !== 1) {
    throw new UsageError(`${flag} is the place of one operation; ${byHand.length} were given by hand.`);
  }
  if (box !== undefined && mask !== undefined) throw new UsageError("--box and --mask exclude each other.");
  return [{ ...byHand[0], ...(box ? {} : { mask: mask as string }) }];
}

/** What the picture says of itself. */
function recipeIn(texts: Map<string, string>, path: string, { console }: Context): Recipe | undefined {
  if (!texts.has(RECIPE_KEYWORD)) return undefined;
  try {
    return readRecipe(texts, path);
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    console.say(`The picture's own plan cannot be read, so it is edited without: ${error.message}`);
  }
}

/** Regions' masks are files that may not be here, so their cells stand for them. */
function withoutMasks(plan: Plan): Plan {
  return parsePlan(JSON.parse(JSON.stringify(plan, (key, value) => key === "mask" ? undefined : value)));
}

/** What was not right before and nobody asked to change is none of the edit's faults. */
function describeRound({ round, attempts, marks, checklist }: Round, before: Round, asked: number): string {
  const ours = checklist.keys().filter((i) => i < asked || !before.marks || !isFault(before.marks[i])).toArray();
  const open = openFaults(ours.map((i) => checklist[i]), marks ? ours.map((i) => marks[i]) : []);
  const said = !marks ? "" : open.length ? `; still open: ${open.join(", ")}` : "; all is as asked";
  return `Round ${round}: ${attempts.length} painted, ${attempts.filter(({ taken }) => taken).length} taken${said}.`;
}

/** A round as JSON has it. */
function roundReport({ round, attempts, checklist, marks, steps }: Round) {
  const attempt = ({ operation, taken, result: { settings: { seed, strength } } }: Attempt) => ({
    operation: plainly(operation),
    taken,
    seed,
    strength,
  });
  return {
    round,
    attempts: attempts.map(attempt),
    checklist: checklist.map((check, i) => ({ ...check, ...marks?.[i] && { mark: marks[i] } })),
    steps,
  };
}
