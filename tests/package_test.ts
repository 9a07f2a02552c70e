import assert from "@std/assert";
import { resolve } from "@std/path";
import { inFolder } from "./cli/program.ts";

const root = resolve(import.meta.dirname!, "..");

const SCRIPT = (library: string) => `
import { loadModel, makePlan } from "${library}";
const plan = await makePlan("a red apple on the left and a blue teapot on the right", { planner: "rules" });
console.log(plan.splitRatio, typeof loadModel);
`;

async function deno(cwd: string, ...args: string[]) {
  const env = { NO_COLOR: "1" };
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), { args, cwd, env }).output();
  const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
  return { code, stdout: text(stdout), stderr: text(stderr) };
}

for (
  const [how, library, config] of [
    ["by path", `${root}/src/mod.ts`, {}],
    ["by name", "@rpg/deno", { links: [root], imports: { "@rpg/deno": "jsr:@rpg/deno" } }],
  ] as const
) {
  Deno.test(`a project elsewhere imports the library ${how}`, () =>
    inFolder(async (cwd) => {
      await Deno.writeTextFile(`${cwd}/deno.json`, JSON.stringify(config));
      await Deno.writeTextFile(`${cwd}/own.ts`, SCRIPT(library));
      const checked = await deno(cwd, "check", "own.ts");
      assert.equal(checked.code, 0, checked.stderr);
      const ran = await deno(cwd, "run", "-A", "own.ts");
      assert.equal(ran.stdout, "1,1 function\n", ran.stderr);
    }));
}

Deno.test("the package holds the product alone, and its types are fit to be published", async () => {
  const { code, stderr } = await deno(root, "publish", "--dry-run", "--allow-dirty");
  assert.equal(code, 0, stderr);
  const files = [...stderr.matchAll(/file:\/\/(\S+) \(/g)].map(([, path]) => path.slice(root.length + 1));
  const product = /^(src|shaders|prompts|weights\/mini)\/|^(main\.ts|deno\.json|README\.md|CHANGELOG\.md|LICENSE)$/;
  assert.deepEqual(files.filter((path) => !product.test(path)), []);
  for (
    const needed of ["main.ts", "src/mod.ts", "shaders/matmul.wgsl", "prompts/plan.md", "weights/mini/model_index.json"]
  ) {
    assert.ok(files.includes(needed), needed);
  }
});
