/**
 * Which kernel, tile and waves serve an op, a shape and a class of device: a class tries its variants from the top
 * (choices.ts) and takes the first that serves the shape, unless another was timed to be faster. Products have their
 * own (choose_tile.ts).
 *
 * @module
 */
import type { Device, Precision } from "../gpu/device.ts";
import { choicesOf, fastest, isRight, MARGIN, type NormTile, speedOf, TIMED } from "./choices.ts";
import { ATTENTION, type AttentionName, type AttentionTile, MATMUL, type MatmulTile } from "./variants.ts";
import type { Weight } from "./weight.ts";

/** Strips that GroupNorm cuts the rows of an entry into: long enough to be worth a partial result. */
export function normStrips(device: Device, rows: number): number {
  const { strips, longest } = normTile(device);
  return Math.max(1, Math.min(strips, Math.floor(rows / 16)), Math.ceil(rows / longest));
}

/**
 * How GroupNorm is done in one kernel, if it is: by workgroups that own whole quads.
 * @param shape rows of each of the batch's entries, channels, and channels of a group
 */
export function wholeNorm(
  device: Device,
  { rows, batch, channels, width }: Record<"rows" | "batch" | "channels" | "width", number>,
): { threads: number; own: number; ahead: number } | undefined {
  const { whole } = normTile(device);
  const groups = width % 4 === 0 ? 1 : width % 2 === 0 ? 2 : 4;
  const own = groups * width / 4;
  const forced = device.forced.get("norm");
  const fits = channels % (groups * width) === 0 && own <= whole.own;
  const [one, three] = ["whole", "strips"].map((name) => speedOf(device, "norm", name, TIMED.norm));
  const most = one && three && three > MARGIN * one ? whole.rows / 4 : whole.rows;
  const pays = isRight(device, "norm", "whole") && rows <= most && batch * channels / (4 * own) >= 4;
  return fits && (forced ? forced === "whole" : pays) ? { threads: whole.threads, own, ahead: whole.ahead } : undefined;
}

/** Columns of a panel for a weight of so many: software adapters waste less on narrow ones. */
export function panelWidth(device: Device, columns: number): number {
  const widths = device.textures ? [8, 16, 32] : [];
  return widths.find((width) => columns <= width) ?? 64;
}

/** A 3×3 convolution at stride 1, and what is known of it where its weights are declared. */
export interface Convolution {
  inChannels: number;
  outChannels: number;
  /**
   * How wide the pictures are that it gives where the smallest are that its network could be recorded for; Infinity
   * where nothing is known of them but that they are no few pixels.
   */
  side: number;
  precision: Precision;
}

/**
 * What a 3×3 convolution at stride 1 is best packed as: its taps, or the 16 or 36 that Winograd's transforms make of
 * them.
 */
export function convolutionTaps(device: Device, convolution: Convolution): 9 | 16 | 36 {
  const { inChannels, outChannels, side, precision } = convolution;
  const forced = device.forced.get("conv3x3");
  if (forced) return PACKED_AS[forced as ConvolutionName] ?? PACKED_AS.winograd; // "… whole" or "… in three"
  if (Math.min(inChannels, outChannels) < choicesOf(device).winograd.least) return 9;
  const product = inChannels * outChannels;
  const isLarge = side ** 2 >= LARGE[precision];
  const table = tableWay(device, convolution, product, isLarge);
  const fits = (name: ConvolutionName) =>
    name === table || name === "taps" || product <= LARGEST_TRANSFORMED && (isLarge || name === "winograd");
  const right = CONVOLUTIONS.filter((name) => isRight(device, "conv3x3", name) && fits(name));
  const usual = right.findLast((name) => PACKED_AS[name] <= PACKED_AS[table]) ?? "taps";
  const nearest = TIMED.conv3x3.reduce((a, b) => Math.abs(product - a * a) < Math.abs(product - b * b) ? a : b);
  const speed = (name: ConvolutionName) => speedOf(device, "conv3x3", name, nearest);
  const timed = right.filter(speed);
  return PACKED_AS[timed.includes(usual) ? fastest(timed, speed)! : usual];
}

