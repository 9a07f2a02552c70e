import assert from "@std/assert";
import { ModelError } from "../../src/errors.ts";
import { openTensors } from "../../src/formats/open_tensors.ts";
import { inFolder } from "../model/files.ts";
import { bytesOf, counts, get, int, laugh, put, storage, tensor, torchZip, unicode } from "./pickles.ts";

/** A safetensors file with this header and no data. */
function headed(header: string): Uint8Array {
  const text = new TextEncoder().encode(header);
  const bytes = new Uint8Array(8 + text.length);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(text.length), true);
  bytes.set(text, 8);
  return bytes;
}

const one = tensor(unicode("0"), counts(1), counts(1));
const nested = (depth: number, key: string) =>
  bytesOf(
    unicode(key),
    put(0),
    "0}",
    unicode("w"),
    one,
    "s",
    ...Array.from({ length: depth }, () => bytesOf(put(1), "0}", get(0), get(1), "s")),
  );
/** One list of a thousand pairs, made a dictionary a thousand times ten. */
const copies = bytesOf(
  "]",
  put(1),
  "(",
  ...Array.from({ length: 1000 }, (_, i) => bytesOf(int(i), "N\x86")),
  "e0",
  "ccollections\nOrderedDict\n",
  put(2),
  "0",
  ...Array.from({ length: 10_000 }, () => bytesOf(get(2), get(1), "\x85R0")),
  "}",
);

/** Small files that would take for ever, or all memory, where someone believed them. */
const FILES: [what: string, file: string, bytes: Uint8Array, message: RegExp][] = [
  [
    "a name of 2^40 characters",
    "a.ckpt",
    torchZip(bytesOf(laugh(40), get(40), unicode("b"), "\x93")),
    /a name that is no text/,
  ],
  [
    "a storage called by 2^40 characters",
    "a.ckpt",
    torchZip(bytesOf(laugh(40), storage(get(40)))),
    /no tensor storage/,
  ],
  [
    "a shape of 2^40 numbers",
    "a.ckpt",
    torchZip(bytesOf(laugh(40), tensor(unicode("0"), get(40), get(40)))),
    /a tensor of shape \[\[\[…/,
  ],
  ["a shape that is text", "a.ckpt", torchZip(tensor(unicode("0"), unicode("x"), counts(1))), /shape "x"/],
  ["dictionaries 10,000 deep", "a.ckpt", torchZip(nested(10_000, "k")), /nests more than 64 dictionaries/],
  [
    "names 60,000 long",
    "a.ckpt",
    torchZip(nested(60, "k".repeat(1000))),
    /a name of \d+ characters \(k+….*\); expected at most 512/,
  ],
  ["a name of one megabyte", "a.ckpt", torchZip(bytesOf("c", "n".repeat(1 << 20), "\nx\n")), /names "n+…"/],
  ["a dictionary copied again and again", "a.ckpt", torchZip(copies), /dictionaries of more than/],
  [
    "a dictionary within itself",
    "a.ckpt",
    torchZip(bytesOf("}", put(1), unicode("a"), get(1), "s")),
    /no model|none that/,
  ],
  [
    "an integer of a thousand bytes",
    "a.ckpt",
    torchZip(bytesOf("\x8b\xe8\x03\x00\x00", new Uint8Array(1000))),
    /a number of 1000 bytes/,
  ],
  ["a text of four gigabytes", "a.ckpt", torchZip(bytesOf("X\xff\xff\xff\xff")), /truncated/],
  [
    "metadata 200,000 deep",
    "a.safetensors",
    headed(`{"__metadata__":{"a":${"[".repeat(2e5)}${"]".repeat(2e5)}}}`),
    /levels deep/,
  ],
  [
    "a tensor's name of one megabyte",
    "a.safetensors",
    headed(`{"${"n".repeat(1 << 20)}":{"dtype":"F32","shape":[],"data_offsets":[0,0]}}`),
    /^n+… in .* length 1048576/,
  ],
  [
    "a hundred axes",
    "a.safetensors",
    headed(`{"a":{"dtype":"F32","shape":[${Array(100).fill(1)}],"data_offsets":[0,4]}}`),
    /at most 8 whole numbers/,
  ],
  [
    "a name that sets the terminal's title",
    "a.safetensors",
    headed('{"\\u001b]0;x\\u0007":{"dtype":"F9"}}'),
    /^ \]0;x  ?in .* type undefined|"F9"/,
  ],
];
for (const [what, name, bytes, message] of FILES) {
  Deno.test(`${what}: refused in one short line`, () =>
    inFolder(async (folder) => {
      await Deno.writeFile(`${folder}/${name}`, bytes);
      let said = "";
      try {
        const source = await openTensors(`${folder}/${name}`);
        source.close();
        said = `no model: ${source.tensors.size} tensors`;
      } catch (error) {
        if (!(error instanceof ModelError)) throw error;
        said = error.message;
      }
      assert.match(said, message);
      assert.ok(said.length - folder.length < 300 && !/\p{Cc}/u.test(said), said);
    }));
}

Deno.test("training notes of ten megabytes are read as what they are", () =>
  inFolder(async (folder) => {
    const notes = { ss_tag_frequency: "a, ".repeat(3_500_000), ss_nested: { a: [1] } };
    await Deno.writeFile(`${folder}/a.safetensors`, headed(JSON.stringify({ __metadata__: notes })));
    (await openTensors(`${folder}/a.safetensors`)).close();
  }));

Deno.test("a long pickle lets Ctrl-C be heard", () =>
  inFolder(async (folder) => {
    await Deno.writeFile(`${folder}/a.ckpt`, torchZip(bytesOf("N0".repeat(500_000), "}")));
    const stop = new AbortController();
    setTimeout(() => stop.abort(), 1);
    await assert.rejects(openTensors(`${folder}/a.ckpt`, stop.signal), { name: "AbortError" });
  }));
