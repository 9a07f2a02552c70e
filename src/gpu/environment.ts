/**
 * What graphics drivers find in the environment, for this process only. This program opens no window: without
 * XDG_RUNTIME_DIR, where a window system would be, drivers complain on standard error, and any absolute path serves;
 * and OpenGL, which is there for windows and whose software driver lacks the textures that kernels want, takes as long
 * to look for as Vulkan does. What the user has set stays.
 *
 * @module
 */

/** Deno's name for where adapters are looked for; everywhere by default. It counts until the first is asked for. */
const BACKEND = "DENO_WEBGPU_BACKEND";

const WANTED = {
  XDG_RUNTIME_DIR: "/",
  [BACKEND]: "vulkan",
};

/** Sets what is not set and may be. Call before asking for an adapter. */
export function prepareEnvironment(): void {
  if (Deno.build.os !== "linux") return;
  for (const [variable, value] of Object.entries(WANTED)) {
    if (mayUse(variable) && !Deno.env.get(variable)) Deno.env.set(variable, value);
  }
}

/** Where else to look when nothing was found; empty where all was looked through. */
export function elsewhere(): string {
  const vulkanOnly = Deno.build.os === "linux" && mayUse(BACKEND) && Deno.env.get(BACKEND) === WANTED[BACKEND];
  return vulkanOnly ? ` A GPU that has OpenGL and no Vulkan is found with ${BACKEND}=gl.` : "";
}

function mayUse(variable: string): boolean {
  return Deno.permissions.querySync({ name: "env", variable }).state === "granted";
}
