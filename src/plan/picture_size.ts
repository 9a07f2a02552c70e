import type { Layout, Rect } from "../region/layout.ts";
import type { RegionDefaults } from "../region/mode.ts";

interface Size {
  width: number;
  height: number;
}

/** Pixels by which a picture grows; every model's UNet halves multiples of it evenly or nearly so. */
const STEP = 32;
/** However small a region is, no side grows beyond so many times the model's own. */
const MOST = 4;

/**
 * The size for a picture where none was asked for: the model's own, or so much wider and higher that every region has
 * sides of its `leastSide` pixels, within four times the model's own.
 */
export function pictureSize({ cells }: Layout, own: Size & { regions?: RegionDefaults }): Size {
  const { leastSide = 0 } = own.regions ?? {};
  const grown = (side: number, share: (rect: Rect) => number) => {
    const smallest = Math.min(...cells.map(({ rect }) => share(rect)));
    const most = MOST * side;
    // A hair less is enough: thirds are not exact.
    while (side < most && side * smallest < leastSide - 1e-6) side += STEP;
    return Math.min(side, most);
  };
  return {
    width: grown(own.width, ({ x0, x1 }) => x1 - x0),
    height: grown(own.height, ({ y0, y1 }) => y1 - y0),
  };
}
