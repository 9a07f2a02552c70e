import assert from "@std/assert";
import { CancelledError, UsageError } from "../../../src/errors.ts";
import { type FailureKind, LanguageModelError } from "../../../src/plan/llm/chat_failure.ts";
import { resolveEndpoint } from "../../../src/plan/llm/endpoint.ts";
import { makePlan, type MakePlanOptions, regionsOf } from "../../../src/plan/make_plan.ts";
import { waiting } from "../../../src/plan/llm/waiting.ts";
import { recaption } from "../../../src/plan/llm/recaption.ts";
import { type Answer, apiError, fakeModel } from "./fake_model.ts";

const PROMPT = "a red apple on the left and a blue teapot on the right";
const GOOD = "Final split ratio: 1,1\nRegional Prompt: a red apple on a table BREAK a blue teapot on a table";
const KEY = "sk-secret-0123456789";

function options(llmUrl: string, more: MakePlanOptions = {}): MakePlanOptions {
  return { planner: "openai", llmUrl, environment: { OPENAI_API_KEY: KEY }, backoff: 0.01, ...more };
}

async function failure(answers: Answer[], more: MakePlanOptions = {}): Promise<LanguageModelError> {
  await using model = fakeModel(...answers);
  try {
    await makePlan(PROMPT, options(model.url, more));
  } catch (error) {
    if (!(error instanceof LanguageModelError)) throw error;
    assert(!error.message.includes(KEY), error.message);
    assert.equal(error.exitCode, 5);
    return error;
  }
  throw new Error("a plan was made");
}

Deno.test("language model: it is given our instructions, the prompt and a schema, and its reply becomes the plan", async () => {
  await using model = fakeModel(JSON.stringify({
    rows: [{ height: 1, cells: [{ width: 1, prompt: "a red apple" }, { width: 2, prompt: "a blue teapot" }] }],
    basePrompt: null,
    baseRatio: null,
  }));
  const plan = await makePlan(PROMPT, options(model.url));
  assert.equal(plan.splitRatio, "1,2");
  assert.equal(plan.planner, "openai (fake-1)");
  assert.equal(model.keys[0], `Bearer ${KEY}`);
  const { messages, response_format, model: name } = model.asked[0] as {
    messages: { role: string; content: string }[];
    response_format: { type: string; json_schema: { schema: { required: string[] } } };
    model: string;
  };
  assert.match(messages[0].content, /split ratio/);
  assert.equal(messages.at(-1)!.content, `Prompt: ${PROMPT}`);
  assert.deepEqual(response_format.json_schema.schema.required, ["rows", "basePrompt", "baseRatio"]);
  assert.equal(name, "fake-1");
});

