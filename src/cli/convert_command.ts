/**
 * `convert`: a model's file in another format and type.
 *
 * @module
 */
import { extname } from "../deps/path.ts";
import { UsageError } from "../errors.ts";
import { isFolder } from "../files/byte_file.ts";
import { checkNewFile, writeNewFile } from "../files/new_file.ts";
import { openTensors } from "../formats/open_tensors.ts";
import { mib } from "../gpu/device.ts";
import { convert, planConversion, type TargetType } from "../model/convert.ts";
import type { Context } from "./command.ts";
import { json } from "./json.ts";

/** Writes the file anew and says what is in it. */
export async function convertCommand({ argument, flags, console, signal }: Context): Promise<void> {
  const { output, force, type = "auto" } = flags;
  if (argument === undefined || output === undefined) {
    throw new UsageError("convert needs a file and where to write: main.ts convert IN -o OUT.gguf --type q8_0");
  }
  if (await isFolder(argument).catch(() => false)) {
    throw new UsageError(
      `${argument} is a folder: convert its networks one by one, such as unet/diffusion_pytorch_model.safetensors, ` +
        "and draw with --unet.",
    );
  }
  const format = extname(output).slice(1).toLowerCase();
  if (format !== "gguf" && format !== "safetensors") {
    throw new UsageError(`convert writes .gguf and .safetensors; ${output} is neither.`);
  }
  const target = { pattern: output, force };
  await checkNewFile(target);
  const source = await openTensors(argument, signal);
  try {
    const conversions = planConversion(source, format, type === "auto" ? undefined : type as TargetType);
    console.progress.stage("Converting");
    let bytes = 0;
    const path = await writeNewFile(target, async (file) => {
      await convert(source, conversions, format, async (piece) => {
        signal.throwIfAborted();
        for (let at = 0; at < piece.length;) at += await file.write(piece.subarray(at));
        bytes += piece.length;
      });
    });
    const counts = Map.groupBy(conversions, ({ to }) => to.toLowerCase());
    const tensors = Object.fromEntries([...counts].map(([to, list]) => [to, list.length]));
    const said = Object.entries(tensors).map(([to, count]) => `${count} ${to}`).join(", ");
    console.result(flags.json ? json({ path, bytes, tensors }) : `${path}  ${mib(bytes)}: tensors ${said}`);
  } finally {
    source.close();
  }
}
