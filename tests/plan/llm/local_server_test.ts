import assert from "@std/assert";
import { LanguageModelError } from "../../../src/plan/llm/chat_failure.ts";
import { makePlan } from "../../../src/plan/make_plan.ts";

/** Stands in for llama.cpp's server: the same flags and API, one reply, and its process id in a file. */
const SERVER = `
const flag = (name) => Deno.args[Deno.args.indexOf(name) + 1];
await Deno.writeTextFile(flag("-m") + ".pid", String(Deno.pid));
Deno.serve({ hostname: flag("--host"), port: Number(flag("--port")), onListen: () => {} }, (request) =>
  Response.json(request.url.endsWith("/models") ? { data: [{ id: "tiny" }] } : {
    choices: [{ index: 0, finish_reason: "stop", message: {
      content: "Final split ratio: 1,1\\nRegional Prompt: a cat BREAK a dog" } }] }));
`;

async function withPath(path: string, run: () => Promise<void>): Promise<void> {
  const before = Deno.env.get("PATH")!;
  Deno.env.set("PATH", path);
  try {
    await run();
  } finally {
    Deno.env.set("PATH", before);
  }
}

Deno.test("local model: llama-server is started with a GGUF file, plans, and is stopped afterwards", async () => {
  const folder = await Deno.makeTempDir();
  const model = `${folder}/tiny.gguf`;
  await Deno.writeTextFile(model, "GGUF and so on");
  await Deno.writeTextFile(`${folder}/server.js`, SERVER);
  await Deno.writeTextFile(
    `${folder}/llama-server`,
    `#!/bin/sh\nexec "${Deno.execPath()}" run -A "${folder}/server.js" "$@"\n`,
    {
      mode: 0o755,
    },
  );
  await withPath(`${folder}:${Deno.env.get("PATH")}`, async () => {
    const plan = await makePlan("a cat and a dog", { planner: "openai", llmModel: model, environment: {} });
    assert.deepEqual([plan.splitRatio, plan.planner], ["1,1", "openai (tiny)"]);
  });
  const pid = Number(await Deno.readTextFile(`${model}.pid`));
  assert.throws(() => Deno.kill(pid, "SIGCONT"), Deno.errors.NotFound);

  await withPath(`${folder}/nothing`, async () => {
    const plan = makePlan("a cat and a dog", { planner: "openai", llmModel: model, environment: {} });
    await assert.rejects(
      plan,
      (error: Error) => error instanceof LanguageModelError && /llama-server is not on PATH/.test(error.message),
    );
  });
  await Deno.remove(folder, { recursive: true });
});
