/**
 * Packs what a bare machine without network lacks: Deno, the npm packages that the program and its tests use, and
 * Vulkan's loader.
 *
 * @module
 */
import { join } from "../../src/deps/path.ts";

const ROOT = new URL("../..", import.meta.url).pathname;

async function run(command: string, args: string[], options: { cwd?: string; env?: Record<string, string> } = {}) {
  const { success, stderr } = await new Deno.Command(command, { args, ...options }).output();
  if (!success) throw new Error(`${command} ${args.join(" ")}: ${new TextDecoder().decode(stderr).trim()}`);
}

/** Vulkan's loader, and what NVIDIA's driver loads beside it. */
const LOADERS = ["libvulkan1", "libegl1", "libglvnd0", "libopengl0", "libgl1", "libglx0", "libgles2"];

/**
 * Makes carried.tar.xz in `folder`, or carried.1, carried.2 and so on, where one file would be too large to carry at
 * once.
 */
export async function prepareFolder(folder: string, pieces: number): Promise<void> {
  await Deno.mkdir(folder, { recursive: true });
  const work = await Deno.makeTempDir();
  try {
    for (const part of ["bin", "deno_dir", "debs"]) await Deno.mkdir(join(work, part));
    await Deno.copyFile(Deno.execPath(), join(work, "bin/deno"));
    // Into a cache of its own, from a copy without packages: only what the lock file names.
    const tree = join(work, "tree");
    await Deno.mkdir(tree);
    await run("sh", [
      "-c",
      `git -C '${ROOT}' ls-files -coz --exclude-standard | tar -C '${ROOT}' --null -T - -cf - | tar -C '${tree}' -xf -`,
    ]);
    const inside = (folder: string, ending: string) =>
      [...Deno.readDirSync(join(tree, folder))].filter(({ name }) => name.endsWith(ending))
        .map(({ name }) => `${folder}/${name}`);
    const tests = ["gpu", "ops", "nn", "pipeline"].flatMap((room) => inside(`tests/${room}`, "_test.ts"));
    const cached = ["main.ts", ...inside("bench/gpu", ".ts")];
    await run(Deno.execPath(), ["cache", "--no-check", ...cached, ...tests], {
      cwd: tree,
      env: { DENO_DIR: join(work, "deno_dir") },
    });
    await Deno.remove(tree, { recursive: true });
    await run("apt-get", ["download", ...LOADERS], { cwd: join(work, "debs") }).catch((error) => {
      console.error(`Vulkan's loader is not carried (${error.message}); the machine must have it or a network.`);
    });
    const file = join(folder, "carried.tar.xz");
    // The filter for machine code saves a twentieth.
    const xz = "xz -T1 --x86 --lzma2=preset=9e,dict=128MiB";
    await run("sh", ["-c", `tar -C '${work}' -cf - bin deno_dir debs | ${xz} > '${file}'`]);
    const { size } = await Deno.stat(file);
    console.log(`${file}: ${(size / 2 ** 20).toFixed(1)} MiB`);
    if (pieces < 2) return;
    await run("split", ["-n", `${pieces}`, "--numeric-suffixes=1", "-a", "1", file, join(folder, "carried.")]);
    await Deno.remove(file);
  } finally {
    await Deno.remove(work, { recursive: true });
  }
}
