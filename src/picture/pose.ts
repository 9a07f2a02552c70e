/**
 * A skeleton from OpenPose's JSON, in the colours and widths that pose ControlNets were trained with.
 *
 * @see https://github.com/CMU-Perceptual-Computing-Lab/openpose, doc/02_output.md
 * @module
 */
import { UsageError } from "../errors.ts";
import { filled, type Picture } from "./picture.ts";

/** A joint in pixels, or nothing where it was not seen. */
type Joint = { x: number; y: number } | undefined;

/** COCO's joints in their order: nose, neck, right arm, left arm, right leg, left leg, eyes, ears. */
const COCO_JOINTS = 18;
/** Where BODY_25, which adds the middle of the hips and the feet, has COCO's joints. */
const FROM_BODY_25 = [0, 1, 2, 3, 4, 5, 6, 7, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18];

/** From joint to joint, in the order of their colours. */
const LIMBS = [
  ...[[1, 2], [1, 5], [2, 3], [3, 4], [5, 6], [6, 7], [1, 8], [8, 9], [9, 10], [1, 11], [11, 12], [12, 13]],
  ...[[1, 0], [0, 14], [14, 16], [0, 15], [15, 17]],
] as const;

/** Once around the colour wheel in 18 steps of 85 levels. */
const COLOURS = Array.from({ length: COCO_JOINTS }, (_, i) => {
  const wheel = (shift: number) => {
    const step = (i + shift) % 18;
    return step <= 3 || step > 15 ? 255 : step < 6 ? 85 * (6 - step) : step < 13 ? 0 : 85 * (step - 12);
  };
  return [wheel(0), wheel(12), wheel(6)].map((level) => Math.min(255, level)) as [number, number, number];
});

/** Pixels: half the thickness of a limb, and the radius of a joint. */
const WIDTH = 4;
/** Limbs are darker than joints. */
const LIMB_SHARE = 0.6;

/**
 * Draws every person of a keypoint file.
 *
 * @param file what OpenPose writes: `people[].pose_keypoints_2d`, triples of x, y, confidence for 18 or 25 joints, in
 *   pixels or as fractions of the picture; `canvas_width` and `canvas_height` where they are known
 * @param size of the drawing in pixels; default: the canvas of the file
 * @throws UsageError where it is no such file, or no size is known
 */
export function drawPose(file: unknown, size?: { width: number; height: number }): Picture {
  const { people, canvas_width, canvas_height } = (Array.isArray(file) ? file[0] : file) ??
    {} as Record<string, unknown>;
  if (!Array.isArray(people)) {
    throw new UsageError('The pose holds no list "people": it must be a file as OpenPose writes.');
  }
  const canvas = isSide(canvas_width) && isSide(canvas_height) ? { width: canvas_width, height: canvas_height } : size;
  const page = size ?? canvas;
  if (!canvas || !page) {
    throw new UsageError("The pose does not say canvas_width and canvas_height: give the size with -W and -H.");
  }
  const picture = filled(page.width, page.height, [0, 0, 0, 255]);
  const scale = { x: page.width / canvas.width, y: page.height / canvas.height };
  const skeletons = people.map((person, i) => joints(person, i, page, scale));
  for (const skeleton of skeletons) {
    LIMBS.forEach(([a, b], i) => {
      const [from, to] = [skeleton[a], skeleton[b]];
      if (from && to) drawLimb(picture, from, to, COLOURS[i].map((c) => Math.floor(c * LIMB_SHARE)));
    });
  }
  for (const skeleton of skeletons) skeleton.forEach((joint, i) => joint && drawJoint(picture, joint, COLOURS[i]));
  return picture;
}

function isSide(value: unknown): value is number {
  return typeof value === "number" && value >= 1 && value <= 65536;
}

function joints(
  person: unknown,
  index: number,
  page: { width: number; height: number },
  scale: { x: number; y: number },
): Joint[] {
  const points = (person as { pose_keypoints_2d?: unknown })?.pose_keypoints_2d;
  const count = Array.isArray(points) ? points.length / 3 : 0;
  if (!Array.isArray(points) || (count !== 18 && count !== 25) || !points.every((n) => Number.isFinite(n ?? 0))) {
    throw new UsageError(
      `Person ${index + 1} of the pose has no "pose_keypoints_2d" of 18 or 25 triples of numbers (x, y, confidence).`,
    );
  }
  const seen = (i: number) => points[i * 3 + 2] > 0;
  const all = Array.from({ length: count }, (_, i) => i).filter(seen);
  const fractions = all.every((i) => points[i * 3] <= 1 && points[i * 3 + 1] <= 1);
  const factor = fractions ? { x: page.width, y: page.height } : scale;
  return Array.from({ length: COCO_JOINTS }, (_, i) => {
    const at = count === 25 ? FROM_BODY_25[i] : i;
    return seen(at) ? { x: points[at * 3] * factor.x, y: points[at * 3 + 1] * factor.y } : undefined;
  });
}

/** An ellipse from joint to joint. */
function drawLimb(picture: Picture, from: NonNullable<Joint>, to: NonNullable<Joint>, colour: readonly number[]): void {
  const [cx, cy] = [(from.x + to.x) / 2, (from.y + to.y) / 2];
  const half = Math.hypot(to.x - from.x, to.y - from.y) / 2;
  const along = half ? { x: (to.x - from.x) / 2 / half, y: (to.y - from.y) / 2 / half } : { x: 1, y: 0 };
  const reach = Math.max(half, WIDTH);
  paint(picture, cx, cy, reach, colour, (x, y) => {
    const u = (x * along.x + y * along.y) / reach;
    const v = (y * along.x - x * along.y) / WIDTH;
    return u * u + v * v <= 1;
  });
}

function drawJoint(picture: Picture, { x, y }: NonNullable<Joint>, colour: readonly number[]): void {
  paint(picture, x, y, WIDTH, colour, (dx, dy) => dx * dx + dy * dy <= WIDTH * WIDTH);
}

/** Colours the pixels within `reach` of a centre that `inside` says yes to. */
function paint(
  { width, height, data }: Picture,
  cx: number,
  cy: number,
  reach: number,
  colour: readonly number[],
  inside: (dx: number, dy: number) => boolean,
): void {
  for (let y = Math.max(0, Math.floor(cy - reach)); y <= Math.min(height - 1, Math.ceil(cy + reach)); y++) {
    for (let x = Math.max(0, Math.floor(cx - reach)); x <= Math.min(width - 1, Math.ceil(cx + reach)); x++) {
      if (inside(x - cx, y - cy)) data.set(colour, (y * width + x) * 4);
    }
  }
}
