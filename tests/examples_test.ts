import assert from "@std/assert";
import { finish, inFolder, names, program, TINY_MODEL } from "./cli/program.ts";

const run = (name: string, cwd: string, permissions?: string[]) =>
  finish(program([TINY_MODEL], { cwd, permissions }, `examples/${name}.ts`));

Deno.test("example: draw a plan and save the picture", () =>
  inFolder(async (cwd) => {
    const { code, stdout, stderr } = await run("draw_plan", cwd);
    assert.equal(code, 0, stderr);
    assert.match(stdout, /step 1 of \d+, [^]*draw_plan_01\.png\n$/);
    assert.deepEqual(names(cwd), ["draw_plan_01.png"]);
  }));

Deno.test("example: plain against planned", () =>
  inFolder(async (cwd) => {
    const { code, stdout, stderr } = await run("compare", cwd);
    assert.equal(code, 0, stderr);
    assert.match(stdout, /^plain: +compare_01\.png\nplanned: +compare_02\.png\n$/);
    assert.deepEqual(names(cwd), ["compare_01.png", "compare_02.png"]);
  }));

Deno.test("example: a planner of one's own", () =>
  inFolder(async (cwd) => {
    const { code, stdout, stderr } = await run("own_planner", cwd, ["--allow-env", "--allow-read"]);
    assert.equal(code, 0, stderr);
    assert.equal(JSON.parse(stdout).splitRatio, "1,1,1");
  }));
