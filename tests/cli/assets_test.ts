import assert from "@std/assert";
import { join, relative, resolve } from "@std/path";
import { BUNDLED_MODEL } from "../../src/assets.ts";
import { finish, inFolder, program, TINY_MODEL } from "./program.ts";

const root = resolve(import.meta.dirname!, "../..");
const { compile } = JSON.parse(Deno.readTextFileSync(`${root}/deno.json`));
const isIncluded = (path: string) =>
  compile.include.some((entry: string) => !relative(resolve(root, entry), path).startsWith(".."));

/** The paths a run asks to read, as Deno's permission audit lists them. */
async function pathsRead(args: string[], cwd: string, env: Record<string, string> = {}): Promise<string[]> {
  const audit = join(cwd, "audit.jsonl");
  const run = await finish(program(args, { cwd, env: { ...env, DENO_AUDIT_PERMISSIONS: audit } }));
  assert.equal(run.code, 0, run.stderr);
  const events = (await Deno.readTextFile(audit)).trim().split("\n").map((line) => JSON.parse(line));
  await Deno.remove(audit);
  return events.filter(({ permission }) => permission === "read").map(({ value }) => resolve(cwd, value));
}

Deno.test("every file that the program opens beside its modules is on the list for the compiled program", () =>
  inFolder(async (cwd) => {
    await using server = Deno.serve({ port: 0, hostname: "127.0.0.1", onListen() {} }, (request) => {
      const answer = { role: "assistant", content: "a richly described dog" };
      return Response.json(
        request.url.endsWith("/models") ? { object: "list", data: [{ id: "tiny", object: "model" }] } : {
          id: "1",
          object: "chat.completion",
          model: "tiny",
          choices: [{ index: 0, message: answer, finish_reason: "stop" }],
        },
      );
    });
    const llm = ["--llm-url", `http://127.0.0.1:${server.addr.port}/v1`, "--llm-model", "tiny"];
    const read = [
      ...await pathsRead(["a dog", "--no-plan", "-m", TINY_MODEL, "-W", "32", "-H", "32", "--steps", "1"], cwd),
      ...await pathsRead(["recaption", "a dog", ...llm], cwd),
    ];
    const ours = read.filter((path) => path.startsWith(root) && !path.startsWith(TINY_MODEL));
    assert.ok(ours.some((path) => path.endsWith("recaption.md")), "the instructions were read");
    assert.deepEqual(ours.filter((path) => !isIncluded(path)), []);
    assert.ok(isIncluded(BUNDLED_MODEL));
  }));

Deno.test("the compiler finds all of the list, and every module", () =>
  inFolder(async (cwd) => {
    // The runtime for compiled programs is a download; Deno itself in its place lets the compiler do all but that.
    const { code, stderr } = await new Deno.Command(Deno.execPath(), {
      args: ["compile", "--no-check", "--output", join(cwd, "rpg"), "main.ts"],
      cwd: root,
      env: { DENORT_BIN: Deno.execPath(), NO_COLOR: "1" },
    }).output();
    const listing = new TextDecoder().decode(stderr);
    assert.equal(code, 0, listing);
    for (const part of ["prompts", "shaders", "weights", "cli", "plan", "pipeline"]) {
      assert.match(listing, new RegExp(`\\b${part}\\b`));
    }
  }));
