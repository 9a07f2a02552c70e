import assert from "@std/assert";
import { RpgError } from "../../../src/errors.ts";
import { BYTES_OF } from "../../../src/limits.ts";
import { type FailureKind, LanguageModelError } from "../../../src/plan/llm/chat_failure.ts";
import { makePlan, type MakePlanOptions, regionsOf } from "../../../src/plan/make_plan.ts";
import { type Answer, apiError, fakeModel, streamed } from "./fake_model.ts";

const GOOD = "Final split ratio: 1,1\nRegional Prompt: a fox BREAK an owl";
const KEY = "sk-SECRETKEY-abcdef0123456789";

function options(llmUrl: string, more: MakePlanOptions = {}): MakePlanOptions {
  return { planner: "openai", llmUrl, environment: { OPENAI_API_KEY: KEY }, backoff: 0.01, retries: 0, ...more };
}

/** What becomes of an answer: the prompts of the plan, or the kind of the error. */
async function outcome(answer: Answer, more: MakePlanOptions = {}): Promise<string[] | FailureKind> {
  await using model = fakeModel(answer);
  try {
    return regionsOf(await makePlan("a fox and an owl", options(model.url, more))).map(({ prompt }) => prompt);
  } catch (error) {
    if (!(error instanceof LanguageModelError)) throw error;
    assert(!error.message.includes("SECRETKEY"), error.message);
    return error.kind;
  }
}

const json = (body: unknown) => Response.json(body);
const message = (message: unknown) => json({ choices: [{ index: 0, finish_reason: "stop", message }] });
const content = (content: unknown) => message({ role: "assistant", content });

Deno.test("chat: answers of every type become a plan or a typed error", async () => {
  const plan = ["a fox", "an owl"];
  const stories: [answer: Answer, expected: string[] | FailureKind][] = [
    [content([{ type: "thinking", thinking: [{ type: "text", text: "hm" }] }, { type: "text", text: GOOD }]), plan],
    [content([GOOD]), plan],
    [content([{ type: "output_text", text: GOOD }]), plan],
    [content([{ type: "image", url: "x" }]), "empty"],
    [content({ text: GOOD }), "empty"],
    [content(7), "empty"],
    [content(true), "empty"],
    [content([]), "empty"],
    [content(null), "empty"],
    [message(null), "empty"],
    [message("text"), "empty"],
    [json(null), "empty"],
    [json([]), "empty"],
    [json(3), "empty"],
    [json("text"), "empty"],
    [json({ choices: null }), "empty"],
    [json({ choices: [null] }), "empty"],
    [json({ choices: {} }), "empty"],
    [new Response(""), "empty"],
    [new Response("hello"), "proxy"],
    [json({ error: { message: "model overloaded", code: 529 } }), "server"],
    [json({ error: "no such model is loaded" }), "server"],
    [json({ object: "error", message: "engine dead", code: 500 }), "server"],
    [json({ error: { message: "slow down", code: 429 } }), "rate"],
    [json([{ error: { message: "bad key", code: 401 } }]), "key"],
    [streamed(GOOD), plan],
    [streamed(GOOD, { chunk: 1, crlf: true }), plan],
    [streamed(GOOD, { open: true }), plan],
    [
      new Response('data: {"error": {"message": "out of memory"}}\n\n', {
        headers: { "content-type": "text/event-stream" },
      }),
      "server",
    ],
    ...["\r\n\r\n", "\n"].map((end): [Answer, string[]] => {
      // An event whose data is of two lines; events with and without the empty line between them.
      const [first, second] = [`Final split ratio: 1,1\n`, "Regional Prompt: a fox BREAK an owl"].map((content) =>
        JSON.stringify({ choices: [{ delta: { content } }] })
      );
      const parted = end === "\n" ? first : first.replace(":[", ":\r\ndata: [");
      const text = `: hello\n\ndata:${parted}${end}data: ${second}${end}data: [DONE]${end}`;
      return [new Response(text, { headers: { "content-type": "text/event-stream" } }), plan];
    }),
    [new Response("data: [DONE]\n\n", { headers: { "content-type": "text/event-stream" } }), "empty"],
  ];
  for (const [answer, expected] of stories) assert.deepEqual(await outcome(answer), expected, Deno.inspect(answer));
});

Deno.test("chat: an overload said in an answer passes with time", async () => {
  await using model = fakeModel(json({ error: { message: "model overloaded", code: 529 } }), content(GOOD));
  const said: string[] = [];
  await makePlan("a fox and an owl", options(model.url, { retries: 1, say: (text) => said.push(text) }));
  assert.match(said[0], /failed \(status 529\): model overloaded\. .*Trying again in 0.01 s/);
});

Deno.test("chat: an empty answer is asked for again", async () => {
  await using model = fakeModel(content(""), content(null), content(GOOD));
  await makePlan("a fox and an owl", options(model.url));
  assert.equal(model.asked.length, 3);
});

