import assert from "@std/assert";
import { z } from "../../../src/deps/zod.ts";
import { askJson } from "../../../src/plan/llm/ask_json.ts";
import { Chat } from "../../../src/plan/llm/chat.ts";
import type { Message, Part } from "../../../src/plan/llm/dialect.ts";
import { LanguageModelError } from "../../../src/plan/llm/chat_failure.ts";
import { type Answer, apiError, fakeModel } from "./fake_model.ts";

const box = z.number().min(0).max(1000);
const schema = z.strictObject({
  objects: z.array(
    z.strictObject({ name: z.string().min(1), box: z.array(box).length(4), note: z.string().nullable() }),
  ).max(9),
});
const GOOD = { objects: [{ name: "a cat", box: [0, 10, 500, 1000], note: null }] };
const PICTURE = "data:image/png;base64,AAAA";

async function ask(...answers: Answer[]) {
  await using model = fakeModel(...answers);
  const chat = await Chat.open({ url: model.url, name: "fake" }, { backoff: 0.01 });
  const question = { name: "objects", schema, instructions: "List what you see.", text: "Look.", images: [PICTURE] };
  const value = await askJson(chat, question).catch((error: unknown) => error);
  return { value, asked: model.asked };
}

Deno.test("questions in JSON: a picture and a strict schema without limits go out, a checked value comes back", async () => {
  const { value, asked } = await ask(JSON.stringify(GOOD));
  assert.deepEqual(value, GOOD);
  const { messages, response_format: format } = asked[0] as {
    messages: Message[];
    response_format: Record<string, unknown>;
  };
  assert.deepEqual((messages[1].content as Part[])[1], { type: "image_url", image_url: { url: PICTURE } });
  const text = JSON.stringify(format);
  assert.match(text, /"type":"json_schema".*"name":"objects".*"strict":true/);
  assert.match(text, /"required":\["name","box","note"\],"additionalProperties":false/);
  assert.doesNotMatch(text, /maxItems|minItems|minLength|minimum|maximum|\$schema/);
});

Deno.test("questions in JSON: services that know less are asked in their way", async () => {
  const fenced = "<think>hm {}</think>Here:\n```json\n" + JSON.stringify(GOOD) + "\n```";
  const noSchema = apiError(400, "response_format type json_schema is not supported");
  const noFormat = apiError(400, "response_format is not supported");
  const format = (body: Record<string, unknown>) => (body.response_format as { type: string } | undefined)?.type;
  const told = (body: Record<string, unknown>) => JSON.stringify(body.messages).includes("must fit this JSON schema");

  const jsonOnly = await ask(noSchema, fenced);
  assert.deepEqual(jsonOnly.value, GOOD);
  assert.deepEqual(jsonOnly.asked.map((body) => [format(body), told(body)]), [["json_schema", false], [
    "json_object",
    true,
  ]]);

  const none = await ask(noSchema, noFormat, fenced);
  assert.deepEqual(none.value, GOOD);
  assert.deepEqual([format(none.asked[2]), told(none.asked[2])], [undefined, true]);

  const plainUrl = await ask(apiError(400, "image_url must be a string"), JSON.stringify(GOOD));
  assert.equal(
    ((plainUrl.asked[1].messages as Message[])[1].content as { image_url?: unknown }[])[1].image_url,
    PICTURE,
  );
});

Deno.test("questions in JSON: what does not fit is said and asked again, at most twice", async () => {
  const outside = JSON.stringify({ objects: [{ name: "a cat", box: [0, 0, 5000, 1], note: null }] });
  const again = await ask(outside, JSON.stringify(GOOD));
  assert.deepEqual(again.value, GOOD);
  assert.match(JSON.stringify(again.asked[1].messages), /cannot be used: objects\.0\.box\.2: Too big/);
  const never = await ask("I see a cat.");
  assert(never.value instanceof LanguageModelError && never.value.kind === "reply");
  assert.equal(never.asked.length, 3);
});
