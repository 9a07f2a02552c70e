/**
 * Where this user's caches lie.
 *
 * @module
 */
import { UsageError } from "../errors.ts";
import { absoluteIn, type Environment, valueOf } from "./environment.ts";

/**
 * The user's cache folder, by the XDG Base Directory Specification, which has relative paths ignored.
 * @throws UsageError where nothing says where it is: never the working folder
 */
export function cacheHome(env: Environment): string {
  const said = absoluteIn(env, "XDG_CACHE_HOME");
  if (said) return said;
  const home = absoluteIn(env, valueOf(env, "HOME") ? "HOME" : "USERPROFILE");
  if (home) return `${home}/.cache`;
  throw new UsageError("There is no place for a cache: neither XDG_CACHE_HOME nor HOME is set. Set one of them.");
}
