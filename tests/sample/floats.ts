import assert from "node:assert/strict";

/** The f32 values of a base64 string in a golden file. */
export function floats(base64: string): Float32Array {
  return new Float32Array(Uint8Array.fromBase64(base64).buffer);
}

/** Fails unless `actual` is within `tolerance` of `wanted`. */
export function near(actual: number, wanted: number, tolerance: number, what: string): void {
  assert.ok(Math.abs(actual - wanted) <= tolerance, `${what}: ${actual}, expected ${wanted} ± ${tolerance}`);
}
