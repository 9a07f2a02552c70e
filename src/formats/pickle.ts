/**
 * Reads Python pickles as data. The opcodes that would call or build something only work on the names its caller
 * allows; any other name ends the reading, and nothing is ever executed. (npm's pickleparser could be restricted
 * through its resolvers, but it does not say where a pickle ends, which torch's older files need, and it takes damaged
 * input for undefined values.) Source of the opcodes: CPython, Lib/pickletools.py.
 *
 * @module
 */
import { briefText } from "../brief.ts";
import { ModelError } from "../errors.ts";
import { pause } from "../files/pause.ts";
import { COUNT_OF } from "../limits.ts";

/** A class or function that a pickle names: "collections.OrderedDict". */
export class Global {
  constructor(readonly name: string) {}
}

/** What a caller allows. */
export interface PickleRules {
  /** File and part, for messages. */
  where: string;
  /** Names that may stand in the pickle. */
  allows(name: string): boolean;
  /** The value of calling an allowed name. */
  call(name: string, args: unknown[]): unknown;
  /** The value of a persistent id. */
  persistent(id: unknown): unknown;
  /** Ends a long reading. */
  signal?: AbortSignal;
}

/** Thrown where the bytes end before the pickle does: more of the file may hold the rest. */
export class PickleCut extends Error {}

const MARK = Symbol("mark");

/** Opcodes between two pauses: some milliseconds. */
const STRETCH = 100_000;

/**
 * Reads one pickle from `start` on. Dictionaries become Maps, tuples and lists arrays, bytes Uint8Arrays. What it
 * refers to more than once is one value, not copies: a caller that walks or prints it must not take it for a tree.
 * @returns the value, and where the pickle ends
 * @throws ModelError for anything not allowed or not understood; PickleCut where the bytes end too early
 */
