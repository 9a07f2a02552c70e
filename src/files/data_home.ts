/**
 * Where this user's data lie.
 *
 * @module
 */
import { absoluteIn, granted, valueOf } from "./environment.ts";

/** The user's data folder, by the XDG Base Directory Specification; nowhere where nothing says it or may be asked. */
export function dataHome(): string | undefined {
  const said = absoluteIn(granted, Deno.build.os === "windows" ? "LOCALAPPDATA" : "XDG_DATA_HOME");
  if (said) return said;
  const home = valueOf(granted, "HOME");
  return home?.startsWith("/") ? `${home}/.local/share` : undefined;
}
