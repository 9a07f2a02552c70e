/**
 * Graphics drivers look for a window system and complain on standard error where XDG_RUNTIME_DIR is missing. This
 * program opens no window, so any absolute path serves; it is set for this process only.
 *
 * @module
 */

/**
 * Gives XDG_RUNTIME_DIR a value where it has none and the environment may be changed. Call before asking for an
 * adapter.
 */
export function ensureRuntimeDir(): void {
  if (Deno.build.os !== "linux") return;
  const { state } = Deno.permissions.querySync({ name: "env", variable: "XDG_RUNTIME_DIR" });
  if (state === "granted" && !Deno.env.get("XDG_RUNTIME_DIR")) Deno.env.set("XDG_RUNTIME_DIR", "/");
}
