/**
 * `edit`: change a picture by words.
 *
 * @module
 */
import { dirname, isAbsolute, join, relative, resolve } from "../deps/path.ts";
import { type Attempt, edit, planEdit, type PlannedEdit, type Round } from "../edit.ts";
import { type Edit, type Operation, operationOf, OPERATIONS, parseEdit } from "../edit/operation.ts";
import { maskFor } from "../edit/operation_mask.ts";
import { drawEdit, union } from "../edit/show.ts";
import { visionDifference } from "../edit/vision_difference.ts";
import { UsageError } from "../errors.ts";
import { checkNewFile, mayCollide, writeNewFile, writeSomewhere } from "../files/new_file.ts";
import { parseStrictJson } from "../files/strict_json.ts";
import { readUserFile, readUserText } from "../files/user_file.ts";
import { encodePicture } from "../formats/encode_picture.ts";
import { readPictureText } from "../formats/picture_text.ts";
import { encodePng } from "../formats/png.ts";
import { isFault } from "../judge/judge.ts";
import { BYTES_OF } from "../limits.ts";
import type { Picture } from "../picture/picture.ts";
import { readPicture } from "../picture/read_picture.ts";
import { parsePlan } from "../plan/parse_plan.ts";
import type { Plan } from "../plan/plan.ts";
import { describeModel, makeRecipe, readRecipe, RECIPE_KEYWORD, recipeTexts } from "../recipe.ts";
import { briefText } from "../brief.ts";
import { type Context, json } from "./command.ts";
import { judgeOf, modelOptions } from "./judge_of.ts";
import { loadWeights, openModel } from "./open_model.ts";
import { pictureOptions } from "./options.ts";
import { type Output, outputOf } from "./output.ts";
import { checkTrace, followed } from "./trace_file.ts";

/** Plans the edit, paints and looks in rounds, and writes the picture that came of it. */
export async function editCommand(context: Context): Promise<void> {
  const { argument: path, flags, console, signal } = context;
  if (path === undefined) {
    throw new UsageError('edit needs a picture: main.ts edit photo.png --replace "a pear=a red car"');
  }
  const wanted = await wantedOf(context);
  const output = await outputOf(flags, 1, "edit_%03d.png");
  await checkOutputs(context, output);
  await checkTrace(context, output);
  const bytes = await readUserFile(path, "The picture", BYTES_OF.picture);
  const picture = await readPicture(bytes, `The picture ${path}`);
  const plan = planOf(bytes, path, context);
  if (plan) console.say(`The picture carries its plan: ${plan.prompt}`);
  const judge = await judgeOf(context);

  // Towards a prompt, a vision model that judges also says what differs.
  const difference = typeof wanted === "string" && flags.judge === "llm"
    ? await visionDifference(wanted, picture, plan?.prompt, { ...modelOptions(flags), say: console.say }, signal)
    : undefined;
  const planned = difference
    ? { plan, operations: difference.operations }
    : await planEdit(picture, wanted, { plan, judge, signal });
  const caption = difference?.caption ?? plan?.prompt;
  planned.operations.forEach(({ kind, object, words, box }, i) =>
    console.say(
      `${i + 1}. ${briefText([kind, object, words].filter(Boolean).join(", "), 200)}${
        box ? `, in [${box.join(", ")}]` : ""
      }`,
    )
  );
  const target = typeof wanted === "string" ? wanted : undefined;
  if (planned.operations.length === 0) {
    return console.result(flags.json ? json({ operations: [] }) : "The picture shows that already: nothing to do.");
  }
  const masks = await Promise.all(planned.operations.map((operation) => maskFor(operation, picture, 1)));
  if (flags.showMask) await writeNewFile({ pattern: flags.showMask, force: flags.force }, encodePng(union(masks)));
  if (flags.dryRun) {
    const drawn = await encodePicture(output.format, drawEdit(picture, planned.operations, masks));
    const file = await writeSomewhere(output, drawn, console.say, 1);
    await save(context, { caption, target, operations: planned.operations });
    return console.result(flags.json ? json({ path: file, operations: planned.operations }) : file);
  }
  await paintAll(context, picture, planned, { judge, target, output, caption });
}

