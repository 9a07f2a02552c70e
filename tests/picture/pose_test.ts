import assert from "@std/assert";
import { UsageError } from "../../src/errors.ts";
import { drawPose } from "../../src/picture/pose.ts";
import { differences } from "./pictures.ts";

/** A person of whom only the neck (40, 20) and the right shoulder (20, 20) were seen. */
const person = (joints = 18) => {
  const points = new Array(joints * 3).fill(0);
  points.splice(3, 6, 40, 20, 0.9, 20, 20, 0.8);
  return { pose_keypoints_2d: points };
};
const file = (...people: unknown[]) => ({ people, canvas_width: 64, canvas_height: 40 });
const pixel = (
  { data, width }: { data: Uint8Array; width: number },
  x: number,
  y: number,
) => [...data.subarray((y * width + x) * 4, (y * width + x) * 4 + 3)];

Deno.test("joints have their own colours, the limb between them a darker one", () => {
  const picture = drawPose(file(person()));
  assert.deepEqual([picture.width, picture.height], [64, 40]);
  assert.deepEqual(pixel(picture, 40, 20), [255, 85, 0]); // neck
  assert.deepEqual(pixel(picture, 20, 20), [255, 170, 0]); // right shoulder
  assert.deepEqual(pixel(picture, 30, 20), [153, 0, 0]); // 0.6 of the first limb's red
  assert.deepEqual(pixel(picture, 30, 25), [0, 0, 0]); // limbs are eight pixels thick
});

Deno.test("BODY_25 names the same joints, and a drawing of another size scales them", () => {
  assert.equal(differences(drawPose(file(person(25))), drawPose(file(person(18)))), 0);
  const twice = drawPose(file(person()), { width: 128, height: 80 });
  assert.deepEqual(pixel(twice, 80, 40), [255, 85, 0]);
});

Deno.test("what is no pose is refused by what is wrong with it", () => {
  const cases: [unknown, RegExp][] = [
    [null, /no list "people"/],
    [{ people: [] }, /canvas_width/],
    [file({ pose_keypoints_2d: [1, 2] }), /^Person 1 /],
    [file(person(), { pose_keypoints_2d: new Array(54).fill("x") }), /^Person 2 /],
  ];
  for (const [input, message] of cases) {
    assert.throws(() => drawPose(input), (error: Error) => error instanceof UsageError && message.test(error.message));
  }
});
