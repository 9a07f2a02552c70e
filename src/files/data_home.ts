/**
 * Where this user's data lie.
 *
 * @module
 */

/** The user's data folder, by the XDG Base Directory Specification; nowhere where nothing says it or may be asked. */
export function dataHome(): string | undefined {
  const said = (name: string) =>
    Deno.permissions.querySync({ name: "env", variable: name }).state === "granted" ? Deno.env.get(name) : undefined;
  const own = said(Deno.build.os === "windows" ? "LOCALAPPDATA" : "XDG_DATA_HOME");
  if (own && /^(\/|[A-Za-z]:[\\/])/.test(own)) return own;
  const home = said("HOME");
  return home?.startsWith("/") ? `${home}/.local/share` : undefined;
}