Deno.test("language model: told what was wrong it is asked again, at most twice", async () => {
  await using model = fakeModel("Two columns, I think.", "Final split ratio: 1,1", GOOD);
  const said: string[] = [];
  const plan = await makePlan(PROMPT, options(model.url, { say: (message) => said.push(message) }));
  assert.deepEqual(regionsOf(plan).map(({ prompt }) => prompt), ["a red apple on a table", "a blue teapot on a table"]);
  assert.equal(said.filter((message) => message.endsWith("Asking again.")).length, 2);
  const { messages } = model.asked[2] as { messages: { role: string; content: string }[] };
  assert.deepEqual(messages.slice(-5).map(({ role }) => role), ["user", "assistant", "user", "assistant", "user"]);
  assert.match(messages.at(-1)!.content, /cannot be used: .*no line "Regional Prompt/);
});

Deno.test("language model: the last reply is kept in a file that the error names, without the key", async () => {
  const error = await failure([`Two columns. ${KEY}`]);
  assert.equal(error.kind, "reply");
  const path = error.message.match(/kept in (\S+)\. /)![1];
  assert.equal(await Deno.readTextFile(path), "Two columns. [key]");
  await Deno.remove(path);
});

Deno.test("language model: replies that failed do not pile up", async () => {
  const kept = async () => {
    const error = await failure(["Two columns."]);
    const path = error.message.match(/kept in (\S+)\. /)![1];
    const names = [...Deno.readDirSync(path.replace(/[^/\\]*$/, ""))].map(({ name }) => name);
    return { path, count: names.filter((name) => name.startsWith("planner_reply_")).length };
  };
  let last = await kept();
  for (let i = 0; i < 4; i++) last = await kept();
  assert(last.count <= 3, `${last.count}`);
  await Deno.remove(last.path);
});

Deno.test("language model: recaptioning never advises what it refuses", async () => {
  const stories: Answer[] = [
    apiError(500, "boom"),
    apiError(429, "slow"),
    apiError(400, "x", "context_length_exceeded"),
  ];
  for (const answer of stories) {
    await using model = fakeModel(answer);
    const error = await recaption({ prompt: "a cat" }, { llmUrl: model.url, environment: {}, retries: 0 }).catch((e) =>
      e
    );
    assert(error instanceof LanguageModelError && !/rules|plan_short/.test(error.message), error.message);
  }
  const none = await recaption({ prompt: "a cat" }, { environment: {} }).then(() => undefined, (error) => error);
  assert(none instanceof UsageError && !/rules/.test(none.message), none?.message);
});

Deno.test("language model: who waits is told how the answer gets on", async () => {
  const said: string[] = [];
  using wait = waiting("m", (message) => said.push(message), 20);
  await new Promise((resolve) => setTimeout(resolve, 30));
  wait.arrived('data: {"choices":[{"delta":{"content":"a fox"}}]}\n');
  await new Promise((resolve) => setTimeout(resolve, 30));
  assert.match(said[0], /^Waiting for m: 0 s$/);
  assert.match(said.at(-1)!, /^m writes: 5 characters in 0 s$/);
});

Deno.test("language model: a server without JSON schemas, seeds or temperatures is asked without them", async () => {
  await using model = fakeModel(
    apiError(400, "response_format json_schema is not supported"),
    apiError(500, "Input should be 'text': response_format"),
    apiError(400, "Unsupported value: 'temperature' does not support 0.2"),
    apiError(400, "Unsupported parameter: 'max_tokens'"),
    GOOD,
  );
  await makePlan(PROMPT, options(model.url));
  const shape = model.asked.map((body) => [
    (body.response_format as { type: string } | undefined)?.type,
    "temperature" in body,
    "max_tokens" in body,
  ]);
  assert.deepEqual(shape, [
    ["json_schema", true, true],
    ["json_object", true, true],
    [undefined, true, true],
    [undefined, false, true],
    [undefined, false, false],
  ]);
});

Deno.test("language model: overloads pass with time, and each other failure has its own message", async () => {
  await using busy = fakeModel(apiError(429, "slow down"), apiError(503, "overloaded"), GOOD);
  assert.equal((await makePlan(PROMPT, options(busy.url))).splitRatio, "1,1");

  const choice = (message: Record<string, unknown>, finish_reason = "stop") => ({
    choice: { index: 0, message, finish_reason },
  });
  const html = new Response("<html><body>Sign in</body></html>", {
    status: 502,
    headers: { "content-type": "text/html" },
  });
  const page = new Response("<html><body>Welcome</body></html>", { headers: { "content-type": "text/html" } });
  const broken = new Response('{"choices": [{"index": 0, "mess', { headers: { "content-type": "application/json" } });
  const none = Response.json({ id: "1", object: "chat.completion", choices: [] });
  const stories: [FailureKind, RegExp, Answer][] = [
    ["key", /does not accept the key \(status 401\). Check OPENAI_API_KEY/, apiError(401, `Incorrect API key: ${KEY}`)],
    ["model", /does not have "fake-1" .* --llm-model/, apiError(404, "The model does not exist")],
    ["rate", /too many requests \(status 429\): .*rules/, apiError(429, "slow down")],
    ["rate", /no quota left/, apiError(429, "You exceeded your current quota", "insufficient_quota")],
    ["context", /longer than the context.*plan_short/, apiError(400, "too long", "context_length_exceeded")],
    ["server", /failed \(status 500\): .*boom/, apiError(500, `boom ${KEY}`)],
    ["request", /refused the request \(status 400\): .*no such thing/, apiError(400, "no such thing")],
    ["proxy", /web page or plain text came back .*proxy/, html],
    ["proxy", /web page .*proxy.*\/v1/, page],
    ["cut off", /broke off/, broken],
    ["empty", /holds no choice/, none],
    ["empty", /the answer is empty/, choice({ role: "assistant", content: " " })],
    ["refused", /refused: "I will not"/, choice({ role: "assistant", content: null, refusal: "I will not." })],
    ["refused", /filter withheld/, choice({ role: "assistant", content: "" }, "content_filter")],
    [
      "timeout",
      /no whole answer within 0.2 seconds.*--llm-timeout.*smaller model/,
      () => new Promise((r) => setTimeout(r, 600, new Response())),
    ],
  ];
  for (const [kind, expected, answer] of stories) {
    const error = await failure([answer], { retries: 1, ...(kind === "timeout" ? { llmTimeout: 0.2 } : {}) });
    assert.equal(error.kind, kind, error.message);
    assert.match(error.message, expected);
  }
});

Deno.test("language model: an answer cut off for its length counts only with its whole lines", async () => {
  const cut = { choice: { index: 0, message: { content: GOOD.slice(0, -9) }, finish_reason: "length" } };
  await using model = fakeModel(cut, GOOD);
  assert.equal(regionsOf(await makePlan(PROMPT, options(model.url)))[1].prompt, "a blue teapot on a table");
  assert.equal(model.asked.length, 2);
});

Deno.test("language model: with too little context the short instructions are tried", async () => {
  await using model = fakeModel(apiError(400, "Requested tokens exceed context window of 512"), GOOD);
  await makePlan(PROMPT, options(model.url));
  const length = (body: Record<string, unknown>) => JSON.stringify(body.messages).length;
  assert(length(model.asked[1]) < length(model.asked[0]) / 2);
});

Deno.test("language model: nobody there, a cancelled call, nothing configured", async () => {
  const dead = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = dead.addr as Deno.NetAddr;
  dead.close();
  const unreachable = await makePlan(PROMPT, options(`http://127.0.0.1:${port}/v1`, { llmModel: "x" })).catch((error) =>
    error
  );
  assert.equal((unreachable as LanguageModelError).kind, "unreachable");

  await using slow = fakeModel(() => new Promise((resolve) => setTimeout(resolve, 300, new Response())));
  const cancelled = makePlan(PROMPT, options(slow.url, { signal: AbortSignal.timeout(50) }));
  await assert.rejects(cancelled, CancelledError);

  await assert.rejects(makePlan(PROMPT, { planner: "openai", environment: {} }), UsageError);
  await assert.rejects(makePlan(PROMPT, { planner: "openai", llmUrl: "localhost", environment: {} }), UsageError);
  await assert.rejects(
    makePlan(PROMPT, { planner: "openai", llmModel: "deno.json.gguf", environment: {} }),
    UsageError,
  );
});

Deno.test("language model: auto takes it where one is configured, and falls back to rules only after saying so", async () => {
  const said: string[] = [];
  const say = (message: string) => said.push(message);
  assert.equal((await makePlan(PROMPT, { environment: {}, say })).planner, "rules");
  assert.match(said.pop()!, /Planned by rules: no language model is configured/);

  await using good = fakeModel(GOOD);
  const environment = { OPENAI_BASE_URL: good.url };
  assert.equal((await makePlan(PROMPT, { environment, say })).planner, "openai (fake-1)");
  assert.equal(said.pop(), "Planned by openai (fake-1).");

  await using bad = fakeModel(apiError(401, "no"));
  const plan = await makePlan(PROMPT, { environment: { OPENAI_BASE_URL: bad.url }, say });
  assert.equal(plan.planner, "rules");
  assert.match(said.pop()!, /The language model failed, so the rules made this plan. .*asks for a key/);
  assert.match(plan.notes![0], /The language model failed/);
});

Deno.test("language model: a key goes only to the service that it is for", () => {
  const both = { OPENAI_API_KEY: "o", GEMINI_API_KEY: "g" };
  assert.equal(resolveEndpoint({}, both).key, "o");
  assert.equal(resolveEndpoint({}, { GEMINI_API_KEY: "g" }).name, "generativelanguage.googleapis.com");
  assert.equal(resolveEndpoint({}, { GEMINI_API_KEY: "g" }).key, "g");
  assert.equal(resolveEndpoint({ llmUrl: "http://127.0.0.1:8080/v1" }, { GEMINI_API_KEY: "g" }).key, undefined);
});

Deno.test("language model: pictures are shown to it; recaptioning returns the caption alone", async () => {
  await using model = fakeModel(GOOD, '<think>hm</think>\nCaption: "A red apple beside\na blue teapot."');
  const image = "data:image/jpeg;base64,AAAA";
  await makePlan("", options(model.url, { images: [image] }));
  const { messages } = model.asked[0] as { messages: { content: string | { image_url?: { url: string } }[] }[] };
  assert.match(messages[0].content as string, /Plan a picture like them/);
  assert.equal((messages.at(-1)!.content as { image_url?: { url: string } }[])[1].image_url!.url, image);
  const { caption } = await recaption({ prompt: "apple, teapot" }, { llmUrl: model.url, environment: {} });
  assert.equal(caption, "A red apple beside a blue teapot.");
});

Deno.test("language model: a user's own instructions take the place of ours", async () => {
  const path = await Deno.makeTempFile();
  await Deno.writeTextFile(path, "<!-- mine -->Plan as I say.");
  await using model = fakeModel(GOOD);
  await makePlan(PROMPT, options(model.url, { promptFile: path, constrained: false }));
  assert.equal((model.asked[0] as { messages: { content: string }[] }).messages[0].content, "Plan as I say.");
  await Deno.writeTextFile(path, "Plan {{this}}.");
  await assert.rejects(makePlan(PROMPT, options(model.url, { promptFile: path })), /placeholder {{this}}/);
  await Deno.remove(path);
});
