/**
 * Kinds of values that settings take. One check serves the command line (which has text), the library and recipes
 * (which have values), so that each says the same of the same mistake.
 *
 * @module
 */
import { brief } from "../brief.ts";
import { didYouMean } from "../did_you_mean.ts";
import { UsageError } from "../errors.ts";
import { BYTES_OF } from "../limits.ts";
import { homeFolder } from "../secrets.ts";
import type { PictureInput, PictureName } from "../picture/input.ts";

/** What a setting takes. */
export interface Kind<T> {
  /** What the help calls the value; a switch has none. */
  shown?: string;
  /** Ends the sentence "--steps takes …". */
  takes: string;
  /** The value that a text stands for, still to be checked. */
  parse(text: string): unknown;
  /**
   * The value in its one canonical form; undefined where it is of another kind. May throw a UsageError that says more.
   */
  accept(value: unknown): T | undefined;
  /** The spellings there are, for values that are words. */
  known?: readonly string[];
}

/** Reads a text. @throws UsageError that names the setting, the value and what it takes */
export function readText<T>(kind: Kind<T>, text: string, name: string): T {
  return accepted(kind, kind.parse(text), text, name);
}

/**
 * Checks a value of a program or of a JSON file. @throws UsageError that names the setting, the value and what it takes
 */
export function checkValue<T>(kind: Kind<T>, value: unknown, name: string): T {
  return accepted(kind, value, value, name);
}

function accepted<T>(kind: Kind<T>, value: unknown, given: unknown, name: string): T {
  const result = kind.accept(value);
  if (result !== undefined) return result;
  const hint = kind.known && typeof given === "string" ? didYouMean(given, kind.known) : "";
  throw new UsageError(`${name} takes ${kind.takes}, not ${brief(given)}.${hint}`);
}

/** On or off; on the command line its name alone is on. */
export const flag: Kind<boolean> = {
  takes: "true or false",
  parse: (text) => ({ true: true, false: false })[text],
  accept: (value) => typeof value === "boolean" ? value : undefined,
};

/** Any text but the empty one. */
export function text(shown: string): Kind<string> {
  return {
    shown,
    takes: `a text of 1 to ${BYTES_OF.prompt} letters`,
    parse: (text) => text,
    accept: (value) =>
      typeof value === "string" && value !== "" && value.length <= BYTES_OF.prompt && !value.includes("\0")
        ? value
        : undefined,
  };
}

/** A path; from people "~" at its start is their home folder, wherever a shell left it. */
export function path(shown: string): Kind<string> {
  return { ...text(shown), parse: atHome };
}

/** A path whose "~" at the start is the user's home folder; "~somebody" stays. */
function atHome(path: string): string {
  return path.replace(/^~(?=$|[\\/])/, (tilde) => homeFolder() ?? tilde);
}

/** Any text, the empty one too: an empty negative prompt is a negative prompt. */
export const anyText: Kind<string> = {
  shown: "TEXT",
  takes: `a text of up to ${BYTES_OF.prompt} letters`,
  parse: (text) => text,
  accept: (value) => value === "" ? value : text("TEXT").accept(value),
};

/** A number from `least` to `most`. */
export function number(least: number, most: number): Kind<number> {
  return {
    shown: "X",
    takes: `a number from ${least} to ${most}`,
    parse: (text) => text.trim() === "" ? NaN : Number(text),
    accept: (value) => typeof value === "number" && value >= least && value <= most ? value : undefined,
  };
}

/** A whole number from `least` to `most`. */
export function integer(least: number, most: number): Kind<number> {
  return {
    shown: "N",
    takes: `a whole number from ${least} to ${most}`,
    parse: (text) => /^-?\d+$/.test(text.trim()) ? Number(text) : NaN,
    accept: (value) => Number.isInteger(value) ? number(least, most).accept(value) : undefined,
  };
}

/** One of a few words. */
export function oneOf<const T extends string>(...known: T[]): Kind<T> {
  return {
    shown: known.join("|"),
    takes: known.join(", "),
    known,
    parse: (text) => text,
    accept: (value) => known.find((word) => word === value),
  };
}

