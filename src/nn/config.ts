/**
 * Reads network configs (diffusers and transformers JSON) strictly: a setting that this program does not compute is
 * refused by name instead of silently giving another picture.
 *
 * @module
 */
import { brief } from "../brief.ts";
import { ModelError } from "../errors.ts";

/** A parsed config.json. */
export type Config = Record<string, unknown>;

/** Reads `config` of the network called `what`. */
export class ConfigReader {
  constructor(readonly what: string, readonly config: Config) {}

  /** A number, or `fallback` where the key is absent or null. */
  number(key: string, fallback?: number): number {
    const value = this.config[key] ?? fallback;
    if (typeof value !== "number" || !Number.isFinite(value)) throw this.#wrong(key, value, "a number");
    return value;
  }

  /** A list of numbers; one number stands for `length` equal ones. */
  numbers(key: string, length: number, fallback?: number | number[]): number[] {
    const value = this.config[key] ?? fallback;
    const list = typeof value === "number" ? new Array<number>(length).fill(value) : value;
    if (!Array.isArray(list) || list.length !== length || !list.every((v) => typeof v === "number")) {
      throw this.#wrong(key, value, `a number or ${length} of them`);
    }
    return list;
  }

  /** A number for each of the `blocks` of each level, from one for all, one for each level, or a list of them. */
  nested(key: string, blocks: readonly number[], fallback: unknown): number[][] {
    const value = this.config[key] ?? fallback;
    const levels = typeof value === "number" ? blocks.map(() => value) : value;
    const fits = (level: unknown, i: number) =>
      typeof level === "number" || Array.isArray(level) && level.length >= blocks[i] && level.every(Number.isInteger);
    if (!Array.isArray(levels) || levels.length !== blocks.length || !levels.every(fits)) {
      throw this.#wrong(key, value, `a number, or for each level one or a list (of ${blocks.join(", ")})`);
    }
    return levels.map((level, i) => typeof level === "number" ? new Array<number>(blocks[i]).fill(level) : level);
  }

  /** Channels of the levels: the kernels compute in whole quads. */
  channels(key: string): number[] {
    const value = this.config[key];
    const list = this.numbers(key, Array.isArray(value) ? value.length : 1);
    if (list.some((c) => c % 4 !== 0 || c < 4)) throw this.#wrong(key, value, "multiples of 4");
    return list;
  }

  /** A list of strings. */
  strings(key: string, fallback?: string[]): string[] {
    const value = this.config[key] ?? fallback;
    if (!Array.isArray(value) || !value.every((v) => typeof v === "string")) {
      throw this.#wrong(key, value, "a list of names");
    }
    return value;
  }

  /** A boolean. */
  flag(key: string, fallback: boolean): boolean {
    const value = this.config[key] ?? fallback;
    if (typeof value !== "boolean") throw this.#wrong(key, value, "true or false");
    return value;
  }

  /** A string that must be one of `choices`. */
  choice<T extends string>(key: string, choices: readonly T[], fallback: T): T {
    const value = this.config[key] ?? fallback;
    if (!choices.includes(value as T)) throw this.#wrong(key, value, choices.join(" or "));
    return value as T;
  }

  /** Refuses any value but these (or absence). */
  only(key: string, ...allowed: unknown[]): void {
    const value = this.config[key];
    if (value === undefined || value === null || allowed.includes(value)) return;
    throw this.#wrong(key, value, allowed.map((v) => JSON.stringify(v)).join(" or "));
  }

  #wrong(key: string, value: unknown, expected: string): ModelError {
    return new ModelError(`${this.what} config: "${key}" is ${brief(value)}; supported: ${expected}.`);
  }
}