Deno.test("chat: a server's list of models may hold anything", async () => {
  const stories: [models: unknown, expected: RegExp][] = [
    [{ data: [{ id: { a: 1 } }] }, /names no model/],
    [{ data: [{ id: "" }] }, /names no model/],
    [{ data: null }, /names no model/],
    [null, /names no model/],
    ["x", /names no model/],
  ];
  for (const [models, expected] of stories) {
    await using model = fakeModel(content(GOOD));
    model.models = () => Response.json(models);
    await assert.rejects(makePlan("a fox and an owl", options(model.url)), expected);
  }
});

Deno.test("chat: neither size nor silence of an answer is endless", async () => {
  const endless = (interval: number, bytes: number) => () => {
    let timer: ReturnType<typeof setInterval>;
    const body = new ReadableStream<Uint8Array>({
      start(controller) {
        timer = setInterval(() => controller.enqueue(new Uint8Array(bytes).fill(97)), interval);
      },
      cancel: () => clearInterval(timer),
    });
    return new Response(body, { headers: { "content-type": "application/json" } });
  };
  assert.equal(await outcome(endless(1, 2 ** 20)), "too large");
  assert.equal(await outcome(endless(20, 1), { llmTimeout: 0.3 }), "timeout");
  let asked = 0;
  const silent = () => {
    asked++;
    return new Response(new ReadableStream({ start: (controller) => controller.enqueue(new Uint8Array(1)) }));
  };
  assert.equal(await outcome(silent, { idleTimeout: 0.1, retries: 2 }), "timeout");
  assert.equal(asked, 1, "who fell silent is not waited for again");
  const bomb = new Blob([new Uint8Array(BYTES_OF.reply + 1)]).stream().pipeThrough(new CompressionStream("gzip"));
  const packed = await new Response(bomb).bytes();
  assert(packed.length < 10_000);
  assert.equal(await outcome(() => new Response(packed, { headers: { "content-encoding": "gzip" } })), "too large");
});

Deno.test("chat: no key, password or query comes into a plan or a message, however it is quoted", async () => {
  const escaped = [...KEY].map((letter) => `\\u${letter.charCodeAt(0).toString(16).padStart(4, "0")}`).join("");
  await using quoting = fakeModel(content(`{"split_ratio":"1,1","regions":["a fox ${escaped}","an owl"]}`));
  quoting.models = (request) => Response.json({ data: [{ id: request.headers.get("authorization") }] });
  const plan = await makePlan("a fox and an owl", options(quoting.url));
  assert.deepEqual([plan.planner, regionsOf(plan)[0].prompt], ["openai (Bearer [key])", "a fox [key]"]);

  const failing: Answer[] = [
    apiError(400, `${"x".repeat(165)} key ${KEY}`),
    apiError(500, `Bearer ${KEY}`),
    message({ content: "", refusal: `no ${KEY}` }),
    new Response(`<html>${KEY}</html>`, { status: 502 }),
  ];
  for (const answer of failing) {
    await using model = fakeModel(answer);
    const error = await makePlan("a fox and an owl", options(model.url)).then(() => undefined, (error) => error);
    assert(error instanceof RpgError && !error.message.includes("SECRETKEY"), `${error}`);
  }

  const address = "http://bob:PASS-1234@127.0.0.1:9/v1?token=QUERY-5678";
  const error = await makePlan("x", options(address, { llmModel: "m" })).then(() => undefined, (error) => error);
  assert(error instanceof LanguageModelError && /127\.0\.0\.1:9\/v1/.test(error.message), `${error}`);
  assert(!/bob|PASS-1234|QUERY-5678/.test(error.message), error.message);
});

Deno.test("chat: a password in the URL is sent as Basic authorization, its query with every request", async () => {
  await using model = fakeModel(content(GOOD));
  let seen = "";
  model.models = (request) => {
    seen = new URL(request.url).search;
    return Response.json({ data: [{ id: "m" }] });
  };
  await makePlan("a fox and an owl", options(`${model.url.replace("//", "//bob:PASS-1234@")}?token=QUERY-5678`));
  assert.deepEqual([model.keys[0], seen], [`Basic ${btoa("bob:PASS-1234")}`, "?token=QUERY-5678"]);
});

Deno.test("chat: what a server refuses is left out, one after the other", async () => {
  const refusals: [says: string, gone: (body: Record<string, unknown>) => boolean][] = [
    [
      "Unsupported parameter: 'max_tokens'. Use 'max_completion_tokens' instead.",
      (body) => "max_completion_tokens" in body,
    ],
    ["Unsupported value: 'temperature' does not support 0.2", (body) => !("temperature" in body)],
    ['Unknown name "seed"', (body) => !("seed" in body)],
    ["streaming is not supported", (body) => !("stream" in body)],
    ["schema: 'maxItems' is not permitted", (body) => !JSON.stringify(body).includes("maxItems")],
  ];
  for (const [says, gone] of refusals) {
    await using model = fakeModel(apiError(400, says), content(GOOD));
    await makePlan("a fox and an owl", options(model.url));
    assert.equal(model.asked.length, 2, says);
    assert(!gone(model.asked[0]) && gone(model.asked[1]), says);
  }
});
