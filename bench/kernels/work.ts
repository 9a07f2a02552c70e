/**
 * What is timed in `deno task bench kernels`, whoever does it.
 *
 * @module
 */
/** A kernel at a size. */
export type Work =
  /** [1, rows, inner] · [inner, columns] */
  | { kind: "matmul"; rows: number; inner: number; columns: number }
  /** 3×3, stride 1, as many channels out as in. */
  | { kind: "conv"; channels: number; side: number }
  /** Of `heads` heads, `width` channels each, `rows` queries and as many keys. */
  | { kind: "attention"; heads: number; width: number; rows: number };

/** Somebody who is ready to do a work. */
export interface Entrant {
  /** Starts it once. */
  run(): unknown;
  /** Waits for all that was started; nothing is read back. */
  finished(): Promise<unknown>;
  release(): unknown;
}

/** As tables name it. */
export function nameOf(work: Work): string {
  switch (work.kind) {
    case "matmul":
      return `matmul ${work.rows}×${work.inner}×${work.columns}`;
    case "conv":
      return `conv 3×3, ${work.channels} channels, ${work.side}²`;
    case "attention":
      return `attention, ${work.heads} heads of ${work.width}, ${work.rows}²`;
  }
}

/** Multiplications and additions of the definition; Winograd's transform does fewer. */
export function flopsOf(work: Work): number {
  switch (work.kind) {
    case "matmul":
      return 2 * work.rows * work.inner * work.columns;
    case "conv":
      return 2 * 9 * work.channels ** 2 * work.side ** 2;
    case "attention":
      return 4 * work.rows ** 2 * work.heads * work.width;
  }
}

/** Numbers of the size that activations have. */
export function noise(...shape: readonly number[]): Float32Array<ArrayBuffer> {
  return Float32Array.from({ length: shape.reduce((a, b) => a * b) }, () => Math.random() - 0.5);
}
