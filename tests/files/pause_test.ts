import assert from "@std/assert";
import { pause } from "../../src/files/pause.ts";

Deno.test("a wait ends with the reason of its signal, at once where that was aborted before", async () => {
  const reason = new Error("stopped");
  await assert.rejects(() => pause(AbortSignal.abort(reason), 1e6), reason);
  const stop = new AbortController();
  const waiting = pause(stop.signal, 1e6);
  stop.abort(reason);
  await assert.rejects(() => waiting, reason);
});
