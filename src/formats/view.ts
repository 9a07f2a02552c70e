/**
 * Tensors under other names: the one place where what a file holds becomes what a network asks for. A view takes a
 * tensor whole, or some of its rows (fused query, key and value), or transposed, or with another shape of the same
 * size.
 *
 * @module
 */
import { BYTES } from "./dtype.ts";
import { rangeOf, type TensorInfo, type TensorSource } from "./tensor_source.ts";

/** Where a tensor comes from. */
export interface View {
  /** Its name in the file. */
  from: string;
  /** These rows of the first axis. */
  rows?: { first: number; count: number };
  /** Rows and columns of a matrix exchanged. */
  transpose?: boolean;
  /** The shape to show, of as many numbers. */
  shape?: number[];
}

/**
 * A source that shows `views` (by the name to show) of `source`. Closing it closes nothing: the file may serve other
 * views.
 * @param views each of a tensor that `source` has
 */
export function viewOf(source: TensorSource, views: ReadonlyMap<string, View>): TensorSource {
  const tensors = new Map<string, TensorInfo>();
  for (const [name, view] of views) tensors.set(name, describe(name, view, source.tensors.get(view.from)!));
  return {
    tensors,
    describe: source.describe,
    identity: source.identity,
    close() {},
    async read(name, into, start = 0) {
      rangeOf(tensors, name, start, into.length, source.describe);
      const { from, rows, transpose } = views.get(name)!;
      const whole = source.tensors.get(from)!;
      if (transpose) return await readTransposed(source, whole, into, start);
      const skipped = rows ? rows.first * (whole.bytes / whole.shape[0]) : 0;
      await source.read(from, into, skipped + start);
    },
  };
}

function describe(name: string, { rows, transpose, shape }: View, whole: TensorInfo): TensorInfo {
  const [first, ...inner] = whole.shape;
  const cut = rows ? [rows.count, ...inner] : transpose ? [...inner, first] : whole.shape;
  const bytes = cut.reduce((product, size) => product * size, BYTES[whole.dtype]);
  const blocks = transpose ? undefined : whole.blocks;
  return { name, dtype: whole.dtype, shape: shape ?? cut, bytes, file: whole.file, blocks };
}

/** Only for matrices that fit memory many times over: the whole one is read for every range. */
async function readTransposed(source: TensorSource, whole: TensorInfo, into: Uint8Array, start: number): Promise<void> {
  const [rows, columns] = whole.shape;
  const size = BYTES[whole.dtype];
  const bytes = new Uint8Array(whole.bytes);
  await source.read(whole.name, bytes);
  for (let i = 0; i < into.length; i++) {
    const at = Math.floor((start + i) / size);
    const from = (at % rows) * columns + Math.floor(at / rows);
    into[i] = bytes[from * size + (start + i) % size];
  }
}

/** Several files as one source. Where two hold the same name, the later one counts. */
export function mergeSources(sources: TensorSource[], describe: string): TensorSource {
  const owners = new Map<string, TensorSource>();
  const tensors = new Map<string, TensorInfo>();
  for (const source of sources) {
    for (const [name, info] of source.tensors) {
      owners.set(name, source);
      tensors.set(name, info);
    }
  }
  return {
    tensors,
    describe,
    identity: sources.map(({ identity }) => identity ?? "").join("\0").replace(/^\0+$/, "") || undefined,
    close: () => sources.forEach((source) => source.close()),
    async read(name, into, start = 0) {
      rangeOf(tensors, name, start, into.length, describe);
      await owners.get(name)!.read(name, into, start);
    },
  };
}
