/**
 * A Vulkan driver for AMD GPUs that needs none: RADV on its null device, from Debian's packages unpacked into a folder
 * of their own, behind a small stand-in for libvulkan (shim.c).
 *
 * @module
 */
import { join } from "@std/path";
import { RpgError } from "../../src/errors.ts";

const RADV = "usr/lib/x86_64-linux-gnu/libvulkan_radeon.so";

/** Runs a command to its end and gives its output. @throws RpgError when it fails */
async function run(command: string, args: string[], cwd?: string): Promise<string> {
  const { success, stdout, stderr } = await new Deno.Command(command, { args, cwd }).output().catch((error) => {
    throw new RpgError(`${command} is needed: ${error.message}`, 1);
  });
  const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
  if (!success) throw new RpgError(`${command} ${args.join(" ")}: ${text(stderr).trim().split("\n").at(-1)}`, 1);
  return text(stdout);
}

async function exists(path: string): Promise<boolean> {
  return await Deno.stat(path).then(() => true, () => false);
}

/** Fetches Debian packages into `folder` and unpacks them there, without installing anything. */
async function unpack(folder: string, packages: string[], suite?: string): Promise<void> {
  for (const part of ["lists/partial", "cache/archives/partial", "debs"]) {
    await Deno.mkdir(join(folder, "apt", part), { recursive: true });
  }
  let options: string[] = [];
  if (suite) {
    // From wherever this machine has Debian's packages.
    const targets = (await run("apt-get", ["indextargets", "--format", "$(CODENAME) $(REPO_URI)"])).split("\n");
    const mirror = targets.find((line) => line.startsWith("bookworm "))?.split(" ")[1];
    if (!mirror) throw new RpgError(`${suite} is Debian 12's: this machine has no package source of it.`, 1);
    const list = join(folder, "apt/sources.list");
    const key = "/usr/share/keyrings/debian-archive-keyring.gpg";
    await Deno.writeTextFile(list, `deb [signed-by=${key}] ${mirror} ${suite} main\n`);
    options = Object.entries({
      "Dir::Etc::sourcelist": list,
      "Dir::Etc::sourceparts": "-",
      "Dir::State::lists": join(folder, "apt/lists"),
      "Dir::Cache": join(folder, "apt/cache"),
    }).flatMap(([name, value]) => ["-o", `${name}=${value}`]);
    await run("apt-get", [...options, "update"]);
  }
  const debs = join(folder, "apt/debs");
  await run("apt-get", [...options, "download", ...packages.map((p) => suite ? `${p}/${suite}` : p)], debs);
  for await (const { name } of Deno.readDir(debs)) {
    if (packages.some((p) => name.startsWith(`${p}_`))) await run("dpkg", ["-x", join(debs, name), folder]);
  }
}

/** Paths that make WebGPU talk to the null device. */
export interface NullDriver {
  libraries: string;
  driver: string;
}

/** Fetches and builds in `folder` what is not there yet. @throws RpgError where this machine cannot */
export async function nullDriver(folder: string): Promise<NullDriver> {
  if (Deno.build.target !== "x86_64-unknown-linux-gnu") {
    throw new RpgError("This needs Debian on an x86-64 machine.", 1);
  }
  const driver = join(folder, RADV);
  if (!await exists(driver)) {
    await unpack(folder, ["mesa-vulkan-drivers", "libdrm2", "libdrm-amdgpu1"], "bookworm-backports");
  }
  if (!await exists(join(folder, "usr/include/vulkan/vulkan.h"))) await unpack(folder, ["libvulkan-dev"]);
  const source = join(import.meta.dirname!, "shim.c");
  const library = join(folder, "shim/libvulkan.so.1");
  await Deno.mkdir(join(folder, "shim"), { recursive: true });
  const built = await Deno.stat(library).catch(() => undefined);
  if (!built || built.mtime! < (await Deno.stat(source)).mtime!) {
    const include = `-I${join(folder, "usr/include")}`;
    await run("gcc", ["-O1", "-fvisibility=hidden", "-shared", "-fPIC", include, "-o", library, source, "-ldl"]);
  }
  return { libraries: `${join(folder, "shim")}:${join(folder, "usr/lib/x86_64-linux-gnu")}`, driver };
}
