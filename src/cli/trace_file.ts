/**
 * `--trace`: what the program and the device did, as a file for Perfetto or chrome://tracing.
 *
 * @module
 */
import { UsageError } from "../errors.ts";
import { checkNewFile, mayCollide, writeNewFile } from "../files/new_file.ts";
import type { Device } from "../gpu/device.ts";
import { Trace } from "../gpu/trace.ts";
import type { Context } from "./command.ts";
import type { Output } from "./output.ts";

/** Refuses a place where no trace can be written, before any work. @throws UsageError */
export async function checkTrace({ flags }: Context, output: Output): Promise<void> {
  const { trace, force, savePlan, saveEdit, showMask } = flags;
  if (trace === undefined) return;
  for (
    const [flag, path] of Object.entries({
      "-o": output.pattern,
      "--save-plan": savePlan,
      "--save-edit": saveEdit,
      "--show-mask": showMask,
    })
  ) {
    if (path !== undefined && mayCollide(path, trace)) {
      throw new UsageError(`${flag} and --trace would write the same file, ${trace}. Give the trace another name.`);
    }
  }
  await checkNewFile({ pattern: trace, force });
}

/**
 * Follows a device where `--trace` asks for that. The file is written when what is returned is disposed of, also where
 * the work fails, and then shows how far it came; not where nothing was begun.
 */
export async function followed(
  device: Device,
  { flags, console }: Pick<Context, "flags" | "console">,
): Promise<AsyncDisposable> {
  const { trace: path, force } = flags;
  const trace = path === undefined ? undefined : await Trace.begin(device);
  return {
    async [Symbol.asyncDispose]() {
      if (!trace || path === undefined) return;
      const file = await trace.finish();
      if (!file.traceEvents.some(({ ph }) => ph === "X")) return;
      const written = await writeNewFile({ pattern: path, force }, new TextEncoder().encode(JSON.stringify(file)));
      console.say(`The trace is in ${written}: open it at https://ui.perfetto.dev or in chrome://tracing.`);
    },
  };
}
