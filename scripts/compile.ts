/**
 * `deno task compile` makes one program file for this machine in dist/; `deno task compile all` makes one for every
 * platform. What goes in besides the modules is the list `compile.include` of deno.json.
 *
 * @module
 */

const TARGETS = [
  "x86_64-unknown-linux-gnu",
  "aarch64-unknown-linux-gnu",
  "x86_64-apple-darwin",
  "aarch64-apple-darwin",
  "x86_64-pc-windows-msvc",
];

const PERMISSIONS = ["--allow-read", "--allow-write", "--allow-env", "--allow-net"];

async function compile(target: string): Promise<void> {
  const args = ["compile", ...PERMISSIONS, "--target", target, "--output", `dist/rpg-${target}`, "main.ts"];
  const { success, code } = await new Deno.Command(Deno.execPath(), { args, stdout: "inherit", stderr: "inherit" })
    .output();
  if (!success) Deno.exit(code);
}

for (const target of Deno.args[0] === "all" ? TARGETS : [Deno.build.target]) await compile(target);
