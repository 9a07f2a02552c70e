/**
 * The tile of a product and the number of slices that its input channels are cut into, by shape and class of device.
 *
 * @module
 */
import type { Device, Precision } from "../gpu/device.ts";
import { choicesOf, fastest, isRight, MARGIN, speedOf, TIMED } from "./choices.ts";
import { MATMUL, type MatmulName, type MatmulTile } from "./variants.ts";
import { isTransformed } from "./weight.ts";

/** Shape of a product: rows, panels of 64 columns, quads of input channels, taps of a convolution. */
export interface ProductShape {
  rows: number;
  /** Rows of all strips of a layer: what takes long to compile has to be worth it once. Default: rows. */
  total?: number;
  panels: number;
  depth: number;
  taps: number;
}

/** What a product is done by. */
export type ChosenTile = MatmulTile & {
  /** Parts that the input channels are cut into, summed apart and joined. */
  slices: number;
};

/**
 * The tile for a product.
 * @param panel columns of a panel; products whose taps are no sum (Winograd's) are never cut
 * @throws Error where a tile is forced upon narrow panels
 */
export function matmulTile(device: Device, shape: ProductShape, panel: number, precision: Precision): ChosenTile {
  const [forced, slices] = device.forced.get("matmul")?.split(" / ") ?? [];
  const tiles = tilesOf(device, precision);
  const name = forced as MatmulName ?? (usesLanes(device, tiles) ? lanesFor(device, shape, panel) : undefined);
  const tile: MatmulTile | undefined = name && MATMUL[name];
  if (tile?.kernel === "matmul") return { ...tile, slices: 1 };
  if (panel !== 64) throw new Error(`Tiles are for panels of 64 columns, not ${panel}.`);
  const best = shortest(device, shape, name ? [[name, 1]] : tiles);
  const chosen: MatmulTile = MATMUL[best.name];
  const halfs = chosen.halfs && precision === "f16";
  return { ...chosen, halfs, slices: slices && !isTransformed(shape) ? Number(slices) : best.slices };
}

/** How many rows a lane has. */
function lanesFor(device: Device, shape: ProductShape, panel: number): MatmulName {
  const work = workOf(shape);
  if (shape.rows <= 8 || panel < 64 || work < LONG) return "lanes 8";
  return work >= LONGEST && choicesOf(device).matmul === "lanes" ? "lanes 32" : "lanes 16";
}

/**
 * Multiply-adds from which 16 rows a lane, a sixth faster than 8, are worth three times the time to compile; narrow
 * panels, which wait for loads, gain less.
 */
const LONG = 8e7;

/** Those from which 32, a twelfth faster than 16, are worth three times the time again. */
const LONGEST = 1.5e9;

/** Multiply-adds of a layer. */
function workOf({ rows, total = rows, panels, depth, taps }: ProductShape): number {
  return total * panels * 64 * depth * 4 * taps;
}

/** Tiles of matmul_tile.wgsl with their speeds, in any unit. */
type Speeds = readonly (readonly [name: MatmulName, speed: number])[];

/**
 * The right variant of each size, as timed or as the table has it; others than the first only where they were timed.
 */
function tilesOf(device: Device, precision: Precision): Speeds {
  const { matmul } = choicesOf(device);
  if (matmul === "lanes") return [];
  const timed = (name: MatmulName) => speedOf(device, "matmul", name, TIMED.matmul);
  const right = matmul.tiles.flatMap((size) => {
    const usable = size.filter(([name]) => isUsable(device, name, precision));
    const known = usable.filter(([name], rank) => isRight(device, "matmul", name) && (rank === 0 || timed(name)));
    const chosen = fastest(known, ([name]) => timed(name));
    return chosen ? [chosen] : [];
  });
  return right.every(([name]) => timed(name)) ? right.map(([name]) => [name, timed(name)!]) : right;
}

/** Whether a variant can compute what is stored so. */
function isUsable(device: Device, name: MatmulName, precision: Precision): boolean {
  const { halfs = false }: MatmulTile = MATMUL[name];
  return !halfs || precision === "f16" && device.halfs;
}

/** The tiles that a device's products may be done by, the likeliest first, one of each size before their others. */
export function matmulTiles(device: Device): MatmulName[] {
  const { matmul } = choicesOf(device);
  if (matmul === "lanes") return [];
  const sizes = matmul.tiles.map((size) => size.map(([name]) => name).filter((name) => isUsable(device, name, "f16")));
  const most = Math.max(...sizes.map(({ length }) => length));
  return Array.from({ length: most }, (_, rank) => sizes.flatMap((names) => names.slice(rank, rank + 1))).flat();
}

/**
 * Whether products are done by lanes: on software adapters, where it was timed to be faster, and where no tile is
 * right.
 */
function usesLanes(device: Device, tiles: Speeds): boolean {
  if (choicesOf(device).matmul === "lanes") return true;
  if (!isRight(device, "matmul", "lanes 16")) return false;
  const lanes = speedOf(device, "matmul", "lanes 16", TIMED.matmul) ?? 0;
  return tiles.every(([name]) => lanes > MARGIN * (speedOf(device, "matmul", name, TIMED.matmul) ?? Infinity));
}

/** Where no tile is right, or one is forced where there are none. */
const NO_TILE: Speeds = [["tile 8", 1]];

/** Rounds of workgroups that fill a GPU, by rows of a thread, which take registers: further slices only move sums. */
const ROUNDS = { 4: 16, 8: 5 } as Record<number, number>;

/**
 * The tile, and the number of slices, that take the shortest time on GPUs as the table sees them: the rounds of
 * workgroups that a unit works off, and for slices a further dispatch that reads what they have written. Taps that are
 * no sum (Winograd's) are planes.
 */
function shortest(device: Device, { rows, panels, depth, taps }: ProductShape, tiles: Speeds) {
  const { fill } = choicesOf(device);
  const [planes, steps] = isTransformed({ taps }) ? [taps, 1] : [1, taps];
  const known = tiles.length ? tiles : NO_TILE;
  const fastest = Math.max(...known.map(([, speed]) => speed));
  let best: { name: MatmulName; slices: number } = { name: known[0][0], slices: 1 };
  let least = Infinity;
  for (const [name, speed] of known) {
    const tileRows = 8 * MATMUL[name].rows;
    const enough = ROUNDS[MATMUL[name].rows] * Math.max(...fill.units);
    for (const slices of [1, 2, 3, 4, 6, 8, 12, 16]) {
      const workgroups = Math.ceil(rows / tileRows) * panels * planes * slices;
      if (slices > 1 && (planes > 1 || depth * steps < 32 * slices || workgroups > enough)) break;
      // 64 columns of the tile's rows, all channels of a slice.
      const products = 64 * tileRows * Math.ceil(depth / slices) * 4 * steps;
      const cycles = products / fill.products / (speed / fastest);
      const join = (units: number) => slices > 1 ? fill.join + fill.moved * rows * panels * 64 * slices / units : 0;
      const time = (units: number) => (Math.ceil(workgroups / units) + fill.lead) * cycles + join(units);
      const cost = fill.units.reduce((product, units) => product * time(units), slices > 1 ? fill.margin : 1);
      if (cost < least) [least, best] = [cost, { name, slices }];
    }
  }
  return best;
}
