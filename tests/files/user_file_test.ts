import assert from "@std/assert";
import { UsageError } from "../../src/errors.ts";
import { readStream, readUserFile, readUserStart, readUserText } from "../../src/files/user_file.ts";

const folder = Deno.makeTempDirSync();
globalThis.addEventListener("unload", () => Deno.removeSync(folder, { recursive: true }));

/** A file with these bytes. */
function file(name: string, bytes: Uint8Array | string): string {
  const path = `${folder}/${name}`;
  Deno.writeFileSync(path, typeof bytes === "string" ? new TextEncoder().encode(bytes) : bytes);
  return path;
}

const utf16 = (text: string, littleEndian: boolean) => {
  const view = new DataView(new ArrayBuffer(2 * text.length));
  for (let i = 0; i < text.length; i++) view.setUint16(2 * i, text.charCodeAt(i), littleEndian);
  return new Uint8Array(view.buffer);
};

for (
  const [what, bytes] of Object.entries({
    "UTF-8": "ein Bär 🐻",
    "UTF-8 with a byte order mark": "\ufeffein Bär 🐻",
    "UTF-16, little-endian": utf16("\ufeffein Bär 🐻", true),
    "UTF-16, big-endian": utf16("\ufeffein Bär 🐻", false),
  })
) {
  Deno.test(`text in ${what} is read`, async () => {
    assert.equal(await readUserText(file("a.txt", bytes), "The plan", 100), "ein Bär 🐻");
  });
}

const REFUSED: [what: string, path: () => string | Promise<string>, message: RegExp][] = [
  ["a missing file", () => `${folder}/none`, /^The plan .*none does not exist\.$/],
  ["a folder", () => folder, /is not a regular file/],
  ["bytes that are no UTF-8", () => file("latin1.txt", new Uint8Array([0x42, 0xe4, 0x72])), /is not UTF-8 text/],
  ["one byte too many", () => file("long.txt", "x".repeat(101)), /has 101 bytes; expected at most 100/],
  ["a loop of links", () => {
    Deno.symlinkSync(`${folder}/loop`, `${folder}/loop`);
    return `${folder}/loop`;
  }, /loop of symbolic links/],
];
if (Deno.build.os !== "windows") {
  REFUSED.push(["a device without an end", () => "/dev/zero", /is not a regular file/]);
  REFUSED.push(["a pipe that nobody writes to", async () => {
    await new Deno.Command("mkfifo", { args: [`${folder}/pipe`] }).output();
    return `${folder}/pipe`;
  }, /is not a regular file/]);
}
for (const [what, path, message] of REFUSED) {
  Deno.test(`${what} is refused at once`, async () => {
    const name = await path();
    const refused = (error: unknown) => error instanceof UsageError && message.test(error.message);
    await assert.rejects(readUserText(name, "The plan", 100), refused);
  });
}

Deno.test("a start is what there is of it", async () => {
  const path = file("short", "abc");
  assert.equal((await readUserStart(path, "The file", 2)).length, 2);
  assert.equal((await readUserStart(path, "The file", 9)).length, 3);
  assert.equal((await readUserFile(path, "The file", 3)).length, 3);
});

Deno.test("standard input is read no further than it may be long", async () => {
  let read = 0;
  const endless = new ReadableStream<Uint8Array>({ pull: (out) => out.enqueue(new Uint8Array(64).fill(65 + read++)) });
  await assert.rejects(readStream(endless, "The prompt", 1000), /The prompt has more than 1000 bytes/);
  assert.ok(read < 20);
});
