/** What a drawing starts from: sizes, masks, what is put back, and what is refused. */
import assert from "@std/assert";
import { UsageError } from "../../src/errors.ts";
import { filled, type Picture } from "../../src/picture/picture.ts";
import { finish, readStart, remarkOnBlur, sizeOfStart, startOf } from "../../src/pipeline/start.ts";
import type { PictureOptions, Settings } from "../../src/settings.ts";

const grey = (width: number, height: number, level: number): Picture =>
  filled(width, height, [level, level, level, 255]);

/** White in a rectangle. */
function white(
  width: number,
  height: number,
  box: [left: number, top: number, right: number, bottom: number],
): Picture {
  const page = grey(width, height, 0);
  for (let y = box[1]; y < box[3]; y++) {
    for (let x = box[0]; x < box[2]; x++) page.data.fill(255, (y * width + x) * 4, (y * width + x) * 4 + 4);
  }
  return page;
}

async function start(options: PictureOptions, sized?: { width: number; height: number }) {
  const inputs = (await readStart(options))!;
  const size = sized ?? sizeOfStart(inputs, options, 8);
  return { size, start: startOf(inputs, { steps: 10, ...options, ...size } as Settings, sized !== undefined) };
}

const same = (a: Picture, b: Picture) =>
  a.width === b.width && a.height === b.height && a.data.every((v, i) => v === b.data[i]);

Deno.test("a picture that changes as a whole is brought to the nearest smaller size; a kept one keeps every pixel", async () => {
  const initImage = grey(30, 21, 50);
  assert.deepEqual((await start({ initImage })).size, { width: 24, height: 16 });
  const { size, start: kept } = await start({ initImage, mask: white(30, 21, [4, 4, 9, 9]) });
  assert.deepEqual(size, { width: 32, height: 24 });
  const drawn = finish(kept, grey(32, 24, 200));
  assert.ok(same(drawn, { ...initImage, data: drawn.data }) && drawn.data.length === 30 * 21 * 4);
  assert.deepEqual([drawn.data[(4 * 30 + 4) * 4], drawn.data[(3 * 30 + 4) * 4]], [200, 50]);
});

Deno.test("strength says how many of the steps run, as in diffusers", async () => {
  const initImage = grey(16, 16, 50);
  const first = async (options: PictureOptions) => (await start({ initImage, ...options })).start.first;
  assert.deepEqual(await Promise.all([first({ strength: 0.6 }), first({}), first({ strength: 1 })]), [4, 2, 0]);
});

Deno.test("what is new fades in inside the mask, and nothing outside it changes", async () => {
  const initImage = grey(64, 16, 100);
  const { start: soft } = await start({ initImage, mask: white(64, 16, [16, 0, 48, 16]), maskBlur: 8 });
  const { data } = finish(soft, grey(64, 16, 200));
  const row = (x: number) => data[(8 * 64 + x) * 4];
  assert.deepEqual([row(0), row(15), row(32), row(48)], [100, 100, 200, 100]);
  assert.ok(row(16) > 100 && row(16) < row(18) && row(18) < row(22));
  // 32 pixels wide, but no more than 8 high.
  const remark = async (maskBlur: number) => {
    const { start: soft } = await start({ initImage, mask: white(64, 16, [16, 4, 48, 12]), maskBlur });
    return remarkOnBlur(soft, { maskBlur } as Settings);
  };
  assert.equal(await remark(4), undefined);
  assert.match((await remark(8))!, /^--mask-blur 8 fades over more than the mask's width: at most \d+ % of what/);
  assert.match((await remark(64))!, /: nothing of what is painted will be seen/);
});

Deno.test("only the mask's surroundings are drawn at full size, in the shape asked for, and put back in their place", async () => {
  const initImage = grey(200, 100, 100);
  const options = { initImage, mask: white(200, 100, [150, 40, 170, 50]), inpaintOnlyMasked: true, inpaintPadding: 10 };
  const { start: part } = await start(options, { width: 64, height: 64 });
  assert.deepEqual(part.page!.box, { left: 140, top: 25, width: 40, height: 40 });
  const drawn = finish(part, grey(64, 64, 200));
  assert.deepEqual([drawn.width, drawn.height], [200, 100]);
  assert.deepEqual([drawn.data[(45 * 200 + 160) * 4], drawn.data[(45 * 200 + 149) * 4]], [200, 100]);
});

Deno.test("beyond its borders a picture is painted, within them it stays", async () => {
  const initImage = grey(16, 16, 100);
  const { size, start: wide } = await start({ initImage, extend: { left: 8, bottom: 4 } });
  assert.deepEqual(size, { width: 24, height: 24 });
  const drawn = finish(wide, grey(24, 24, 200));
  assert.deepEqual([drawn.width, drawn.height], [24, 20]);
  const at = (x: number, y: number) => drawn.data[(y * 24 + x) * 4];
  assert.deepEqual([at(7, 5), at(8, 5), at(23, 15), at(23, 16)], [200, 100, 100, 200]);
});

Deno.test("what has nothing to start from, or nothing to paint, is refused by name", async () => {
  const initImage = grey(16, 16, 100);
  const cases: [PictureOptions, RegExp][] = [
    [{ strength: 0.5 }, /^--strength needs a picture to start from/],
    [{ mask: initImage }, /^--mask needs a picture/],
    [{ noPaste: true }, /^--no-paste needs a picture/],
    [{ initImage, noPaste: true }, /^--no-paste needs a --mask/],
    [{ initImage, maskBlur: 2 }, /^--mask-blur needs a --mask/],
    [
      { initImage, mask: initImage, inpaintPadding: 8 },
      /^--inpaint-padding does nothing without --inpaint-only-masked/,
    ],
    [{ initImage, inpaintOnlyMasked: true }, /^--inpaint-only-masked needs a --mask/],
    [{ initImage, mask: grey(16, 16, 127) }, /has no white/],
    [{ initImage, extend: { left: 0 } }, /^--extend adds no pixels/],
    [{ initImage, strength: 0.05 }, /^A strength of 0.05 leaves none of 10 steps/],
    [{ initImage: "nowhere.png" }, /nowhere\.png/],
    [{ initImage: { name: "a.png", hash: "0".repeat(64) } }, /--init-image/],
  ];
  for (const [options, message] of cases) {
    await assert.rejects(start(options), (error: Error) => {
      assert.ok(error instanceof UsageError);
      assert.match(error.message, message);
      return true;
    });
  }
});
