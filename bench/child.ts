/**
 * Benchmarks that are programs of their own: run to the end, told by their last line.
 *
 * @module
 */
import { RpgError } from "../src/errors.ts";

/** What a child process printed. @throws RpgError with its last words where it failed */
export async function outputOf(
  command: string,
  args: string[],
  { env, cwd }: { env?: Record<string, string>; cwd?: string } = {},
): Promise<string> {
  const { code, stdout, stderr } = await new Deno.Command(command, { args, env, cwd }).output().catch((error) => {
    throw new RpgError(`${command} is needed: ${error.message}`, 1);
  });
  const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
  if (code === 0) return text(stdout);
  const words = (text(stderr) || text(stdout)).trim().split("\n").slice(-5).join("\n");
  throw new RpgError(`${command} ${args.join(" ")} failed:\n${words}`, 1);
}

/** The JSON of a child's last line. */
export async function jsonOf<T>(...call: Parameters<typeof outputOf>): Promise<T> {
  return JSON.parse((await outputOf(...call)).trim().split("\n").at(-1)!);
}