/** A name that `byName` knows in several spellings; it throws a UsageError that lists them for one it does not know. */
export function named<T extends string>(
  what: string,
  byName: (spelling: string) => T,
  known: readonly T[],
): Kind<T> {
  return {
    shown: "NAME",
    takes: what,
    known,
    parse: (text) => text,
    accept: (value) => typeof value === "string" ? byName(value) : undefined,
  };
}

/** A picture: the path of a file, pixels, or, in a recipe, its name and hash. */
export const picture: Kind<PictureInput> = {
  shown: "FILE",
  takes: "the path of a PNG, JPEG or WebP file, or pixels as { width, height, data }",
  parse: atHome,
  accept(value) {
    if (typeof value !== "object" || value === null) return text("FILE").accept(value);
    const { width, height, data } = value as Record<string, unknown>;
    if (data instanceof Uint8Array || data instanceof Uint8ClampedArray) {
      const whole = integer(1, 65536);
      const [w, h] = [whole.accept(width), whole.accept(height)];
      return w && h && data.length === w * h * 4 ? { width: w, height: h, data: new Uint8Array(data) } : undefined;
    }
    return namedFile(value);
  },
};

/** What a recipe keeps of a file: its name, and so many digits of SHA-256. */
function namedFile(value: object, digits = 64): PictureName | undefined {
  const { name, hash } = value as Record<string, unknown>;
  const hex = typeof hash === "string" && hash.length === digits && /^[0-9a-f]+$/.test(hash);
  const named = hex && typeof name === "string" && name.length <= 255;
  return named ? { name, hash } : undefined;
}

/** A file of weights: its path, or, in a recipe, its name and hash. */
export const file: Kind<FileInput> = {
  shown: "FILE",
  takes: "the path of a file",
  parse: atHome,
  accept(value) {
    return typeof value === "object" && value !== null ? namedFile(value) : text("FILE").accept(value);
  },
};

/** A file that decides a picture, as settings have it. */
export type FileInput = string | PictureName;

/** A network beside the model: the path of a file or folder, or, in a recipe, its name and hash. */
export const network: Kind<NetworkInput> = {
  shown: "PATH",
  takes: "the path of a file or folder",
  parse: atHome,
  accept(value) {
    return typeof value === "object" && value !== null ? namedFile(value, 16) : text("PATH").accept(value);
  },
};

/** What is kept of a network in a recipe. */
export interface NetworkName {
  /** Of its file or folder, without extension. */
  name: string;
  /** 16 digits of SHA-256 of its tensors. */
  hash: string;
}

/** A network that a program or a person gives. */
export type NetworkInput = string | NetworkName;

/** A LoRA file and its strengths. */
export interface LoraInput {
  /** Its path, or its name in the folders of LoRAs; in a recipe its name and hash. */
  file: FileInput;
  /** Strength in the network that predicts noise. */
  weight: number;
  /** Strength in the text encoders; default: the same. */
  textEncoder?: number;
}

/** FILE, FILE=0.8, or FILE=1:0.8 for the text encoders and then the rest, as <lora:name:1:0.8> has it. */
export const lora: Kind<LoraInput | string> = {
  shown: "FILE=WEIGHT",
  takes: "a file and its strength from -100 to 100, such as style.safetensors=0.8",
  parse: atHome,
  accept(value) {
    if (typeof value === "string") {
      const [, path = value, first = "1", second] =
        /^(.+)=([+-]?(?:\d+\.?\d*|\.\d+))(?::([+-]?(?:\d+\.?\d*|\.\d+)))?$/.exec(value) ?? [];
      if (/\.(safetensors|ckpt|pt|pth|bin)=/i.test(path)) return undefined;
      const weight = Number(second ?? first);
      return lora.accept({ file: path, weight, ...(second === undefined ? {} : { textEncoder: Number(first) }) });
    }
    if (typeof value !== "object" || value === null) return undefined;
    const { file: given, weight = 1, textEncoder, ...others } = value as Record<string, unknown>;
    const accepted = file.accept(given);
    const strength = number(-100, 100);
    const fine = [weight, textEncoder ?? 0].every((part) => strength.accept(part) !== undefined);
    if (accepted === undefined || !fine || Object.keys(others).length) return undefined;
    const own = textEncoder === undefined || textEncoder === weight ? {} : { textEncoder: textEncoder as number };
    return { file: accepted, weight: weight as number, ...own };
  },
};

