/**
 * Larger pictures: a second drawing that starts from the first, and a network that enlarges the last.
 *
 * @module
 */
import { basename } from "../deps/path.ts";
import { UsageError } from "../errors.ts";
import { fingerprint } from "../files/fingerprint.ts";
import type { PictureName } from "../picture/input.ts";
import { filled, type Picture } from "../picture/picture.ts";
import { resized } from "../picture/resize.ts";
import { stretched } from "../picture/stretched.ts";
import { flagOf } from "../settings/check.ts";
import type { FileInput } from "../settings/kinds.ts";
import { FILE_SETTINGS, type Settings } from "../settings.ts";
import type { Drawing, Enlarging, Larger } from "./drawing.ts";
import type { LatentSize } from "./latent_space.ts";
import type { Model } from "./model.ts";
import type { Networks } from "./networks.ts";
import { stagesOf } from "./stage.ts";
import type { Start } from "./start.ts";
import { enlarge, enlargingStage } from "./upscaler.ts";

/** A second drawing's share of the steps where nobody says. */
const STRENGTH = 0.5;

/**
 * The drawing, and what its settings ask for after it.
 *
 * @param draw settles the second drawing
 * @throws UsageError where the sizes do not fit, ModelError where an upscaler's file is none
 */
export async function withLarger(
  networks: Networks,
  drawing: Drawing,
  draw: (settings: Settings, start: Start) => Promise<Drawing>,
): Promise<Drawing> {
  const { settings } = drawing;
  const { hiresScale, hiresSize, hiresUpscaler = "lanczos", upscaleModel } = settings;
  const again = hiresScale !== undefined || hiresSize !== undefined;
  if (!again) refuseAlone(settings);
  if (!again && upscaleModel === undefined) return await withNames(drawing);
  if (again && drawing.start?.mask) {
    const asked = flagOf(hiresScale === undefined ? "hiresSize" : "hiresScale");
    throw new UsageError(`A picture of which some is kept is not drawn again larger: leave ${asked} out.`);
  }
  const open = async (file: FileInput, size: { width: number; height: number }) => {
    const part = await networks.upscaler!(pathOf(file));
    return { part, stage: enlargingStage(part, size) } satisfies Enlarging;
  };
  const second = again ? withPromptsOf(drawing, await draw(...secondOf(networks, settings))) : undefined;
  const by: NonNullable<Larger["by"]> = hiresUpscaler === "latent" || hiresUpscaler === "lanczos"
    ? hiresUpscaler
    : await open(hiresUpscaler, settings);
  const larger: Larger = {
    ...(second ? { drawing: second, by } : {}),
    ...(upscaleModel === undefined ? {} : { finally: await open(upscaleModel, second?.settings ?? settings) }),
  };
  return tied({ ...await withNames(drawing), larger });
}

/** The second drawing with the first's embeddings, unless other steps give its prompts other texts. */
function withPromptsOf({ prompts }: Drawing, second: Drawing): Drawing {
  const known = new Set(prompts.texts.map(({ prompt }) => prompt));
  return second.prompts.texts.every(({ prompt }) => known.has(prompt)) ? { ...second, prompts } : second;
}

/** The drawing whose settings have names and hashes in place of paths. */
async function withNames(drawing: Drawing): Promise<Drawing> {
  const settings = { ...drawing.settings };
  for (const name of FILE_SETTINGS) {
    const file = settings[name];
    if (typeof file === "string" && file !== "latent" && file !== "lanczos") settings[name] = await nameOf(file);
  }
  return { ...drawing, settings };
}

/** The drawing with all stages of what comes after it, so that they are counted. */
export function tied(drawing: Drawing): Drawing {
  const { larger, stages } = drawing;
  if (!larger) return drawing;
  const { by, drawing: second, finally: last } = larger;
  const { encoding: _, ...again } = second?.stages ?? { encoding: [] };
  const after = [
    ...(typeof by === "object" ? [by.stage] : []),
    ...(second ? stagesOf({ stages: { encoding: [], ...again } as Drawing["stages"] }) : []),
    ...(last ? [last.stage] : []),
  ];
  return { ...drawing, stages: { ...stages, larger: after } };
}

