/**
 * Which way up a camera held a JPEG, from the EXIF data in front of it.
 *
 * @see JEITA CP-3451, tag 0x0112
 * @module
 */
import type { Picture } from "./picture.ts";

/** 1 (upright) to 8; 1 where nothing, or nothing sensible, is said. */
export function orientationOf(jpeg: Uint8Array): number {
  const view = new DataView(jpeg.buffer, jpeg.byteOffset, jpeg.byteLength);
  for (let at = 2; at + 10 < view.byteLength && view.getUint8(at) === 0xff;) {
    const marker = view.getUint8(at + 1);
    const length = view.getUint16(at + 2);
    if (marker === 0xe1 && view.getUint32(at + 4) === 0x45786966) return fromTiff(view, at + 10, at + 2 + length);
    if (marker === 0xda || length < 2) break; // the picture itself
    at += 2 + length;
  }
  return 1;
}

/** The tag in the first directory of a TIFF header at `start`. */
function fromTiff(view: DataView, start: number, end: number): number {
  const stop = Math.min(end, view.byteLength);
  if (start + 8 > stop) return 1;
  const little = view.getUint16(start) === 0x4949;
  const directory = start + view.getUint32(start + 4, little);
  if (directory + 2 > stop) return 1;
  const count = view.getUint16(directory, little);
  for (let i = 0, at = directory + 2; i < count && at + 12 <= stop; i++, at += 12) {
    if (view.getUint16(at, little) !== 0x0112) continue;
    const value = view.getUint16(at + 8, little);
    return value >= 1 && value <= 8 ? value : 1;
  }
  return 1;
}

/** The picture turned and mirrored so that it stands upright. */
export function upright({ width, height, data }: Picture, orientation: number): Picture {
  if (orientation === 1) return { width, height, data };
  const turned = orientation >= 5;
  const [w, h] = turned ? [height, width] : [width, height];
  const source = new Uint32Array(data.slice().buffer);
  const target = new Uint32Array(w * h);
  for (let y = 0; y < h; y++) {
    for (let x = 0; x < w; x++) {
      const [u, v] = turned ? [y, x] : [x, y];
      const flipX = [2, 3, 7, 8].includes(orientation);
      const flipY = [3, 4, 6, 7].includes(orientation);
      target[y * w + x] = source[(flipY ? height - 1 - v : v) * width + (flipX ? width - 1 - u : u)];
    }
  }
  return { width: w, height: h, data: new Uint8Array(target.buffer) };
}
