import assert from "@std/assert";
import fc from "fast-check";
import { blendTiles, tilesOf } from "../../src/pipeline/tiles.ts";

Deno.test("tiles are of one size, inside, cover everything and overlap by what was asked", () => {
  const sides = fc.record({ height: fc.integer({ min: 1, max: 200 }), width: fc.integer({ min: 1, max: 200 }) });
  fc.assert(fc.property(sides, fc.integer({ min: 8, max: 64 }), (size, side) => {
    const tiles = tilesOf(size, { height: Math.min(side, size.height), width: Math.min(side, size.width) }, 0.25);
    const covered = new Uint8Array(size.height * size.width);
    for (const { x, y, width, height } of tiles) {
      assert.ok(width === Math.min(side, size.width) && height === Math.min(side, size.height));
      assert.ok(x >= 0 && y >= 0 && x + width <= size.width && y + height <= size.height);
      for (let j = y; j < y + height; j++) covered.fill(1, j * size.width + x, j * size.width + x + width);
    }
    assert.ok(covered.every((c) => c === 1));
    const columns = [...new Set(tiles.map((t) => t.x))].sort((a, b) => a - b);
    for (let i = 1; i < columns.length; i++) {
      const shared = columns[i - 1] + tiles[0].width - columns[i];
      assert.ok(shared >= Math.floor(tiles[0].width * 0.25) - 1, `overlap ${shared}`);
    }
  }));
});

Deno.test("blended tiles of one picture give that picture; different ones meet in a ramp without a seam", () => {
  const size = { height: 8, width: 20 }, factor = 2;
  const tiles = tilesOf(size, { height: 8, width: 8 }, 0.25);
  const stride = size.width * factor;
  const value = (x: number, y: number, rgb: number) => (x * 5 + y * 3 + rgb * 40) % 256;
  const cut = tiles.map((tile) => {
    const data = new Uint8Array(tile.width * tile.height * factor * factor * 4);
    for (let y = 0; y < tile.height * factor; y++) {
      for (let x = 0; x < tile.width * factor; x++) {
        for (let rgb = 0; rgb < 3; rgb++) {
          data[(y * tile.width * factor + x) * 4 + rgb] = value(tile.x * factor + x, tile.y * factor + y, rgb);
        }
      }
    }
    return { tile, data };
  });
  const whole = blendTiles(cut, size.width, size.height, factor, 0.25);
  for (let i = 0; i < stride * size.height * factor; i++) {
    for (let rgb = 0; rgb < 3; rgb++) {
      assert.equal(whole[i * 4 + rgb], value(i % stride, Math.floor(i / stride), rgb));
    }
    assert.equal(whole[i * 4 + 3], 255);
  }
  const flat = tiles.map((tile, i) => ({ tile, data: new Uint8Array(tile.width * tile.height * 16).fill(i * 60) }));
  const row = blendTiles(flat, size.width, size.height, factor, 0.25);
  const steps = Array.from({ length: stride - 1 }, (_, x) => row[(x + 1) * 4] - row[x * 4]);
  assert.ok(Math.max(...steps) < 60 / 2, "a jump of half the difference would be a seam");
});
