/**
 * `deno task setup`: makes sure that WebGPU finds an adapter. On Linux without a Vulkan driver it installs Mesa's
 * software driver through apt where it may, and otherwise prints the command that does. Everything it says goes to
 * standard error.
 *
 * @module
 */
import { prepareEnvironment } from "../src/gpu/environment.ts";

const PACKAGES = ["mesa-vulkan-drivers", "libvulkan1"];

/** The command that installs a software Vulkan driver, by the ID or ID_LIKE of /etc/os-release. */
const COMMANDS: Record<string, string> = {
  debian: `sudo apt-get update && sudo apt-get install -y ${PACKAGES.join(" ")}`,
  fedora: "sudo dnf install -y mesa-vulkan-drivers vulkan-loader",
  arch: "sudo pacman -S --needed vulkan-swrast vulkan-icd-loader",
};

/** The exit code of GpuError. */
const NO_ADAPTER = 4;

async function hasAdapter(): Promise<boolean> {
  prepareEnvironment(); // so that no OpenGL adapter, which is several times slower, stands in for a missing Vulkan
  return await navigator.gpu?.requestAdapter() != null;
}

/** Runs a command, its output on standard error; false where it fails or does not exist. */
async function run(command: string[]): Promise<boolean> {
  try {
    const env = { DEBIAN_FRONTEND: "noninteractive" };
    const child = new Deno.Command(command[0], { args: command.slice(1), env, stdout: "piped" }).spawn();
    await child.stdout.pipeTo(Deno.stderr.writable, { preventClose: true });
    return (await child.status).success;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}

/** What to put before apt-get so that it may install; undefined where there is no apt or no right to use it. */
async function aptPrefix(): Promise<string[] | undefined> {
  const isRoot = Deno.uid() === 0;
  const probe = [...(isRoot ? [] : ["sudo", "-n"]), "apt-get", "--version"];
  try {
    const { success } = await new Deno.Command(probe[0], { args: probe.slice(1), stderr: "null" }).output();
    return success ? probe.slice(0, -2) : undefined;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}

async function installCommand(): Promise<string | undefined> {
  const release = await Deno.readTextFile("/etc/os-release").catch(() => "");
  const ids = [...release.matchAll(/^ID(?:_LIKE)?="?([^"\n]*)"?$/gm)].flatMap((match) => match[1].split(" "));
  return ids.map((id) => COMMANDS[id]).find((command) => command !== undefined);
}

async function setup(): Promise<number> {
  if (await hasAdapter()) return 0;
  if (Deno.build.os !== "linux") {
    console.error("WebGPU found no adapter. Install or update this system's graphics driver, then try again.");
    return NO_ADAPTER;
  }
  console.error(`WebGPU found no Vulkan driver. ${PACKAGES.join(" and ")} provide one that computes on the CPU.`);
  const prefix = await aptPrefix();
  if (!prefix) {
    const command = await installCommand();
    console.error(
      command ? `Install one with:\n  ${command}` : "Install Mesa's software Vulkan driver and the loader.",
    );
    return NO_ADAPTER;
  }
  for (const command of [["apt-get", "update"], ["apt-get", "install", "-y", "--no-install-recommends", ...PACKAGES]]) {
    const full = [...prefix, ...command];
    console.error(`Running: ${full.join(" ")}`);
    if (await run(full)) continue;
    console.error(`${full.join(" ")} failed; its output above says why.`);
    return NO_ADAPTER;
  }
  // The driver is only seen by a process that starts after its installation.
  if (await run([Deno.execPath(), "run", "-A", import.meta.filename!, "--check"])) return 0;
  console.error("The driver is installed, yet WebGPU still finds no adapter. `deno run -A main.ts doctor` says more.");
  return NO_ADAPTER;
}

Deno.exit(Deno.args[0] === "--check" ? (await hasAdapter() ? 0 : NO_ADAPTER) : await setup());
