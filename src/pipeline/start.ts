/**
 * From the picture that a drawing starts from, and its mask, to what the networks are shown, and back to the finished
 * picture.
 *
 * @module
 */
import { UsageError } from "../errors.ts";
import {
  type Box,
  either,
  extended,
  greyOf,
  type Mask,
  maskOf,
  putBack,
  sharesOf,
  surroundings,
} from "../picture/inpaint.ts";
import { type NamedPicture, readInput } from "../picture/input.ts";
import { cropped, filled, opaque, type Picture } from "../picture/picture.ts";
import { fitted } from "../picture/resize.ts";
import { flagOf } from "../settings/check.ts";
import { type PictureOptions, type Settings, startStrength } from "../settings.ts";

/** The pictures that the options name, read. */
export interface StartInputs {
  init: NamedPicture;
  mask?: NamedPicture;
}

/** What a drawing starts from. */
export interface Start {
  /** As the networks see it, of the drawing's size. */
  readonly picture: Picture;
  /** Its latents [channels, height, width], where they are known: then no picture is encoded. */
  readonly latents?: Float32Array;
  /** Of the same size; absent where all of the picture changes. */
  readonly mask?: Mask;
  /** First step that runs. */
  readonly first: number;
  /** Whether it begins with nothing but noise. */
  readonly pure: boolean;
  /** Where kept pixels come from, and where what was painted belongs; absent where nothing is put back. */
  readonly page?: {
    readonly picture: Picture;
    readonly box: Box;
    readonly mask: Mask;
    readonly shares: ArrayLike<number>;
  };
  /** The part of what was drawn that is wanted: a page may be no multiple of what the networks work in. */
  readonly wanted: { width: number; height: number };
}

/** Settings that mean nothing where the whole picture is painted anew. */
const OF_MASKS = ["inpaintOnlyMasked", "inpaintPadding", "maskBlur", "noPaste"] as const;

/** Reads what the options name. @throws UsageError where something is missing, no picture, or has nothing to go with */
export async function readStart(options: PictureOptions): Promise<StartInputs | undefined> {
  const { initImage } = options;
  if (initImage === undefined) {
    const alone = (["mask", "strength", "extend", "resize", ...OF_MASKS] as const).find((name) =>
      options[name] !== undefined
    );
    if (alone) throw new UsageError(`${flagOf(alone)} needs a picture to start from: name it with --init-image.`);
    return undefined;
  }
  const init = await readInput(initImage, "The picture to start from", "--init-image");
  if (options.inpaintPadding !== undefined && !options.inpaintOnlyMasked) {
    throw new UsageError("--inpaint-padding does nothing without --inpaint-only-masked.");
  }
  const ofMask = isInpainting(options) ? undefined : OF_MASKS.find((name) => options[name]);
  if (ofMask) throw new UsageError(`${flagOf(ofMask)} needs a --mask.`);
  if (options.mask === undefined) return { init };
  return { init, mask: await readInput(options.mask, "The mask", "--mask") };
}

/** Whether some of the picture is kept. */
export function isInpainting({ mask, extend }: PictureOptions): boolean {
  return mask !== undefined || extend !== undefined;
}

/**
 * The size that a picture is drawn in where none is asked for: its own, as far as the networks can. Rounded up where it
 * is kept.
 */
export function sizeOfStart({ init }: StartInputs, options: PictureOptions, factor: number) {
  const { left = 0, right = 0, top = 0, bottom = 0 } = options.extend ?? {};
  const round = isInpainting(options) ? Math.ceil : Math.floor;
  const side = (pixels: number) => Math.max(1, round(pixels / factor)) * factor;
  return { width: side(init.picture.width + left + right), height: side(init.picture.height + top + bottom) };
}

/**
 * What is drawn from what was given.
 *
 * @param sized whether the size was asked for, rather than taken from the picture
 * @throws UsageError where the mask leaves nothing to paint
 */