async function paintAll(
  context: Context,
  picture: Picture,
  planned: PlannedEdit,
  { judge, target, output, caption }: {
    judge: Awaited<ReturnType<typeof judgeOf>>;
    target?: string;
    output: Output;
    caption?: string;
  },
): Promise<void> {
  const { flags, console, signal } = context;
  const { model, unet, vae, preset, prediction, zsnr, embeddings, type } = flags;
  let opened = await openModel({ model, unet, vae, preset, prediction, zsnr, embeddings, type }, context);
  try {
    await using _trace = await followed(opened.model.device, context);
    opened = await loadWeights(opened, context);
    const { mask: _mask, ...settings } = pictureOptions(flags);
    const options = {
      plan: planned.plan,
      judge,
      rounds: flags.rounds,
      settings,
      signal,
      onStep: console.progress.step,
    };
    const rounds: Round[] = [];
    for await (const round of edit(opened.model, picture, planned.operations, options)) {
      rounds.push(round);
      if (round.round > 0) console.say(describeRound(round));
    }
    const last = rounds.at(-1)!;
    const taken = rounds.flatMap(({ attempts }) => attempts).filter((attempt) => attempt.taken).at(-1);
    const texts = taken && !flags.noMetadata
      ? recipeTexts(
        await makeRecipe(
          await describeModel(opened.model, flags.fullHash, signal),
          taken.result.plan,
          taken.result.settings,
        ),
      )
      : undefined;
    const path = await writeSomewhere(output, await encodePicture(output.format, last.image, texts), console.say, 1);
    const report = rounds.map(roundReport);
    await save(context, { caption, target, operations: planned.operations, rounds: report });
    if (!flags.json) return console.result(`${path}  seed ${taken?.result.settings.seed ?? flags.seed ?? "-"}`);
    console.result(json({
      path,
      seed: taken?.result.settings.seed,
      operations: planned.operations,
      rounds: report,
      steps: last.steps,
    }));
  } finally {
    opened.model.close();
  }
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
  return [{ ...byHand[0], ...(box ? { box } : { mask: mask as string }) }];
}

/** An edit's masks lie where the edit says from where it lies itself. */
async function readEdit(path: string): Promise<Edit> {
  const text = await readUserText(path, "The edit", BYTES_OF.plan);
  try {
    const { operations, ...rest } = parseEdit(parseStrictJson(text), path);
    const there = (mask: string) => isAbsolute(mask) ? mask : join(dirname(path), mask);
    return { ...rest, operations: operations.map((o) => o.mask === undefined ? o : { ...o, mask: there(o.mask) }) };
  } catch (cause) {
    if (cause instanceof SyntaxError) throw new UsageError(`${path} is not valid JSON: ${cause.message}.`, { cause });
    throw cause;
  }
}

async function save({ flags }: Context, edit: Edit): Promise<void> {
  const { saveEdit: path, force } = flags;
  if (path === undefined) return;
  const operations = edit.operations.map((o) =>
    o.mask === undefined ? o : { ...o, mask: relative(dirname(resolve(path)), resolve(o.mask)) }
  );
  await writeNewFile({ pattern: path, force }, new TextEncoder().encode(`${json({ ...edit, operations })}\n`));
}

async function checkOutputs({ flags }: Context, { pattern, force }: Output): Promise<void> {
  for (const [flag, path] of [["--save-edit", flags.saveEdit], ["--show-mask", flags.showMask]] as const) {
    if (path === undefined) continue;
    if (mayCollide(pattern, path)) throw new UsageError(`-o and ${flag} would write the same file, ${path}.`);
    await checkNewFile({ pattern: path, force });
  }
}

/**
 * The plan that the picture carries; its regions' masks are files that may not be here, so their cells stand for them.
 */
function planOf(bytes: Uint8Array, path: string, { console }: Context): Plan | undefined {
  const texts = readPictureText(bytes, path);
  if (!texts.has(RECIPE_KEYWORD)) return undefined;
  try {
    return withoutMasks(readRecipe(texts, path).plan);
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    console.say(`The picture's own plan cannot be read, so it is edited without: ${error.message}`);
  }
}

function withoutMasks(plan: Plan): Plan {
  return parsePlan(JSON.parse(JSON.stringify(plan, (key, value) => key === "mask" ? undefined : value)));
}

function describeRound({ round, attempts, marks, checklist }: Round): string {
  const open = marks?.flatMap((mark, i) => isFault(mark) ? [`${checklist[i].words}: ${mark.verdict}`] : []) ?? [];
  const said = !marks ? "" : open.length ? `; still open: ${open.join(", ")}` : "; all is as asked";
  return `Round ${round}: ${attempts.length} painted, ${attempts.filter(({ taken }) => taken).length} taken${said}.`;
}

/** A round as JSON has it. */
function roundReport({ round, attempts, checklist, marks, steps }: Round) {
  const attempt = ({ operation, taken, result: { settings: { seed, strength } } }: Attempt) => ({
    operation,
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
