/**
 * Where pictures go.
 *
 * @module
 */
import { join } from "../deps/path.ts";
import { UsageError } from "../errors.ts";
import { checkNewFile, mayCollide, type NewFileOptions } from "../files/new_file.ts";
import { formatOf, type WrittenFormat } from "../formats/encode_picture.ts";
import type { FlagValues } from "../settings.ts";

/** A place that was tried, and the format that its name asks for. */
export interface Output extends NewFileOptions {
  format: WrittenFormat;
}

/**
 * What `-o` and `--force` ask for. A folder, there already or written with "/" at its end, gets numbered pictures.
 *
 * @param count how many pictures will be written
 * @param fallback where there is no `-o`
 * @throws UsageError where nothing can be written there
 */
export async function outputOf(flags: FlagValues, count = 1, fallback = "out_%03d.png"): Promise<Output> {
  const { output = fallback, force, savePlan } = flags;
  const isFolder = /[\\/]$/.test(output) || await Deno.stat(output).then((info) => info.isDirectory, () => false);
  const pattern = isFolder ? join(output, fallback) : output;
  const format = formatOf(pattern);
  if (savePlan !== undefined) {
    if (mayCollide(pattern, savePlan)) {
      throw new UsageError(`-o and --save-plan would write the same file, ${savePlan}. Give the plan another name.`);
    }
    await checkNewFile({ pattern: savePlan, force });
  }
  if (flags.report !== undefined) {
    if (mayCollide(pattern, flags.report)) {
      throw new UsageError(`-o and --report would write the same file, ${flags.report}. Give the report another name.`);
    }
    await checkNewFile({ pattern: flags.report, force }, count);
  }
  await checkNewFile({ pattern, force }, count);
  return { pattern, force, format };
}
