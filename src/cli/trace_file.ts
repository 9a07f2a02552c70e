/**
 * `--trace`: what the program and the device did, as a file for Perfetto or chrome://tracing.
 *
 * @module
 */
import { writeNewFile } from "../files/new_file.ts";
import type { Device } from "../gpu/device.ts";
import { Trace } from "../gpu/trace.ts";
import type { Context } from "./command.ts";

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
