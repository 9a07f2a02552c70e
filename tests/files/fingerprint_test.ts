import assert from "@std/assert";
import { fingerprint } from "../../src/files/fingerprint.ts";

Deno.test("a fingerprint changes with size, edges and samples, and with any byte of a small file", async () => {
  const folder = await Deno.makeTempDir();
  try {
    for (const size of [1, 1000, 2 ** 19, 3_000_000]) {
      const bytes = Uint8Array.from({ length: size }, (_, i) => i % 251);
      const path = `${folder}/a`;
      const of = async (change: (bytes: Uint8Array) => Uint8Array<ArrayBuffer>) => {
        await Deno.writeFile(path, change(bytes.slice()));
        return await fingerprint(path);
      };
      const whole = await of((b) => b.slice());
      assert.equal(await of((b) => b.slice()), whole);
      for (const at of [0, size - 1, ...(size < 300_000 ? [size >> 1] : [])]) {
        assert.notEqual(await of((b) => b.with(at, b[at] ^ 1)), whole, `byte ${at} of ${size}`);
      }
      assert.notEqual(await of((b) => b.slice(0, -1)), whole);
      assert.notEqual(await of((b) => b.map((byte) => byte ^ 1).slice()), whole);
    }
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
