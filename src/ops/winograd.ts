/**
 * 3×3 convolution at stride 1 by Winograd's transforms (Lavin and Gray, arXiv 1509.09308): F(2×2, 3×3), 16 products for
 * four results where taps take 36, and F(4×4, 3×3), 36 for sixteen where taps take 144. shaders/winograd_in.wgsl and
 * shaders/winograd4_in.wgsl say how.
 *
 * What it costs in exactness: intermediate values round once more, and sums of up to nine of them are taken, of 25 for
 * tiles of 4×4. With storage in f32 a result differs by less than 1e-5 of the largest from one by taps; in f16 by less
 * than 4e-3 of it. Over the sum of 320 channels in f16 the root of the mean square error is about 5e-4 of that of the
 * results by tiles of 2×2, 1.5e-3 by tiles of 4×4, and 2e-4 by taps (tests/ops/winograd_test.ts).
 *
 * @module
 */
import inSource from "../../shaders/winograd_in.wgsl" with { type: "text" };
import wholeSource from "../../shaders/winograd.wgsl" with { type: "text" };
import inSource4 from "../../shaders/winograd4_in.wgsl" with { type: "text" };
import outSource4 from "../../shaders/winograd4_out.wgsl" with { type: "text" };
import outSource from "../../shaders/winograd_out.wgsl" with { type: "text" };
import type { Graph } from "../gpu/graph.ts";
import type { Kernel } from "../gpu/kernel.ts";
import type { Tensor } from "../gpu/tensor.ts";
import { winogradStrip, winogradTile } from "./choose.ts";
import { grid64 } from "./grid.ts";
import { bands, ending, type Epilogue, tapProducts } from "./product.ts";
import { panelCount, type Weight } from "./weight.ts";

/** A tile's transforms: how many results wide and high it is, and the kernels before and after the products. */
interface Transforms {
  side: 2 | 4;
  /** Invocations of the one before that share a quad of a tile. */
  shares: 1 | 2;
  before: Kernel;
  after: Kernel;
}

const BY_TWO: Transforms = {
  side: 2,
  shares: 1,
  before: { name: "winograd_in", source: inSource },
  after: { name: "winograd_out", source: outSource },
};
const BY_FOUR: Transforms = {
  side: 4,
  shares: 2,
  before: { name: "winograd4_in", source: inSource4 },
  after: { name: "winograd4_out", source: outSource4 },
};

/**
 * @param weight transformed, for tiles of 2×2 or of 4×4
 * @param view height and width of the picture that is convolved: x's, or up to twice them
 * @param out [batch, height, width, …], of the view's size
 */
export function winograd(
  g: Graph,
  x: Tensor,
  weight: Weight,
  epilogue: Epilogue,
  view: readonly [height: number, width: number],
  out: Tensor,
): void {
  const [batch, inHeight, inWidth, channels] = x.shape;
  const [height, width] = view;
  const tile = winogradTile(g.device, weight);
  if (tile) return whole(g, x, weight, epilogue, view, out, tile);
  const { side, shares, before, after } = weight.taps === 36 ? BY_FOUR : BY_TWO;
  const tile_width = Math.ceil(width / side);
  const tile_height = Math.ceil(height / side);
  const total = batch * tile_height * tile_width;
  const columns = panelCount(weight) * weight.panel;
  const tileBytes = weight.taps * Math.max(columns * 4, channels * (g.precision === "f16" ? 2 : 4));
  const most = Math.max(1, Math.floor(winogradStrip(g.device) / tileBytes));
  const length = Math.ceil(total / Math.ceil(total / most));
  for (let first = 0; first < total; first += length) {
    const tiles = Math.min(length, total - first);
    const patches = g.tensor("winograd patches", [weight.taps, tiles, channels]);
    const grid = grid64(shares * tiles * channels / 4);
    g.dispatch({
      kernel: before,
      params: {
        first,
        tiles,
        depth: channels / 4,
        tile_width,
        tile_height,
        in_width: inWidth,
        in_height: inHeight,
        view_width: width,
        view_height: height,
        up: height !== inHeight || width !== inWidth,
        grid_width: grid[0],
      },
      bindings: [x, patches],
      grid,
    });
    results(g, after, patches, weight, epilogue, out, { first, tiles, tile_width, tile_height, width, height }, total);
  }
}

/** Everything in one kernel, for tiles of 2×2. */
function whole(
  g: Graph,
  x: Tensor,
  weight: Weight,
  epilogue: Epilogue,
  [height, width]: readonly [height: number, width: number],
  out: Tensor,
  { rows: ROWS, waves: WAVES }: { rows: number; waves: number },
): void {
  const [batch, in_height, in_width, channels] = x.shape;
  const [tile_height, tile_width] = [height, width].map((size) => Math.ceil(size / 2));
  const tiles = batch * tile_height * tile_width;
  const { params, constants, bindings } = ending(g, weight, epilogue, height * width);
  g.dispatch({
    kernel: { name: "winograd", source: wholeSource },
    // A shift is read where there is none, too: a kernel of its own takes longer to compile.
    constants: { ROWS, WAVES, SLOTS: ROWS, ...constants, SHIFT: 1 },
    params: {
      rows: batch * height * width,
      depth: channels / 4,
      quads: out.shape[3] / 4,
      panels: panelCount(weight),
      ...params,
      tiles,
      tile_width,
      tile_height,
      in_width,
      in_height,
      width,
      height,
      up: height !== in_height || width !== in_width,
      lanes: weight.panel / 8,
    },
    bindings: [...bindings, out, x, weight.panels],
    writes: out,
    grid: [panelCount(weight), ...bands(Math.ceil(tiles / (ROWS * WAVES * 64 / weight.panel)))],
    flops: 2 * 16 * tiles * weight.inChannels * weight.outChannels,
  });
}

/** Where a strip of tiles lies in the result. */
type Strip = Record<"first" | "tiles" | "tile_width" | "tile_height" | "width" | "height", number>;

/** The products of each tile, plane by plane, and what they are added up to. */
function results(
  g: Graph,
  kernel: Kernel,
  patches: Tensor,
  weight: Weight,
  epilogue: Epilogue,
  out: Tensor,
  strip: Strip,
  total: number,
): void {
  const { tiles } = strip;
  const { params: uniforms, constants, bindings } = ending(g, weight, epilogue, strip.height * strip.width);
  const quads = out.shape[3] / 4;
  const params = {
    rows: out.shape[0] * strip.height * strip.width,
    quads,
    ...uniforms,
    ...strip,
  };
  const sums = tapProducts(g, patches, weight, total);
  const grid = grid64(tiles * quads);
  g.dispatch({
    kernel,
    constants,
    params: { ...params, columns: sums.shape[2] / 4, grid_width: grid[0] },
    bindings: [...bindings, out, sums],
    writes: out,
    grid,
  });
}
