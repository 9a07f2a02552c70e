/**
 * What a picture's things cover, for pictures on plain backgrounds: what differs from the background, each pixel of it
 * given to the thing that is nearest. The detector says where the things are, its cells are too coarse to be contours.
 *
 * @module
 */
import type { Detector } from "../src/judge/detector.ts";
import type { Picture } from "../src/picture/picture.ts";

/** Levels by which a pixel differs from the background. */
const DIFFERENT = 28;
/** Pixels around the detector's cells within which a thing ends. */
const REACH = 24;
const SMALLEST = 6;

/** Of each name that the detector sees: 1 where it is. [height·width] */
export function silhouettes(picture: Picture, detector: Detector, names: readonly string[]): Map<string, Uint8Array> {
  const { width, height, data } = picture;
  const background = [0, 1, 2].map((c) => median(border(width, height).map((i) => data[i * 4 + c])));
  const cells = new Map(names.flatMap((name) => {
    const list = detector.cellsOf(picture, name);
    return list.length < SMALLEST ? [] : [[name, list] as const];
  }));
  const out = new Map([...cells.keys()].map((name) => [name, new Uint8Array(width * height)]));
  for (let i = 0; i < width * height; i++) {
    if (!background.some((level, c) => Math.abs(data[i * 4 + c] - level) > DIFFERENT)) continue;
    const [x, y] = [i % width, Math.floor(i / width)];
    let [nearest, least] = ["", REACH];
    for (const [name, list] of cells) {
      for (const rect of list) {
        const dx = Math.max(rect.x0 * width - x, 0, x + 1 - rect.x1 * width);
        const dy = Math.max(rect.y0 * height - y, 0, y + 1 - rect.y1 * height);
        const distance = Math.hypot(dx, dy);
        if (distance < least) [nearest, least] = [name, distance];
      }
    }
    if (nearest) out.get(nearest)![i] = 1;
  }
  return out;
}

/** Intersection over union. */
export function iou(mask: Picture, shape: Uint8Array): number {
  let [both, any] = [0, 0];
  shape.forEach((value, i) => {
    const white = mask.data[i * 4] >= 128;
    both += Number(white && value === 1);
    any += Number(white || value === 1);
  });
  return both / any;
}

function border(width: number, height: number): number[] {
  return Array.from({ length: width * height }, (_, i) => i)
    .filter((i) => i < width || i >= width * (height - 1) || i % width === 0 || i % width === width - 1);
}

function median(values: number[]): number {
  return values.sort((a, b) => a - b)[values.length >> 1];
}
