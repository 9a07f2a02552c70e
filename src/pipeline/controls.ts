/**
 * ControlNets in a drawing: which networks see which pictures, and how strongly they steer.
 *
 * @module
 */
import { ModelError, UsageError } from "../errors.ts";
import { type ControlNetwork, guessStrengths } from "../nn/controlnet.ts";
import { canny } from "../picture/canny.ts";
import { type NamedPicture, readInput } from "../picture/input.ts";
import { inverted, opaque, type Picture } from "../picture/picture.ts";
import type { ControlOption, PictureOptions, Settings } from "../settings.ts";
import type { Networks, OpenedControlNet } from "./networks.ts";
import type { Part } from "./part.ts";
import { onSamePage, type Start } from "./start.ts";

/** A ControlNet and its picture as they were asked for, opened and read. */
export interface ControlInput extends OpenedControlNet {
  option: ControlOption;
  image: NamedPicture;
}

/** A ControlNet at work. */
export interface Control {
  readonly part: Part<ControlNetwork>;
  /** What it sees, of the drawing's size. */
  readonly picture: Picture;
  /** How strongly each of its features counts, the middle's last. */
  readonly strengths: readonly number[];
  /** Whether it steers only what the picture shall show: in guess mode, and where its features are pooled. */
  readonly shownOnly: boolean;
  /** Whether it steers in evaluation `i` of `n`. */
  active(i: number, n: number): boolean;
}

/**
 * Opens the networks and reads the pictures that the options name. @throws UsageError or ModelError that names what
 * does not fit
 */
export async function readControls(networks: Networks, options: PictureOptions): Promise<ControlInput[]> {
  const { controlNets = [], guessMode } = options;
  if (guessMode && controlNets.length === 0) throw new UsageError("--guess-mode needs a ControlNet: --control-net.");
  const inputs: ControlInput[] = [];
  for (const option of controlNets) {
    const { model, image, start = 0, end = 1, low, high, preprocess } = option;
    const name = typeof model === "string" ? model : model.name;
    if (image === undefined) {
      throw new UsageError(`The ControlNet ${name} needs a picture: name it with --control-image behind it.`);
    }
    if (start >= end) {
      throw new UsageError(`The ControlNet ${name} would never steer: it starts at ${start} and ends at ${end}.`);
    }
    if ((low ?? high) !== undefined && preprocess !== "canny") {
      const flag = low === undefined ? "--control-high" : "--control-low";
      throw new UsageError(`${flag} does nothing without --control-preprocess canny.`);
    }
    const opened = await networks.controlNet(model);
    checkFit(networks, opened);
    inputs.push({ ...opened, option, image: await readInput(image, "The control picture", "--control-image") });
  }
  return inputs;
}

/** @throws ModelError where a ControlNet of the right family was made for a network of another shape */
function checkFit({ backbone, decoder, checkpoint }: Networks, { part, named }: OpenedControlNet): void {
  const { network } = part;
  const { features, entryVectors, stepVectors } = backbone.network;
  const { factor, latentChannels } = decoder.network;
  const refuse = (what: string) =>
    new ModelError(`The ControlNet ${named.name} does not fit ${checkpoint.name}: ${what}.`);
  if (!features) throw refuse("this kind of model takes none");
  if (network.factor !== factor) {
    throw refuse(`it makes a latent of ${network.factor} pixels along each side, the model of ${factor}`);
  }
  if (network.inChannels !== latentChannels) {
    throw refuse(`it reads latents of ${network.inChannels} channels, the model makes ${latentChannels}`);
  }
  if (network.addedDim !== (entryVectors.added?.width ?? 0) || network.timeDim !== stepVectors.time?.width) {
    throw refuse("it is told of steps and sizes in another way");
  }
  if (`${network.features}` !== `${features}`) {
    throw refuse(`its features are ${network.features} channels wide, the model's ${features}`);
  }
}

/**
 * The size that a picture is drawn in where none is asked for: the first control picture's, as far as the networks can.
 */
export function sizeOfControls([{ image }]: readonly ControlInput[], factor: number) {
  const side = (pixels: number) => Math.max(1, Math.floor(pixels / factor)) * factor;
  return { width: side(image.picture.width), height: side(image.picture.height) };
}

/** The options as settings: networks and pictures by name and hash. */
export function namedControls(inputs: readonly ControlInput[]): Pick<Settings, "controlNets"> {
  if (inputs.length === 0) return {};
  return { controlNets: inputs.map(({ option, named, image }) => ({ ...option, model: named, image: image.named })) };
}

/** ControlNets as a drawing of these settings has them. */
export function controlsOf(inputs: readonly ControlInput[], settings: Settings, start?: Start): Control[] {
  return inputs.map(({ part, image, option }): Control => {
    const { strength = 1, start: from = 0, end = 1 } = option;
    const { features: { length: count }, pooled } = part.network;
    const { guessMode = false } = settings;
    const shares = guessMode && !pooled ? guessStrengths(count) : new Array<number>(count).fill(1);
    return {
      part,
      // What is transparent shows nothing, which is black in all control pictures.
      picture: prepared(onSamePage(opaque(image.picture, [0, 0, 0]), settings, start), option),
      strengths: shares.map((share) => share * strength),
      shownOnly: guessMode || pooled,
      active: (i, n) => i / n >= from && (i + 1) / n <= end,
    };
  });
}

function prepared(picture: Picture, { preprocess = "none", low, high }: ControlOption): Picture {
  if (preprocess === "canny") return canny(picture, low, high);
  return preprocess === "invert" ? inverted(picture) : picture;
}