function refuseAlone(settings: Settings): void {
  const alone = (["hiresSteps", "hiresStrength", "hiresUpscaler"] as const).find((name) =>
    settings[name] !== undefined
  );
  if (alone) throw new UsageError(`${flagOf(alone)} does nothing without --hires-scale or --hires-size.`);
}

/** The settings and the start of the second drawing. */
function secondOf({ decoder }: Networks, settings: Settings): [Settings, Start] {
  const { factor } = decoder.network;
  const { hiresScale = 1, hiresSize, hiresStrength = STRENGTH, hiresSteps, steps: before } = settings;
  const side = (pixels: number) => Math.max(1, Math.round(pixels * hiresScale / factor)) * factor;
  const [width, height] = hiresSize ?? [side(settings.width), side(settings.height)];
  for (const [name, value] of [["width", width], ["height", height]] as const) {
    if (value % factor) {
      throw new UsageError(
        `--hires-size: the ${name} ${value} is not a multiple of ${factor}, which this model needs.`,
      );
    }
  }
  const steps = hiresSteps ?? before;
  const first = steps - Math.min(steps, Math.floor(steps * hiresStrength));
  if (first === steps) {
    throw new UsageError(`A strength of ${hiresStrength} leaves none of ${steps} steps: raise --hires-strength.`);
  }
  const start = { picture: filled(1, 1, [0, 0, 0, 255]), first, pure: false, wanted: { width, height } };
  return [{ ...settings, width, height, steps, strength: hiresStrength }, start];
}

/** The second drawing with what it starts from: the first's picture, or its latents. It has the first's seed. */
export async function startLarger(
  model: Model,
  { larger, offload, settings: { seed } }: Drawing,
  first: { image?: Picture; latents: Float32Array; size: LatentSize },
  signal?: AbortSignal,
): Promise<Drawing> {
  const { by, drawing } = larger!;
  const second = { ...drawing!, offload, settings: { ...drawing!.settings, seed } };
  if (by === "latent") {
    return { ...second, start: { ...second.start!, latents: resampled(first.latents, first.size, second.size) } };
  }
  const { width, height } = second.settings;
  const enlarged = typeof by === "object" ? await enlargeBy(model, by, first.image!, offload, signal) : first.image!;
  return { ...second, start: { ...second.start!, picture: resized(enlarged, width, height) } };
}

/** The picture enlarged by a network that is loaded for it. */
export async function enlargeBy(
  model: Model,
  { part, stage }: Enlarging,
  image: Picture,
  offload: Drawing["offload"],
  signal?: AbortSignal,
): Promise<Picture> {
  using _there = await model.hold(stage, offload, signal);
  return await enlarge(part, image, signal);
}

/** Latents [channels, height, width] at another size, bilinear as torch's interpolate. */
function resampled(latents: Float32Array, from: LatentSize, to: LatentSize): Float32Array {
  const area = from.height * from.width;
  const out = new Float32Array(to.channels * to.height * to.width);
  for (let c = 0; c < to.channels; c++) {
    const plane = latents.subarray(c * area, (c + 1) * area);
    out.set(stretched(plane, from.width, from.height, to.width, to.height), c * to.height * to.width);
  }
  return out;
}

/** A file to open. @throws UsageError for one that a recipe only names */
export function pathOf(file: FileInput): string {
  if (typeof file === "string") return file;
  throw new UsageError(`The file ${file.name} is not part of the recipe: name its file.`);
}

/** What a recipe says of a network that enlarges. */
export async function nameOf(path: string): Promise<PictureName> {
  return { name: basename(path), hash: await fingerprint(path) };
}
