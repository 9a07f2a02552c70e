/**
 * Variables of the environment.
 *
 * @module
 */

/** Reads a variable: Deno.env.get, {@linkcode granted}, or a test's. */
export type Environment = (name: string) => string | undefined;

/** A variable that the program may read; one that it may not counts as not set. */
export const granted: Environment = (variable) =>
  Deno.permissions.querySync({ name: "env", variable }).state === "granted" ? Deno.env.get(variable) : undefined;

/** A variable's value; empty ones count as absent, as everywhere on Unix. */
export function valueOf(env: Environment, name: string): string | undefined {
  return env(name) || undefined;
}

/** A variable's value where it is an absolute path, on Unix or Windows; the XDG specification has others ignored. */
export function absoluteIn(env: Environment, name: string): string | undefined {
  const said = valueOf(env, name);
  return said && /^(\/|[A-Za-z]:[\\/]|\\\\)/.test(said) ? said : undefined;
}
