/**
 * Readers turn the text behind a flag into a value, or say what it should have been.
 *
 * @module
 */
import { didYouMean } from "../did_you_mean.ts";
import { UsageError } from "../errors.ts";

/** Reads a flag's value. */
export interface Reader<T> {
  /** What the help calls the value. */
  shown: string;
  /** @throws UsageError that names the flag, the value and what it takes. */
  read(value: string, flag: string): T;
}

/** Any text but none. */
export function text(shown: string): Reader<string> {
  const read = (value: string, flag: string) => {
    if (value === "") throw new UsageError(`${flag} was given an empty value.`);
    return value;
  };
  return { shown, read };
}

/** Any text, none too: an empty negative prompt is one. */
export const anyText: Reader<string> = { shown: "TEXT", read: (value) => value };

/** A number from `least` to `most`. */
export function number(least: number, most: number): Reader<number> {
  const read = (value: string, flag: string) => {
    const result = value.trim() === "" ? NaN : Number(value);
    if (result >= least && result <= most) return result;
    throw new UsageError(`${flag} takes a number from ${least} to ${most}, not "${value}".`);
  };
  return { shown: "X", read };
}

/** A whole number from `least` to `most`. */
export function integer(least: number, most: number = Number.MAX_SAFE_INTEGER): Reader<number> {
  const range = most === Number.MAX_SAFE_INTEGER ? `from ${least} up` : `from ${least} to ${most}`;
  const read = (value: string, flag: string) => {
    const result = /^-?\d+$/.test(value.trim()) ? Number(value) : NaN;
    if (result >= least && result <= most) return result;
    throw new UsageError(`${flag} takes a whole number ${range}, not "${value}".`);
  };
  return { shown: "N", read };
}

/** One of a few words. */
export function oneOf<const T extends string>(...known: T[]): Reader<T> {
  const read = (value: string, flag: string) => {
    if ((known as string[]).includes(value)) return value as T;
    throw new UsageError(`${flag} takes ${known.join(", ")}, not "${value}".${didYouMean(value, known)}`);
  };
  return { shown: known.join("|"), read };
}

/** Two whole numbers such as 512x768. */
export const pair: Reader<[number, number]> = {
  shown: "AxB",
  read(value, flag) {
    const match = /^(\d+)[x×,](\d+)$/i.exec(value.trim());
    if (!match) throw new UsageError(`${flag} takes two numbers such as 1024x768, not "${value}".`);
    return [Number(match[1]), Number(match[2])];
  },
};

/** A name that `byName` knows in several spellings. */
export function named<T extends string>(byName: (spelling: string) => T): Reader<T> {
  return { shown: "NAME", read: (value) => byName(value) };
}

/** A seed from 0 to 2⁶³ − 1, or −1 for a new one; exact beyond JavaScript's safe integers. */
export const seed: Reader<number | bigint> = {
  shown: "N",
  read(value, flag) {
    const result = /^(-1|\d+)$/.test(value.trim()) ? BigInt(value) : 2n ** 63n;
    if (result >= 2n ** 63n) throw new UsageError(`${flag} takes -1 or a whole number below 2⁶³, not "${value}".`);
    return result <= Number.MAX_SAFE_INTEGER ? Number(result) : result;
  },
};
