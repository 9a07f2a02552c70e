import assert from "node:assert/strict";
import { fuzz } from "./fuzz.ts";

Deno.test("400 spoilt model files open or are refused with a message; none crashes or hangs", async () => {
  const { opened, refused } = await fuzz(400, 7);
  assert.equal(opened + refused, 400);
  assert.ok(refused > 100, `only ${refused} were refused`);
});