/** What the device's table says. */
function tableWay(
  device: Device,
  { outChannels, side }: Convolution,
  product: number,
  isLarge: boolean,
): ConvolutionName {
  const { whole, from, to, by } = choicesOf(device).winograd;
  if (product > to || outChannels > whole && product < from) return "taps";
  const inOne = outChannels <= (side >= VAST ? Math.min(whole, NARROW) : whole);
  return !inOne && by === 4 && isLarge ? "winograd 4" : "winograd";
}

/**
 * Pixels from which 36 numbers for a filter are worth their memory, and not slower to read: four times as many as the
 * smallest level's in each direction. Where numbers are twice as long there have to be twice as many pixels.
 */
const LARGE: Record<Precision, number> = { f16: 16, f32: 32 };

/**
 * Sides of pictures from which layers of more than so many channels go by tiles of 4×4 in three kernels instead of 2×2
 * in one, a third faster: smaller pictures are soon done, and the kernels would be more to compile.
 */
const VAST = 16, NARROW = 64;

/** Ways of a 3×3 convolution, by the numbers that its taps are packed as. */
const PACKED_AS = { "taps": 9, "winograd": 16, "winograd 4": 36 } as const;
type ConvolutionName = keyof typeof PACKED_AS;
const CONVOLUTIONS = Object.keys(PACKED_AS) as ConvolutionName[];

/** Beyond, transformed weights take much of a device's memory, for layers that were not timed. */
const LARGEST_TRANSFORMED = 640 * 960;

/** The tile of winograd.wgsl, where that does all of a convolution; otherwise three kernels do. */
export function winogradTile(
  device: Device,
  { outChannels, taps }: Pick<Weight, "outChannels" | "taps">,
): Pick<MatmulTile, "rows" | "waves"> | undefined {
  if (taps === 36) return undefined;
  const forced = device.forced.get("conv3x3");
  const whole = forced === "winograd whole" || outChannels <= choicesOf(device).winograd.whole;
  return whole && forced !== "winograd in three" ? MATMUL["lanes 8"] : undefined;
}

/** Bytes of the largest intermediate tensor of Winograd's transform. */
export function winogradStrip(device: Device): number {
  return Math.min(choicesOf(device).winograd.strip * 2 ** 20, device.maxBinding);
}

/**
 * The tile for heads of `width` channels, a multiple of 4.
 * @param values numbers in all queries; as many as one likes by default
 */
export function attentionTile(device: Device, width: number, values = Infinity): AttentionTile {
  const forced = device.forced.get("attention") as AttentionName;
  const names = forced ? [forced] : attentionVariants(device, width, values);
  const right = names.filter((name) => isRight(device, "attention", name));
  return ATTENTION[fastest(right, (name) => speedOf(device, "attention", name, width)) ?? names[0]];
}

/**
 * The variants that serve heads of `width` channels on a class of device, the likeliest first.
 * @param values numbers in all queries; as many as one likes by default
 */
export function attentionVariants(device: Device, width: number, values = Infinity): AttentionName[] {
  const memory = device.gpu.limits.maxComputeWorkgroupStorageSize;
  return choicesOf(device).attention.filter((name) => {
    const tile: AttentionTile = ATTENTION[name];
    const serves = width >= tile.fromWidth && width <= tile.upToWidth && width % tile.multipleOf === 0;
    return serves && values >= tile.worthFrom && workgroupBytes(tile, width) <= memory;
  });
}

/** Workgroup memory of attention_tile.wgsl: keys and values in f32, rows of odd length, and the parts of scores. */
function workgroupBytes({ kernel, parts, queries, block, keys }: AttentionTile, width: number): number {
  if (kernel !== "attention_tile") return 0;
  return 2 * block * parts * (width / 4 / parts | 1) * 16 + (parts > 1 ? queries * keys / 4 * 65 * 16 : 0);
}

/** The tile for norms. */
export function normTile(device: Device): NormTile {
  return choicesOf(device).norm;
}
