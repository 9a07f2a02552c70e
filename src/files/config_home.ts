/**
 * Where this user's settings lie.
 *
 * @module
 */
import { absoluteIn, type Environment, valueOf } from "./environment.ts";

/**
 * The user's folder of settings, by the XDG Base Directory Specification, which has relative paths ignored; on Windows
 * APPDATA. Nowhere where nothing says it.
 */
export function configHome(env: Environment, windows: boolean = Deno.build.os === "windows"): string | undefined {
  const said = absoluteIn(env, windows ? "APPDATA" : "XDG_CONFIG_HOME");
  if (said) return said;
  const home = valueOf(env, "HOME");
  return !windows && home?.startsWith("/") ? `${home}/.config` : undefined;
}