/** Pixels to add on each side: left=256,top=64 on the command line. */
export const sides: Kind<Sides> = {
  shown: "left=N,…",
  takes: "pixels for left, right, top or bottom, each up to 4096, such as left=256,right=128",
  parse(text) {
    const parts = text.split(",").map((part) => /^\s*(\w+)\s*=\s*(\d+)\s*$/.exec(part));
    return parts.every(Boolean) ? Object.fromEntries(parts.map((part) => [part![1], Number(part![2])])) : undefined;
  },
  accept(value) {
    if (typeof value !== "object" || value === null || Array.isArray(value)) return undefined;
    const entries = Object.entries(value);
    const known = (name: string) => ["left", "right", "top", "bottom"].includes(name);
    const fine = entries.length > 0 &&
      entries.every(([name, pixels]) => known(name) && integer(0, 4096).accept(pixels) !== undefined);
    return fine ? { ...value } as Sides : undefined;
  },
};

/** Pixels on some of a picture's sides. */
export type Sides = { [Side in "left" | "right" | "top" | "bottom"]?: number };

/** Two whole numbers from `least` to `most`: 1024x768 on the command line, [1024, 768] elsewhere. */
export function pair(least: number, most: number): Kind<[number, number]> {
  return {
    shown: "AxB",
    takes: `two whole numbers from ${least} to ${most}, such as 1024x768`,
    parse: (text) => /^(\d+)[x×,](\d+)$/i.exec(text.trim())?.slice(1).map(Number),
    accept: (value) =>
      Array.isArray(value) && value.length === 2 &&
        value.every((side) => integer(least, most).accept(side) !== undefined)
        ? [value[0], value[1]]
        : undefined,
  };
}

/** Width × height (or left × top) on the command line, rows before columns elsewhere, as diffusers has it. */
export function rowsFirst(least: number, most: number): Kind<[number, number]> {
  const kind = pair(least, most);
  return { ...kind, parse: (text) => (kind.parse(text) as number[] | undefined)?.toReversed() };
}

/** Largest seed: noise generators take 63 bits. */
export const LARGEST_SEED: bigint = 2n ** 63n - 1n;

/**
 * A seed from 0 to 2⁶³ − 1, or −1 for a new one. Exact beyond JavaScript's safe integers, where JSON has it as a text.
 */
export const seed: Kind<number | bigint> = {
  shown: "N",
  takes: "-1 or a whole number below 2⁶³",
  parse: (text) => text.trim(),
  accept(value) {
    const text = typeof value === "string" ? value : Number.isSafeInteger(value) ? String(value) : value;
    const exact = typeof text === "bigint"
      ? text
      : typeof text === "string" && /^(-1|\d{1,30})$/.test(text)
      ? BigInt(text)
      : LARGEST_SEED + 1n;
    if (exact < -1n || exact > LARGEST_SEED) return undefined;
    return exact <= Number.MAX_SAFE_INTEGER ? Number(exact) : exact;
  },
};

/** A place in a picture: in pixels, or, where none is above 1, in shares of the picture's sides. */
export type Box = [left: number, top: number, width: number, height: number];

/** A box; its picture is not known here. */
export const box: Kind<Box> = {
  shown: "X,Y,W,H",
  takes:
    "left, top, width and height in whole pixels, such as 64,0,64,128, or as shares of the picture, such as 0.5,0,0.5,1",
  parse: (text) => text.split(",").map((part) => part.trim() === "" ? NaN : Number(part)),
  accept(value) {
    if (!Array.isArray(value) || value.length !== 4) return undefined;
    if (!value.every((side) => typeof side === "number" && side >= 0 && side <= 65_536)) return undefined;
    const [x, y, w, h]: number[] = value;
    const shares = value.every((side) => side <= 1);
    const fits = shares ? x + w <= 1 + 1e-9 && y + h <= 1 + 1e-9 : value.every(Number.isInteger);
    return fits && w > 0 && h > 0 ? [x, y, w, h] : undefined;
  },
};
