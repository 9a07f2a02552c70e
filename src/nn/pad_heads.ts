/**
 * Attention heads whose width is no multiple of 4 (tiny test models have them) get channels of zeros at the end: zeros
 * add nothing to a score, and what they would give is multiplied by zeros again. Seen from the networks, the file
 * simply holds the padded matrices.
 *
 * @module
 */
import { padChannels } from "../gpu/tensor.ts";
import type { TensorInfo, TensorSource } from "../formats/tensor_source.ts";
import type { Heads } from "../ops/attention.ts";

/** Which sides of a tensor hold heads: rows are output channels, columns input channels. */
export interface HeadSides {
  rows?: Heads;
  columns?: Heads;
}

/** Width of all heads together on the device. */
export function paddedWidth({ count, width }: Heads): number {
  return count * padChannels(width);
}

/** `source` with the tensors in `sides` padded. */
export function padHeads(source: TensorSource, sides: ReadonlyMap<string, HeadSides>): TensorSource {
  const tensors = new Map<string, TensorInfo>(source.tensors);
  for (const [name, { rows, columns }] of sides) {
    const info = source.tensors.get(name);
    if (!info || info.shape.length > 2) continue; // the check of shapes reports it
    const [r, c = 1] = info.shape;
    const shape = [rows && rows.count * rows.width === r ? paddedWidth(rows) : r];
    if (info.shape.length === 2) shape.push(columns && columns.count * columns.width === c ? paddedWidth(columns) : c);
    const bytes = info.bytes / (r * c) * shape[0] * (shape[1] ?? 1);
    tensors.set(name, { ...info, shape, bytes });
  }
  return {
    tensors,
    describe: source.describe,
    close: () => source.close(),
    async read(name, into, start = 0) {
      const before = source.tensors.get(name);
      const after = tensors.get(name);
      if (!before || !after || before === after) return await source.read(name, into, start);
      const bytes = new Uint8Array(before.bytes);
      await source.read(name, bytes);
      into.set(spread(bytes, before, after, sides.get(name)!).subarray(start, start + into.length));
    },
  };
}

/** Copies each element to its place among the padding. */
function spread(bytes: Uint8Array, before: TensorInfo, after: TensorInfo, { rows, columns }: HeadSides): Uint8Array {
  const [r, c = 1] = before.shape;
  const stride = after.shape[1] ?? 1;
  const size = before.bytes / (r * c);
  const out = new Uint8Array(after.bytes);
  const moved = (i: number, heads?: Heads) => {
    return heads ? Math.floor(i / heads.width) * padChannels(heads.width) + i % heads.width : i;
  };
  for (let i = 0; i < r; i++) {
    for (let j = 0; j < c; j++) {
      const to = (moved(i, rows) * stride + moved(j, columns)) * size;
      out.set(bytes.subarray((i * c + j) * size, (i * c + j + 1) * size), to);
    }
  }
  return out;
}
