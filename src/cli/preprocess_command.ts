/**
 * `preprocess`: pictures that ControlNets see.
 *
 * @module
 */
import { brief } from "../brief.ts";
import { UsageError } from "../errors.ts";
import { writeSomewhere } from "../files/new_file.ts";
import { parseStrictJson } from "../files/strict_json.ts";
import { readUserText } from "../files/user_file.ts";
import { encodePicture } from "../formats/encode_picture.ts";
import { BYTES_OF } from "../limits.ts";
import { canny } from "../picture/canny.ts";
import { depthPicture } from "../picture/depth.ts";
import { readInput } from "../picture/input.ts";
import { inverted, opaque, type Picture } from "../picture/picture.ts";
import { drawPose } from "../picture/pose.ts";
import { resized } from "../picture/resize.ts";
import type { FlagValues } from "../settings.ts";
import type { Context } from "./command.ts";
import { json } from "./json.ts";
import { outputOf } from "./output.ts";

/** How each kind is made from a file. */
const KINDS: Record<string, (path: string, flags: FlagValues) => Promise<Picture>> = {
  async canny(path, flags) {
    const edges = canny(opaque(await read(path, flags)), flags.low, flags.high);
    return flags.invert ? inverted(edges) : edges;
  },
  async pose(path, flags) {
    return drawPose(await readPose(path), sizeIn(flags));
  },
  async depth(path, flags) {
    return depthPicture(await read(path, flags), flags.invert);
  },
};

/** Flags that only some kinds heed. */
const HEEDED: Record<string, readonly (keyof FlagValues)[]> = {
  canny: ["low", "high", "invert"],
  pose: [],
  depth: ["invert"],
};

/** Reads a picture or a pose, and writes what a ControlNet sees of it. */
export async function preprocessCommand(
  { argument: kind, further: [path] = [], flags, console }: Context,
): Promise<void> {
  const kinds = Object.keys(KINDS).join(", ");
  if (kind === undefined || !Object.hasOwn(KINDS, kind)) {
    throw new UsageError(`preprocess makes ${kinds}${kind === undefined ? "" : `, not ${brief(kind)}`}.`);
  }
  if (path === undefined) {
    throw new UsageError(`preprocess needs a file: main.ts preprocess ${kind} picture.png -o out.png`);
  }
  const idle = (["low", "high", "invert"] as const).find((name) =>
    flags[name] !== undefined && !HEEDED[kind].includes(name)
  );
  if (idle) throw new UsageError(`--${idle} does nothing in "preprocess ${kind}".`);
  const output = await outputOf(flags, 1, `${kind}_%03d.png`);
  const picture = await KINDS[kind](path, flags);
  const written = await writeSomewhere(output, await encodePicture(output.format, picture), console.complain);
  console.result(flags.json ? json({ path: written, kind, width: picture.width, height: picture.height }) : written);
}

/** The size that is asked for. @throws UsageError where only one side is */
function sizeIn({ width, height }: FlagValues): { width: number; height: number } | undefined {
  if ((width === undefined) !== (height === undefined)) {
    throw new UsageError("preprocess takes both -W and -H, or neither.");
  }
  return width && height ? { width, height } : undefined;
}

/** A picture, of the size that is asked for: edges are found after that, so that they stay sharp. */
async function read(path: string, flags: FlagValues): Promise<Picture> {
  const size = sizeIn(flags);
  const { picture } = await readInput(path, "The picture", "preprocess");
  return size ? resized(picture, size.width, size.height) : picture;
}

async function readPose(path: string): Promise<unknown> {
  const text = await readUserText(path, "The pose", BYTES_OF.plan);
  try {
    return parseStrictJson(text);
  } catch (cause) {
    if (!(cause instanceof SyntaxError)) throw cause;
    throw new UsageError(`The pose ${path} is not JSON: ${cause.message}`, { cause });
  }
}
