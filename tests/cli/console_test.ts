import assert from "@std/assert";
import { printable, type Stream, writeAll } from "../../src/cli/console.ts";

Deno.test("what came from elsewhere cannot steer the terminal, and JSON stays JSON", () => {
  const hostile = "\x1b]0;title\x07 red\x1b[31m \x9b31m \r\x7f \u202e turned, 红 é\n\tend";
  const shown = printable(hostile);
  assert.equal(shown, "\\u001b]0;title\\u0007 red\\u001b[31m \\u009b31m \\u000d\\u007f \\u202e turned, 红 é\n\tend");
  assert.deepEqual(JSON.parse(printable(JSON.stringify({ hostile }))), { hostile });
});

Deno.test("a stream that takes little at once gets all, and one that is full harms nobody", () => {
  const parts: number[] = [];
  const slow: Stream = { writeSync: (bytes) => (parts.push(...bytes.subarray(0, 3)), Math.min(3, bytes.length)) };
  assert.equal(writeAll(slow, "a line of text"), undefined);
  assert.equal(new TextDecoder().decode(Uint8Array.from(parts)), "a line of text");
  const full: Stream = {
    writeSync() {
      throw new Error("No space left on device");
    },
  };
  assert.match(`${writeAll(full, "x")}`, /No space left/);
});
