import assert from "@std/assert";
import { join } from "@std/path";
import { finish, inFolder, program } from "./program.ts";

/** No Vulkan driver is found with this. */
const NO_DRIVER = { VK_ICD_FILENAMES: "/none", VK_DRIVER_FILES: "/none" };

Deno.test({
  name: "set-up says what it installs, and installs it through apt where it may",
  fn: () =>
    inFolder(async (cwd) => {
      const fakes = { "apt-get": 'echo "$@" >> calls; echo "apt-get $@"', "sudo": 'shift; exec "$@"' };
      for (const [name, script] of Object.entries(fakes)) {
        await Deno.writeTextFile(join(cwd, name), `#!/bin/sh\n${script}\n`, { mode: 0o755 });
      }
      const env = { ...NO_DRIVER, PATH: cwd };
      const { code, stdout, stderr } = await finish(program([], { cwd, env }, "scripts/setup.ts"));
      assert.deepEqual((await Deno.readTextFile(join(cwd, "calls"))).trim().split("\n"), [
        "--version",
        "update",
        "install -y --no-install-recommends mesa-vulkan-drivers libvulkan1",
      ]);
      assert.match(stderr, /found no Vulkan driver[^]*Running: .*apt-get install -y[^]*still finds no adapter/);
      assert.deepEqual([code, stdout], [4, ""], "the fake installed nothing, and that is noticed");
    }),
});

Deno.test({
  name: "where set-up may not install, it prints the command; where there is nothing to do, nothing",
  fn: () =>
    inFolder(async (cwd) => {
      const without = await finish(program([], { cwd, env: { ...NO_DRIVER, PATH: cwd } }, "scripts/setup.ts"));
      assert.equal(without.code, 4);
      assert.match(without.stderr, /Install (one with:\n {2}sudo .*vulkan|Mesa's software Vulkan driver)/);
      const ready = await finish(program([], { cwd, env: { XDG_RUNTIME_DIR: "" } }, "scripts/setup.ts"));
      assert.deepEqual(ready, { code: 0, stdout: "", stderr: "" });

      const none = await finish(program(["--list-devices"], { cwd, env: { ...NO_DRIVER, DENO_WEBGPU_BACKEND: "" } }));
      assert.equal(none.code, 4);
      assert.match(
        none.stderr,
        /no adapter.*apt-get install.*OpenGL and no Vulkan is found with DENO_WEBGPU_BACKEND=gl/,
      );
    }),
});
