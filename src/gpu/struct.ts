/**
 * Values for a struct of a shader, given by the names of its fields: the struct is read from the WGSL itself, and what
 * does not match it is refused. Serves uniforms and the small storage structs that the host writes.
 *
 * @module
 */
import { includeShared } from "./shared.ts";
import { floatBits } from "./tensor.ts";

/** A value for each field: a number or a flag (1 or 0), a list for an array, whose rest is zero. */
export type Values = Readonly<Record<string, number | boolean | readonly number[]>>;

interface Field {
  name: string;
  type: "u32" | "i32" | "f32";
  /** Elements of an array, 1 otherwise. */
  length: number;
}

/** By source and name: a source is long, and its own hash is computed once. */
const known = new Map<string, Map<string, Field[]>>();

/** The fields of `struct name` of a shader, in order; none where it has no such struct. */
function fieldsOf(source: string, name: string): Field[] {
  const structs = known.get(source) ?? new Map<string, Field[]>();
  known.set(source, structs);
  const found = structs.get(name);
  if (found) return found;
  const body = includeShared(source, false).match(new RegExp(`^struct ${name} \\{([^}]*)\\}`, "m"))?.[1] ?? "";
  const fields = body.replace(/\/\/.*/g, "").split(/,(?![^<]*>)/).map((text) => text.trim()).filter(Boolean);
  const read = fields.map((text): Field => {
    const [, name, array, length, plain] = text.match(/^(\w+): (?:array<(\w+), (\d+)>|(\w+))$/) ?? [];
    const type = (array ?? plain) as Field["type"];
    if (!["u32", "i32", "f32"].includes(type)) {
      throw new Error(`struct field "${text}": numbers and arrays of them only.`);
    }
    return { name, type, length: Number(length ?? 1) };
  });
  structs.set(name, read);
  return read;
}

/** 32-bit words of `struct name`. */
export function structWords(source: string, name: string): number {
  return fieldsOf(source, name).reduce((sum, { length }) => sum + length, 0);
}

/**
 * The words of `struct name` of `kernel`, from values by the names of its fields.
 * @throws Error where a field has no value, a value no field, or a value is not of the field's type
 */
export function packStruct(
  kernel: { name: string; source: string },
  name: string,
  values: Values,
): Uint32Array<ArrayBuffer> {
  const fields = fieldsOf(kernel.source, name);
  const where = `struct ${name} of ${kernel.name}.wgsl`;
  const extra = Object.keys(values).find((key) => !fields.some((field) => field.name === key));
  if (extra !== undefined) throw new Error(`${where} has no field "${extra}".`);
  const words = new Uint32Array(structWords(kernel.source, name));
  let at = 0;
  for (const field of fields) {
    const value = values[field.name];
    if (value === undefined) throw new Error(`${where} needs "${field.name}".`);
    const list = Array.isArray(value) ? value as readonly number[] : [Number(value)];
    if (list.length > field.length) {
      throw new Error(`${where}: "${field.name}" holds ${field.length}, not ${list.length}.`);
    }
    words.set(list.map((v) => wordOf(field, v, where)), at);
    at += field.length;
  }
  return words;
}

function wordOf({ name, type }: Field, value: number, where: string): number {
  if (type === "f32") return floatBits(value);
  const [least, most] = type === "u32" ? [0, 2 ** 32 - 1] : [-(2 ** 31), 2 ** 31 - 1];
  if (!Number.isInteger(value) || value < least || value > most) {
    throw new Error(`${where}: "${name}" is ${type} and cannot be ${value}.`);
  }
  return value >>> 0;
}
