import assert from "@std/assert";
import { testDevice } from "../ops/harness.ts";

Deno.test("waiting for a device ends with the reason of its signal, also where nothing is left to wait for", async () => {
  for (const kind of ["as it is", "like a GPU"] as const) {
    const device = await testDevice(kind);
    const reason = new Error("enough");
    await assert.rejects(device.finished(AbortSignal.abort(reason)), reason);
    await assert.rejects(device.until(Promise.resolve(), AbortSignal.abort(reason)), reason);
    await device.finished(new AbortController().signal);
  }
});
