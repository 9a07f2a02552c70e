import assert from "@std/assert";
import { bashScript, fishScript, zshScript } from "../../src/cli/completions.ts";
import { takes } from "../../src/settings/setting.ts";
import { SETTINGS } from "../../src/settings/schema.ts";
import { flagOf } from "../../src/settings/check.ts";
import { inFolder } from "./program.ts";

/** What a shell's own script prints. */
async function printed(shell: string, script: string, cwd: string): Promise<string> {
  const child = new Deno.Command(shell, { args: ["-c", script], cwd, stdout: "piped", stderr: "piped" });
  const { stdout, stderr } = await child.output();
  const decoder = new TextDecoder();
  return decoder.decode(stdout) + decoder.decode(stderr);
}

Deno.test("bash completes commands, flags of the command, words and paths", () =>
  inFolder(async (cwd) => {
    await Deno.writeTextFile(`${cwd}/my model.safetensors`, "");
    await Deno.mkdir(`${cwd}/models`);
    const completed = async (...words: string[]) => {
      const quoted = words.map((word) => `'${word}'`).join(" ");
      const call = `compopt() { :; }; COMP_WORDS=(${quoted}); COMP_CWORD=${words.length - 1}; _rpg`;
      const lines = await printed("bash", `${bashScript("rpg")}\n${call}; printf '%s\\n' "\${COMPREPLY[@]}"`, cwd);
      return lines.trim().split("\n");
    };
    assert.deepEqual(await completed("rpg", "ed"), ["edit"]);
    assert.deepEqual(await completed("rpg", "a cat", "--sampling-m"), ["--sampling-method"]);
    assert.deepEqual(await completed("rpg", "x", "--planner", "=", "r"), ["rules"]);
    assert.ok((await completed("rpg", "x", "--sampling-method", "dpm++")).includes("dpm++2m"));
    assert.deepEqual(await completed("rpg", "x", "--sampler", "un"), ["unipc"]);
    assert.deepEqual(await completed("rpg", "edit", "a.png", "--recol"), ["--recolor"]);
    assert.deepEqual(await completed("rpg", "-m", "my"), ["my model.safetensors"]);
    assert.deepEqual(await completed("rpg", "--lora-dir", ""), ["models"]);
  }));

Deno.test("every flag is in every script", () => {
  const long = Object.entries(SETTINGS).filter(([, setting]) => takes("generate", setting)).map(([name]) =>
    flagOf(name)
  );
  const [bash, zsh, fish] = [bashScript("rpg"), zshScript("rpg"), fishScript("rpg")];
  for (const flag of long) {
    assert.ok(bash.includes(` ${flag} `) || bash.includes(` ${flag}"`), flag);
    assert.ok(zsh.includes(`'*${flag}=[`) || zsh.includes(`'*${flag}[`), flag);
    assert.ok(fish.includes(` -l ${flag.slice(2)} `), flag);
  }
});