export async function readPickle(
  bytes: Uint8Array,
  start: number,
  rules: PickleRules,
): Promise<{ value: unknown; end: number }> {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const stack: unknown[] = [];
  const memo = new Map<number, unknown>();
  let at = start;

  const fail = (what: string) => new ModelError(`${rules.where} is a damaged pickle: ${what} at byte ${at}.`);
  const take = (count: number): number => {
    if (at + count > bytes.length) throw new PickleCut();
    at += count;
    return at - count;
  };
  const u8 = () => bytes[take(1)];
  const u16 = () => view.getUint16(take(2), true);
  const u32 = () => view.getUint32(take(4), true);
  const u64 = () => Number(view.getBigUint64(take(8), true));
  const text = (length: number) => {
    const from = take(length);
    return new TextDecoder().decode(bytes.subarray(from, from + length));
  };
  const data = (length: number) => {
    const from = take(length);
    return bytes.slice(from, from + length);
  };
  const line = () => {
    const end = bytes.indexOf(10, at);
    if (end < 0) throw new PickleCut();
    const words = text(end - at);
    at++;
    return words;
  };
  const integer = (length: number) => {
    if (length > 64) throw fail(`a number of ${length} bytes`);
    let value = 0n;
    const from = take(length);
    for (let i = length - 1; i >= 0; i--) value = value << 8n | BigInt(bytes[from + i]);
    value = BigInt.asIntN(8 * length, value);
    return Number.isSafeInteger(Number(value)) ? Number(value) : value;
  };
  const pop = () => {
    if (stack.length === 0 || stack[stack.length - 1] === MARK) throw fail("nothing to take");
    return stack.pop();
  };
  const popMark = () => {
    const mark = stack.lastIndexOf(MARK);
    if (mark < 0) throw fail("no mark");
    const items = stack.splice(mark);
    items.shift();
    return items;
  };
  const top = () => stack[stack.length - 1];
  const tuple = (count: number) => {
    const items = Array.from({ length: count }, pop);
    stack.push(items.reverse());
  };
  const insert = (pairs: unknown[]) => {
    const map = top();
    if (pairs.length % 2) throw fail("a key without a value");
    if (!(map instanceof Map)) throw fail("entries for something that is no dictionary");
    for (let i = 0; i < pairs.length; i += 2) map.set(pairs[i], pairs[i + 1]);
  };
  const extend = (items: unknown[]) => {
    const list = top();
    if (!Array.isArray(list)) throw fail("items for something that is no list");
    for (const item of items) list.push(item);
  };
  const named = (module: unknown, inner: unknown) => {
    if (typeof module !== "string" || typeof inner !== "string") throw fail("a name that is no text");
    const name = `${module}.${inner}`;
    if (!rules.allows(name)) {
      throw new ModelError(
        `${rules.where} names "${
          briefText(name)
        }", which no model needs and which could run code. It is refused; look for a .safetensors file.`,
      );
    }
    stack.push(new Global(name));
  };
  const call = () => {
    const args = pop();
    const callee = pop();
    if (!(callee instanceof Global) || !Array.isArray(args)) throw fail("a call of something that has no name");
    stack.push(rules.call(callee.name, args));
  };
  const recall = (index: number) => {
    if (!memo.has(index)) throw fail(`unknown memo ${index}`);
    stack.push(memo.get(index));
  };

  const opcodes: Record<number, () => void> = {
    0x80: () => void u8(), // PROTO
    0x95: () => void u64(), // FRAME
    0x28: () => stack.push(MARK),
    0x30: () => void pop(),
    0x31: () => void popMark(),
    0x32: () => stack.push(top()),
    0x4e: () => stack.push(null),
    0x88: () => stack.push(true),
    0x89: () => stack.push(false),
    0x4a: () => stack.push(view.getInt32(take(4), true)),
    0x4b: () => stack.push(u8()),
    0x4d: () => stack.push(u16()),
    0x8a: () => stack.push(integer(u8())), // LONG1
    0x8b: () => stack.push(integer(u32())), // LONG4
    0x47: () => stack.push(view.getFloat64(take(8), false)), // BINFLOAT
    0x58: () => stack.push(text(u32())), // BINUNICODE
    0x8c: () => stack.push(text(u8())),
    0x8d: () => stack.push(text(u64())),
    0x54: () => stack.push(text(u32())), // BINSTRING
    0x55: () => stack.push(text(u8())),
    0x42: () => stack.push(data(u32())), // BINBYTES
    0x43: () => stack.push(data(u8())),
    0x8e: () => stack.push(data(u64())),
    0x29: () => stack.push([]), // EMPTY_TUPLE
    0x74: () => stack.push(popMark()), // TUPLE
    0x85: () => tuple(1),
    0x86: () => tuple(2),
    0x87: () => tuple(3),
    0x5d: () => stack.push([]), // EMPTY_LIST
    0x6c: () => stack.push(popMark()), // LIST
    0x61: () => extend([pop()]), // APPEND
    0x65: () => extend(popMark()),
    0x7d: () => stack.push(new Map()), // EMPTY_DICT
    0x64: () => { // DICT
      const pairs = popMark();
      stack.push(new Map());
      insert(pairs);
    },
    0x73: () => { // SETITEM
      const value = pop();
      insert([pop(), value]);
    },
    0x75: () => insert(popMark()), // SETITEMS
    0x8f: () => stack.push([]), // EMPTY_SET
    0x90: () => extend(popMark()), // ADDITEMS
    0x63: () => named(line(), line()), // GLOBAL
    0x93: () => { // STACK_GLOBAL
      const name = pop();
      named(pop(), name);
    },
    0x52: call, // REDUCE
    0x81: call, // NEWOBJ
    0x62: () => void pop(), // BUILD: the attributes of an object are no tensors
    0x71: () => memo.set(u8(), top()), // BINPUT
    0x72: () => memo.set(u32(), top()),
    0x94: () => memo.set(memo.size, top()), // MEMOIZE
    0x68: () => recall(u8()), // BINGET
    0x6a: () => recall(u32()),
    0x51: () => stack.push(rules.persistent(pop())), // BINPERSID
  };
  for (let count = 1;; count++) {
    if (count % STRETCH === 0) await pause(rules.signal);
    if (stack.length > COUNT_OF.values) throw fail(`more than ${COUNT_OF.values} values`);
    const opcode = u8();
    if (opcode === 0x2e) return { value: pop(), end: at }; // STOP
    if (!Object.hasOwn(opcodes, opcode)) throw fail(`unknown opcode 0x${opcode.toString(16)}`);
    opcodes[opcode]();
  }
}
