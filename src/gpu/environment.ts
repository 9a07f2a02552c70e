/**
 * What graphics drivers find in the environment, for this process only. This program opens no window: without
 * XDG_RUNTIME_DIR, where a window system would be, drivers complain on standard error, and any absolute path serves;
 * and OpenGL, which is there for windows and whose software driver lacks the textures that kernels want, takes as long
 * to look for as Vulkan does. What the user has set stays.
 *
 * @module
 */

const WANTED = {
  XDG_RUNTIME_DIR: "/",
  /** Deno's name for where adapters are looked for; all of them by default. */
  DENO_WEBGPU_BACKEND: "vulkan",
};

/** Sets what is not set and may be. Call before asking for an adapter. */
export function prepareEnvironment(): void {
  if (Deno.build.os !== "linux") return;
  for (const [variable, value] of Object.entries(WANTED)) {
    const { state } = Deno.permissions.querySync({ name: "env", variable });
    if (state === "granted" && !Deno.env.get(variable)) Deno.env.set(variable, value);
  }
}
