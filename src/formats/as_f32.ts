/**
 * Tensors shown as f32 whatever their file has.
 *
 * @module
 */
import { BYTES, toFloat32 } from "./dtype.ts";
import { rangeOf, type TensorInfo, type TensorSource } from "./tensor_source.ts";

/** `source` with these tensors as f32. Ranges of them begin and end with whole numbers. */
export function asF32(source: TensorSource, names: ReadonlySet<string>): TensorSource {
  const tensors = new Map<string, TensorInfo>();
  for (const [name, info] of source.tensors) {
    const wide = names.has(name) && info.dtype !== "F32";
    tensors.set(name, wide ? { ...info, dtype: "F32", bytes: info.bytes / BYTES[info.dtype] * 4 } : info);
  }
  return {
    tensors,
    describe: source.describe,
    identity: source.identity,
    close: () => source.close(),
    async read(name, into, start = 0) {
      rangeOf(tensors, name, start, into.length, source.describe);
      const { dtype } = source.tensors.get(name)!;
      if (tensors.get(name)!.dtype === dtype) return await source.read(name, into, start);
      const bytes = new Uint8Array(into.length / 4 * BYTES[dtype]);
      await source.read(name, bytes, start / 4 * BYTES[dtype]);
      into.set(new Uint8Array(toFloat32(bytes, dtype).buffer));
    },
  };
}