export function startOf(inputs: StartInputs, settings: Settings, sized: boolean): Start {
  const { width, height, steps, resize = "stretch", maskBlur = 0 } = settings;
  const strength = settings.strength ?? startStrength(isInpainting(settings));
  const first = steps - Math.min(steps, Math.floor(steps * strength));
  if (first === steps) {
    throw new UsageError(
      `A strength of ${strength} leaves none of ${steps} steps to run. Raise --strength or --steps.`,
    );
  }
  const start = { first, pure: strength === 1, wanted: { width, height } };
  const given = opaque(inputs.init.picture);
  if (!isInpainting(settings)) return { ...start, picture: fitted(given, width, height, resize) };

  const { picture, white } = pageOf(given, inputs.mask?.picture, settings);
  const mask = maskOf(white);
  if (!mask.data.includes(1)) {
    const without = inputs.mask ? `${inputs.mask.named.name} has no white` : "--extend adds no pixels";
    throw new UsageError(`${without}: nothing would be painted anew.`);
  }
  const size = { width: picture.width, height: picture.height };
  const whole = { left: 0, top: 0, ...size };
  if (settings.inpaintOnlyMasked) {
    const box = surroundings(mask, settings.inpaintPadding ?? 32, width, height);
    const part = (of: Picture) =>
      fitted(cropped(of, box.left, box.top, box.width, box.height), width, height, "stretch");
    const page = { picture, box, mask, shares: sharesOf(mask, maskBlur) };
    return { ...start, picture: part(picture), mask: maskOf(part(white)), page, wanted: { width, height } };
  }
  // A page whose size nobody asked for keeps every pixel: it is drawn on the next larger size and cut back.
  const page = (of: Picture) => sized ? fitted(of, width, height, resize) : atTopLeft(of, width, height);
  const [shown, shownMask] = [page(picture), maskOf(page(white))];
  const drawn = { left: 0, top: 0, width, height };
  const kept = sized ? { picture: shown, box: drawn, mask: shownMask } : { picture, box: whole, mask };
  return {
    ...start,
    picture: shown,
    mask: shownMask,
    ...(settings.noPaste ? {} : { page: { ...kept, shares: sharesOf(kept.mask, maskBlur) } }),
    wanted: sized ? { width, height } : size,
  };
}

/** The picture with its new borders, and all that is to be painted in white. */
function pageOf(picture: Picture, mask: Picture | undefined, { extend }: Settings) {
  const white = mask && fitted(greyOf(mask), picture.width, picture.height, "stretch");
  if (!extend) return { picture, white: white! };
  const page = extended(picture, extend);
  return { picture: page.picture, white: white ? either(page.borders, extended(white, extend).picture) : page.borders };
}

/** Another picture that lies over the page which is drawn on, as the networks see it. */
export function onSamePage(
  other: Picture,
  { width, height, resize, inpaintOnlyMasked }: Settings,
  start?: Start,
): Picture {
  if (start?.page && inpaintOnlyMasked) {
    const { picture, box } = start.page;
    const whole = fitted(other, picture.width, picture.height, "stretch");
    return fitted(cropped(whole, box.left, box.top, box.width, box.height), width, height, "stretch");
  }
  const { width: w, height: h } = start?.wanted ?? { width, height };
  return atTopLeft(fitted(other, w, h, resize ?? "stretch"), width, height);
}

/** White where the finished picture was painted anew; undefined where that is everywhere. */
export function paintedIn({ page, mask, wanted }: Start): Picture | undefined {
  if (!mask) return undefined;
  const { width, height, data } = page?.mask ?? mask; // a part that was drawn by itself has a page of its own size
  const white = filled(width, height, [0, 0, 0, 255]);
  data.forEach((value, i) => white.data.fill(255 * value, i * 4, i * 4 + 3));
  return page ? white : cropped(white, 0, 0, wanted.width, wanted.height);
}

/** What there is to say of a mask that fades in over more pixels than it has. */
export function remarkOnBlur({ page }: Start, { maskBlur }: Settings): string | undefined {
  if (!page || !maskBlur) return undefined;
  let most = 0;
  for (let i = 0; i < page.shares.length; i++) most = Math.max(most, page.shares[i]);
  if (most >= 0.5) return undefined;
  const shown = most * 255 < 0.5 ? "nothing" : `at most ${Math.ceil(most * 100)} %`;
  return `--mask-blur ${maskBlur} fades over more than the mask's width: ${shown} of what is painted will be seen. ` +
    "Lower it.";
}

/** The picture in the corner of a larger page that repeats its last column and row. */
function atTopLeft(picture: Picture, width: number, height: number): Picture {
  return extended(picture, { right: width - picture.width, bottom: height - picture.height }).picture;
}

/** The finished picture from what was drawn. */
export function finish({ page, wanted }: Start, image: Picture): Picture {
  const cut = image.width === wanted.width && image.height === wanted.height
    ? image
    : cropped(image, 0, 0, wanted.width, wanted.height);
  return page ? putBack(page.picture, cut, page.box, page.shares) : cut;
}
