/**
 * Packs what a bare machine without network lacks: Deno, the npm packages that the program and its tests use, and Vulkan's loader.
 *
 * @module
 */
import { join } from "../../src/deps/path.ts";

const ROOT = new URL("../..", import.meta.url).pathname;

async function run(command: string, args: string[], options: { cwd?: string; env?: Record<string, string> } = {}) {
  const { success, stderr } = await new Deno.Command(command, { args, ...options }).output();
  if (!success) throw new Error(`${command} ${args.join(" ")}: ${new TextDecoder().decode(stderr).trim()}`);
}

/** Makes carried.tar.xz in `folder`. */
export async function prepareFolder(folder: string): Promise<void> {
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
    const cached = [
      "main.ts",
      "bench/gpu/run.ts",
      "bench/gpu/kernels.ts",
      "bench/gpu/model.ts",
      "bench/gpu/machine.ts",
    ];
    const tests = ["gpu", "ops", "nn"].flatMap((room) =>
      [...Deno.readDirSync(join(tree, "tests", room))].filter(({ name }) => name.endsWith("_test.ts"))
        .map(({ name }) => `tests/${room}/${name}`)
    );
    await run(Deno.execPath(), ["cache", "--no-check", ...cached, ...tests], {
      cwd: tree,
      env: { DENO_DIR: join(work, "deno_dir") },
    });
    await Deno.remove(tree, { recursive: true });
    await run("apt-get", ["download", "libvulkan1"], { cwd: join(work, "debs") }).catch((error) => {
      console.error(`Vulkan's loader is not carried (${error.message}); the machine must have it or a network.`);
    });
    const file = join(folder, "carried.tar.xz");
    await run("tar", ["-C", work, "-cJf", file, "bin", "deno_dir", "debs"]);
    console.log(`${file}: ${((await Deno.stat(file)).size / 2 ** 20).toFixed(0)} MiB`);
  } finally {
    await Deno.remove(work, { recursive: true });
  }
}
