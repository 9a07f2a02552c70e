/**
 * Where a picture's plan comes from: a file, the user's own regions, no plan at all, or a planner.
 *
 * @module
 */
import { dirname, isAbsolute, join } from "../deps/path.ts";
import { UsageError } from "../errors.ts";
import { parseStrictJson } from "../files/strict_json.ts";
import { readStandardInput, readUserFile, readUserText } from "../files/user_file.ts";
import { BYTES_OF } from "../limits.ts";
import {
  makePlan,
  type MakePlanOptions,
  parsePlan,
  plainPlan,
  type Plan,
  planFromRegions,
  withMasks,
} from "../plan/make_plan.ts";
import { isConfigured, readEnvironment } from "../plan/llm/endpoint.ts";
import { pictureDataUrl } from "../plan/llm/picture.ts";
import { hasRegionKeywords } from "../region/keywords.ts";
import { flagOf } from "../settings/check.ts";
import { OF_PLANNER, OF_REGIONS, WAYS } from "../settings/layers.ts";
import { type Context, promptOf } from "./command.ts";
import type { FlagValues } from "../settings.ts";

/**
 * The plan that the flags ask for.
 *
 * @throws UsageError where they contradict each other, PlannerError where there is no valid plan
 */
export async function choosePlan(context: Context): Promise<Plan> {
  const { mode } = context.flags;
  const { phases, ...plan } = await findPlan(context);
  return mode ? { ...plan, mode } : { ...plan, ...(phases ? { phases } : {}) };
}

/**
 * What can be said of the flags alone, before anything is done.
 *
 * @throws UsageError where they contradict each other, or nothing says what to draw
 */
export function checkPlanFlags(context: Context): void {
  refuseContradictions(context);
  const { plan, regions } = context.flags;
  if (plan === undefined && regions === undefined && !isOfPicture(context)) promptOf(context);
}

async function findPlan(context: Context): Promise<Plan> {
  const { flags } = context;
  if (flags.plan !== undefined) {
    const plan = await readPlan(flags.plan, context.signal);
    return hasPrompt(context) ? { ...plan, prompt: promptOf(context) } : plan;
  }
  const { splitRatio, basePrompt, baseRatio, columnsFirst, flipRatio, flipPrompts } = flags;
  const how = { splitRatio, basePrompt, baseRatio, columnsFirst, flipRatio, flipPrompts };
  if (flags.regions !== undefined) {
    const prompt = hasPrompt(context) ? promptOf(context) : undefined;
    return planFromRegions({ regions: flags.regions, ...how, prompt });
  }
  if (isOfPicture(context)) return await seenPlan(context);
  const prompt = promptOf(context);
  refuseContradictions(context); // the prompt may have been chosen since
  if (moreOfRegions(flags)) return planFromRegions({ regions: prompt, ...how });
  if (flags.noPlan) return plainPlan(prompt, "none");
  return await makePlan(prompt, await planOptions(context));
}

/** Whether a picture is all that says what to draw. */
function isOfPicture(context: Context): boolean {
  const { plan, regions, image } = context.flags;
  return image !== undefined && plan === undefined && regions === undefined && !hasPrompt(context);
}

/** The layout of a picture, as a vision model sees it. */
async function seenPlan(context: Context): Promise<Plan> {
  const { image = [] } = context.flags;
  if (image.length > 1) throw new UsageError(`A layout is read from one --image, not from ${image.length}.`);
  const { images: [picture] = [], say, progress, signal, ...options } = await planOptions(context);
  const { planOfPicture } = await import("../plan/llm/plan_of_picture.ts");
  return await planOfPicture(picture, options, { say, progress }, signal);
}

/** What planners are given. */
export async function planOptions({ flags, console, signal }: Context): Promise<MakePlanOptions> {
  const { planner, llmUrl, llmModel, llmTimeout, llmMaxTokens, promptFile, image = [], width = 512, height = 512 } =
    flags;
  return {
    planner,
    llmUrl,
    llmModel,
    llmTimeout,
    llmMaxTokens,
    promptFile,
    // Stable Diffusion's networks attend, at their coarsest, to one cell for every 64 × 64 pixels.
    coarsest: { width: Math.ceil(width / 64), height: Math.ceil(height / 64) },
    images: await Promise.all(image.map(readPicture)),
    say: console.say,
    progress: console.progress.stage,
    signal,
  };
}

async function readPicture(path: string): Promise<string> {
  return await pictureDataUrl(await readUserFile(path, "The picture", BYTES_OF.picture), path);
}

function hasPrompt({ argument, flags }: Context): boolean {
  return argument !== undefined || flags.prompt !== undefined;
}

/** What says more of regions. */
function moreOfRegions(flags: FlagValues): keyof FlagValues | undefined {
  return OF_REGIONS.find((name) => flags[name] !== undefined);
}

function refuseContradictions({ argument, flags }: Context): void {
  const ways = WAYS.filter((name) => flags[name] !== undefined);
  if (ways.length > 1) {
    throw new UsageError(`--plan, --regions and --no-plan: use only one of them.`);
  }
  const more = moreOfRegions(flags);
  const saysItself = !ways.length && hasRegionKeywords(argument ?? flags.prompt ?? "");
  const says = flags.regions !== undefined || saysItself;
  if (more && !says) {
    throw new UsageError(
      `${flagOf(more)} goes with --regions, or a prompt such as "a BREAK b"; else the planner decides.`,
    );
  }
  const asked = OF_PLANNER.find((name) => flags[name] !== undefined);
  if (asked && ways.length) {
    throw new UsageError(`With ${flagOf(ways[0])} no planner is asked: leave ${flagOf(asked)} out.`);
  }
  if (flags.image) refuseUnseen(flags, saysItself);
}

/** @throws UsageError where pictures for a language model would be shown to nobody */
function refuseUnseen({ planner = "auto", llmUrl, llmModel }: FlagValues, saysItself: boolean): void {
  if (saysItself) {
    throw new UsageError("The prompt says its regions itself, so no planner is asked: leave --image out.");
  }
  if (planner === "rules") throw new UsageError("The rules see no pictures: leave --planner out, or --image.");
  if (planner === "openai" || isConfigured({ llmUrl, llmModel }, readEnvironment())) return;
  throw new UsageError(
    "--image is shown to a language model, and none is configured: set OPENAI_API_KEY, or name a server with --llm-url.",
  );
}

/** A plan's masks lie where the plan says from where it lies itself. "-" is standard input. */
async function readPlan(path: string, signal: AbortSignal): Promise<Plan> {
  const text = path === "-"
    ? await readStandardInput("the plan", BYTES_OF.plan, signal)
    : await readUserText(path, "The plan", BYTES_OF.plan);
  try {
    return withMasks(parsePlan(parseStrictJson(text)), (mask) => isAbsolute(mask) ? mask : join(dirname(path), mask));
  } catch (cause) {
    if (cause instanceof SyntaxError) {
      throw new UsageError(`The plan ${path} is not valid JSON: ${cause.message}.`, { cause });
    }
    throw cause;
  }
}
