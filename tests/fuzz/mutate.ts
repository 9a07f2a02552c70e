/**
 * Random changes to bytes, JSON and text, and random pickles; all told by a seed.
 *
 * @module
 */
import { bytesOf, get, int, put, storage, unicode } from "../formats/pickles.ts";

/** Whole numbers below a bound. */
export type Random = (below: number) => number;

/** A small generator (xorshift32), so that a seed tells the whole run. */
export function random(seed: number): Random {
  let state = Math.imul(2 * seed + 1, 0x9e3779b1) | 1;
  const next: Random = (below) => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) % below;
  };
  for (let i = 0; i < 8; i++) next(1); // neighbouring seeds part
  return next;
}

/** One of a list. */
export const oneOf = <T>(next: Random, list: readonly T[]): T => list[next(list.length)];

const WORDS = [
  "{",
  "}",
  "[",
  "]",
  '"',
  "null",
  "-1",
  "1e999",
  "99999999999999999999",
  "\\u0000",
  '"__proto__":',
  ",",
  "\n",
  "\xff\xff\xff\xff",
  "\0\0\0\0\0\0\0\x80",
];

/** Some inputs stay good, so that a run shows that good ones are read. */
const isSpared = (next: Random) => next(10) === 0;

/** One to four small changes: a byte, a bit, a piece cut out, doubled or replaced. */
export function mutateBytes(bytes: Uint8Array, next: Random): Uint8Array<ArrayBuffer> {
  if (isSpared(next)) return bytes.slice();
  let out = Array.from(bytes);
  for (let changes = 1 + next(4); changes > 0; changes--) {
    // Half of the changes go to the first bytes, where headers are.
    const at = next(next(2) ? out.length + 1 : Math.min(out.length, 400) + 1);
    const length = next(16);
    switch (next(6)) {
      case 0:
        out[Math.min(at, out.length - 1)] = next(256);
        break;
      case 1:
        out[Math.min(at, out.length - 1)] ^= 1 << next(8);
        break;
      case 2:
        out.splice(at, length);
        break;
      case 3:
        out.splice(at, 0, ...out.slice(at, at + length));
        break;
      case 4:
        out.splice(at, next(2) * length, ...Array.from(oneOf(next, WORDS), (c) => c.charCodeAt(0)));
        break;
      case 5:
        out = next(8) ? out : out.slice(0, at);
    }
    if (out.length === 0) out = [0];
  }
  return Uint8Array.from(out);
}

const deep = (depth: number): unknown => depth ? [deep(depth - 1)] : 0;

/** Values where others are expected. Each is made anew, so that a change to one is none to the others. */
const ODD: ((next: Random) => unknown)[] = [
  (next) => oneOf(next, [0, -1, 1, 2, 3, 7, 0.5, 8, 64, 1e5, 1e9, 2 ** 53, 1e300, -1e9]),
  (next) =>
    oneOf(next, [
      null,
      true,
      false,
      "",
      " ",
      "x",
      "__proto__",
      "constructor",
      "../../x",
      "/dev/zero",
      "\u001b]0;x\u0007",
    ]),
  (next) => "x".repeat(10 ** (1 + next(5))),
  (next) => oneOf(next, ["Infinity", "1,1", "1;1", "1,1,1;1,1,1", "(1,1);(2)", "0,1", "1e9,1"]),
  () => [],
  () => ({}),
  (next) => Array(10 ** next(5)).fill(oneOf(next, [0, 1, "a", null])),
  (next) => deep(1 + next(200)),
  (next) => ({ [oneOf(next, ["__proto__", "a", "prompt", "x".repeat(1000)])]: next(9) }),
];

/** A copy of a JSON value with one to three of its values replaced, left out, doubled or moved. */
export function mutateJson(value: unknown, next: Random): unknown {
  if (isSpared(next)) return value;
  const root = { value: structuredClone(value) };
  for (let changes = 1 + next(3); changes > 0; changes--) {
    const places: [holder: Record<string, unknown>, key: string][] = [];
    const walk = (holder: unknown) => {
      if (typeof holder !== "object" || holder === null || places.length > 5000) return;
      for (const key of Object.keys(holder)) {
        places.push([holder as Record<string, unknown>, key]);
        walk((holder as Record<string, unknown>)[key]);
      }
    };
    walk(root);
    const [holder, key] = oneOf(next, places);
    switch (next(5)) {
      case 0:
        if (key !== "value") delete holder[key];
        break;
      case 1: {
        const [from, name] = oneOf(next, places);
        holder[key] = structuredClone(from[name]);
        break;
      }
      default:
        holder[key] = oneOf(next, ODD)(next);
    }
  }
  return root.value;
}

/** A text with pieces cut, doubled, exchanged or put in. */
export function mutateText(text: string, next: Random, words: readonly string[]): string {
  if (isSpared(next)) return text;
  for (let changes = 1 + next(4); changes > 0; changes--) {
    const at = next(text.length + 1), end = Math.min(text.length, at + next(30));
    const piece = text.slice(at, end);
    const put = oneOf(next, [
      "",
      piece + piece,
      oneOf(next, words),
      oneOf(next, words).repeat(1 + next(50)),
      piece.repeat(next(200)),
    ]);
    text = text.slice(0, at) + put + text.slice(end);
  }
  return text.slice(0, 100_000);
}

const PUSHES: ((next: Random) => Uint8Array)[] = [
  (next) => unicode(oneOf(next, ["a", "0", "storage", "state_dict", "n".repeat(300)])),
  (next) => int(oneOf(next, [0, 1, 2, 4, 255, 2 ** 31 - 1])),
  () => bytesOf("]"),
  () => bytesOf("}"),
  () => bytesOf("("),
  () => bytesOf("N"),
  () => bytesOf("2"),
  () => storage(unicode("0")),
  (next) =>
    bytesOf(oneOf(next, ["ccollections\nOrderedDict\n", "ctorch._utils\n_rebuild_tensor_v2\n", "ctorch\nSize\n"])),
];
const FOLDS = ["s", "a", "u", "e", "t", "\x85", "\x86", "\x87", "R", "Q", "0", "b", "\x93", "\x81", "l", "d"];

/** Opcodes in any order: most fail at some place, some build what nobody thought of. */
export function randomPickle(next: Random): Uint8Array {
  const parts: Uint8Array[] = [bytesOf("}"), put(0)];
  for (let count = next(400); count > 0; count--) {
    const kind = next(8);
    if (kind < 4) parts.push(oneOf(next, PUSHES)(next));
    else if (kind < 6) parts.push(bytesOf(oneOf(next, FOLDS)));
    else parts.push((kind === 6 ? put : get)(next(8)));
  }
  return bytesOf(...parts);
}
