/**
 * A network's tensors with adapters merged in: W' = W + Σ ΔW, in f32, rounded once where the network wants less.
 *
 * @module
 */
import { FLOATS, toFloat32 } from "../formats/dtype.ts";
import { asF32 } from "../formats/as_f32.ts";
import { rangeOf, type TensorSource } from "../formats/tensor_source.ts";
import type { Adapter } from "./adapter_file.ts";
import type { Multiply } from "./algebra.ts";
import type { AdaptedPart } from "./keys.ts";

/** An adapter and its strength in a part. */
export interface Strength {
  adapter: Adapter;
  weight: number;
}

/** How many changed tensors are kept while they are read piece by piece. */
const KEPT = 3;

/**
 * `source` with `adapters` merged in. Every number is shown as f32: matrices that a network joins must be of one type.
 * Several adapters add up; each sees the weight as it is in the file.
 */
export function merged(
  source: TensorSource,
  part: AdaptedPart,
  adapters: readonly Strength[],
  multiply?: Multiply,
): TensorSource {
  const used = adapters.filter(({ adapter, weight }) => weight !== 0 && adapter.changes(part));
  if (used.length === 0) return source;
  const changed = new Set(used.flatMap(({ adapter }) => adapter.tensors(part)));
  const floats = [...source.tensors.values()].filter(({ dtype }) => FLOATS.includes(dtype));
  const wide = asF32(source, new Set(floats.map(({ name }) => name)));
  // What is wrong with their sum is told of both.
  const added = used.map(({ adapter }) => adapter.name).join(" and ");
  const tensors = new Map(Array.from(wide.tensors, ([name, info]) => {
    return [name, changed.has(name) ? { ...info, added } : info];
  }));
  const kept = new Map<string, Promise<Uint8Array>>();
  const whole = (name: string) => {
    const known = kept.get(name);
    if (known) return known;
    for (const old of [...kept.keys()].slice(0, Math.max(0, kept.size + 1 - KEPT))) kept.delete(old);
    const made = changedTensor(source, part, name, used, multiply);
    kept.set(name, made);
    return made;
  };
  return {
    tensors,
    describe: source.describe,
    identity: JSON.stringify([source.identity ?? "", ...used.map(({ adapter, weight }) => [adapter.hash, weight])]),
    close: () => source.close(),
    async read(name, into, start = 0) {
      rangeOf(tensors, name, start, into.length, source.describe);
      if (changed.has(name)) {
        into.set((await whole(name)).subarray(start, start + into.length));
        return;
      }
      await wide.read(name, into, start);
    },
  };
}

async function changedTensor(
  source: TensorSource,
  part: AdaptedPart,
  name: string,
  adapters: readonly Strength[],
  multiply?: Multiply,
): Promise<Uint8Array> {
  const { bytes, dtype, shape } = source.tensors.get(name)!;
  const read = new Uint8Array(bytes);
  await source.read(name, read);
  const base = { shape, values: toFloat32(read, dtype) };
  const out = base.values.slice();
  for (const { adapter, weight } of adapters) {
    const change = await adapter.change(part, name, base, weight, multiply);
    if (change) { for (let i = 0; i < out.length; i++) out[i] += change[i]; }
  }
  return new Uint8Array(out.buffer);
}
