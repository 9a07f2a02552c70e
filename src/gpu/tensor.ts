/**
 * Tensors: shapes over device memory. A tensor made by a graph gets its place only when the graph compiles.
 *
 * @module
 */

/** Element types on the device. */
export type ElementType = "f16" | "f32" | "u32";

/**
 * How a tensor lies in memory.
 * - `quads`: activations, channels last, four channels to an element, so the last dimension is a multiple of 4.
 * - `panels`: weights packed for matmul, eight columns to an element (see ops/pack.ts).
 * - `plain`: an ordinary buffer of f32 or u32: vectors, tables, latents.
 *
 * All but plain ones are buffers on GPUs and textures on software adapters, where textures load faster
 * (storage.ts says why). Kernels do not see the difference.
 */
export type Storage = "quads" | "panels" | "plain";

/** A range of a buffer, or a whole texture. */
export type Place = { buffer: GPUBuffer; offset: number } | { texture: GPUTexture; view: GPUTextureView };

/** An n-dimensional array on the device, row-major, channels last. */
export interface Tensor {
  readonly label: string;
  readonly shape: readonly number[];
  readonly type: ElementType;
  readonly storage: Storage;
  /** Bytes of its elements. */
  readonly bytes: number;
  /** Where it lies; absent until its graph is compiled. */
  place?: Place;
}

/** A tensor without a place yet. */
export function describeTensor(label: string, shape: readonly number[], type: ElementType, storage: Storage): Tensor {
  return { label, shape, type, storage, bytes: sizeOf(shape) * (type === "f16" ? 2 : 4) };
}

/** Number of elements. */
export function sizeOf(shape: readonly number[]): number {
  return shape.reduce((a, b) => a * b, 1);
}

/** Rounds a channel count up to whole groups of four. */
export function padChannels(channels: number): number {
  return Math.ceil(channels / 4) * 4;
}

/** The bits of `x` as an f32, for uniforms that mix integers and floats. */
export function floatBits(x: number): number {
  return new Uint32Array(new Float32Array([x]).buffer)[0];
}
