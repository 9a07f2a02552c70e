/**
 * `upscale`: a picture enlarged by a network.
 *
 * @module
 */
import { basename } from "../deps/path.ts";
import { UsageError } from "../errors.ts";
import { readUserFile } from "../files/user_file.ts";
import { writeSomewhere } from "../files/new_file.ts";
import { encodePicture } from "../formats/encode_picture.ts";
import { formatParameters, parseParameters } from "../formats/parameters.ts";
import { readPictureText } from "../formats/picture_text.ts";
import { BYTES_OF } from "../limits.ts";
import { readPicture } from "../picture/read_picture.ts";
import { Upscaler } from "../pipeline/upscaler.ts";
import { storageOf } from "../pipeline/weight_type.ts";
import type { Context } from "./command.ts";
import { json } from "./json.ts";
import { outputOf } from "./output.ts";

/** Enlarges a picture and says where it is. What made it is kept beside it, with the enlarging added. */
export async function upscaleCommand(context: Context): Promise<void> {
  const { argument, flags, console, signal } = context;
  if (argument === undefined) throw new UsageError("upscale needs a picture: main.ts upscale IMG --upscale-model FILE");
  const { upscaleModel } = flags;
  if (typeof upscaleModel !== "string") {
    throw new UsageError("upscale needs a network: name its file with --upscale-model.");
  }
  const { precision, keep } = storageOf(flags.type);
  if (keep && keep !== "file") throw new UsageError(`upscale takes --type f16 or f32, not ${keep}.`);
  const output = await outputOf(flags, 1, "upscaled_%03d.png");
  const bytes = await readUserFile(argument, "The picture", BYTES_OF.picture);
  const picture = await readPicture(bytes, `The picture ${argument}`);
  using upscaler = await Upscaler.open(upscaleModel, {
    device: flags.device,
    type: precision,
  });
  console.progress.stage(`Enlarging ${upscaler.scale}×`);
  let last = performance.now();
  const image = await upscaler.upscale(picture, {
    signal,
    onProgress(step, steps) {
      const now = performance.now();
      console.progress.step({ step, steps, seconds: (now - last) / 1000 });
      last = now;
    },
  });
  const made = flags.noMetadata ? undefined : readPictureText(bytes, argument).get("parameters");
  const texts = made ? parseParameters(made) : undefined;
  if (texts) {
    const by = { "Postprocess upscale by": `${upscaler.scale}`, "Postprocess upscaler": basename(upscaleModel) };
    Object.assign(texts.fields, by);
  }
  const file = await encodePicture(output.format, image, texts && { parameters: formatParameters(texts) });
  const path = await writeSomewhere(output, file, console.complain);
  const report = { path, width: image.width, height: image.height, scale: upscaler.scale };
  console.event("saved", report);
  console.result(flags.json ? json(report) : path);
}
