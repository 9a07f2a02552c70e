/**
 * Where this user's caches lie.
 *
 * @module
 */
import { UsageError } from "../errors.ts";

/** Reads an environment variable; Deno.env.get, or a test's. */
export type Environment = (name: string) => string | undefined;

/** A variable's value; empty ones count as absent, as everywhere on Unix. */
export function valueOf(env: Environment, name: string): string | undefined {
  return env(name) || undefined;
}

/**
 * The user's cache folder, by the XDG Base Directory Specification, which has relative paths ignored.
 * @throws UsageError where nothing says where it is: never the working folder
 */
export function cacheHome(env: Environment): string {
  const said = valueOf(env, "XDG_CACHE_HOME");
  if (said && isAbsolute(said)) return said;
  const home = valueOf(env, "HOME") ?? valueOf(env, "USERPROFILE");
  if (home && isAbsolute(home)) return `${home}/.cache`;
  throw new UsageError("There is no place for a cache: neither XDG_CACHE_HOME nor HOME is set. Set one of them.");
}

function isAbsolute(path: string): boolean {
  return /^(\/|[A-Za-z]:[\\/]|\\\\)/.test(path);
}
