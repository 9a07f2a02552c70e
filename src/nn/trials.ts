/**
 * What a device is tried with (tune.ts): small cases whose results are known, and cases as large as a U-Net's, in the
 * order of what is most worth knowing.
 *
 * @module
 */
import type { Device } from "../gpu/device.ts";
import type { Graph } from "../gpu/graph.ts";
import type { Tensor } from "../gpu/tensor.ts";
import { attention, selfMap } from "../ops/attention.ts";
import { TIMED } from "../ops/choices.ts";
import { attentionVariants } from "../ops/choose.ts";
import { matmulTiles } from "../ops/choose_tile.ts";
import { conv3x3, linear } from "../ops/matmul.ts";
import { groupNorm } from "../ops/norm.ts";
import { attentionTwin, convTwin, linearTwin, normTwin, random } from "./twins.ts";
import type { Weights } from "./weights.ts";

/** An op at work: inputs, weights by name, and what is recorded. */
interface Case {
  op: string;
  inputs: { shape: number[]; values?: Float32Array }[];
  weights: Record<string, { shape: number[]; values: Float32Array }>;
  build(g: Graph, w: Weights, inputs: Tensor[]): Tensor;
}

/** A variant is checked: what must come out is known. */
export interface Check extends Case {
  variant: string;
  expected: Float32Array;
  /** The width of its heads. */
  at?: number;
}

/** Variants are timed against each other. */
export interface Race extends Case {
  variants: readonly string[];
  /** What they are timed at (`TIMED`), or the width of their heads. */
  at: number;
}

/** What is done at a time: it is begun once, and never again. */
export type Trial = Check | Race;

/** What a model uses: widths of its heads, channels of its 3×3 convolutions; those that matter most first. */
export interface Uses {
  attention: readonly number[];
  conv3x3: readonly number[];
}

/** Of all models. */
export const ALL_USES: Uses = { attention: TIMED.attention, conv3x3: [320, 640, 128] };

/**
 * The widest heads that lanes are tried on. A lane holds a whole head in registers: of 160 channels NVIDIA's compiler
 * takes seconds, of 320 a minute, of 512 minutes.
 */
export const WIDEST_FOR_LANES = 80;

/**
 * All trials of a device that has some of these uses. Those left to come follow what has come out: look at
 * `device.tuning` after each.
 * @param thorough what hardly ever wins, too
 */
export function* trialsOf(device: Device, uses: Uses, thorough: boolean): Generator<Trial> {
  const software = device.kind === "software";
  const widths = [...new Set(uses.attention)];
  const channels = [...new Set(uses.conv3x3.map(nearest))];
  const wrong = (op: string, variant: string) => device.tuning?.wrong.includes(`${op} ${variant}`) ?? false;
  const lanes = thorough && device.kind === "subgroup";
  const heads = (width: number) => {
    const table = attentionVariants(device, width).slice(0, 2);
    return lanes && width <= WIDEST_FOR_LANES ? [...new Set([...table, "lanes any"])] : table;
  };
  const convolutions = (channels: number) => timedConvolutions(["winograd", "winograd 4", "taps"], channels);

  const [tiles, others] = [matmulTiles(device).slice(0, 2), matmulTiles(device).slice(2)];
  for (const variant of tiles) yield knownProduct(variant);
  const noTile = tiles.every((variant) => wrong("matmul", variant));
  for (const variant of noTile || lanes ? ["lanes 16", "lanes 8", "lanes 4"] : []) yield knownProduct(variant);
  yield knownConvolution("winograd");
  yield knownConvolution("taps");
  yield knownConvolution("winograd 4");
  for (const width of widths) yield* heads(width).slice(0, 1).map((name) => knownHead(name, width));
  yield knownNorm("whole");

  yield* channels.slice(0, 1).map(convolutions);
  for (const variant of others) yield knownProduct(variant);
  yield timedProducts([...tiles, ...others, ...(noTile || software || lanes ? ["lanes 16"] : [])]);
  for (const width of widths) {
    for (const variant of heads(width).slice(1)) yield knownHead(variant, width);
    yield timedHeads(heads(width), width);
  }
  yield* channels.slice(1).map(convolutions);
  yield knownNorm("strips");
  yield timedNorms(["whole", "strips"]);
}

/** As tuning calls it, and remembers that it was done. */
export function trialName(trial: Trial): string {
  if ("variants" in trial) return `time ${trial.op} at ${trial.at}`;
  return `check ${trial.op} ${trial.variant}${trial.at === undefined ? "" : ` of ${trial.at}`}`;
}

/** Where convolutions of so many channels are timed. */
function nearest(channels: number): number {
  return TIMED.conv3x3.reduce((a, b) => Math.abs(channels ** 2 - b * b) < Math.abs(channels ** 2 - a * a) ? b : a);
}

// Odd sizes, for results that are known.

function knownProduct(variant: string): Check {
  const [m, k, n] = [70, 36, 72];
  const x = random(m * k, 1), w = random(n * k, 2), b = random(n, 3);
  return {
    op: "matmul",
    variant,
    inputs: [{ shape: [1, m, k], values: x }],
    weights: { "l.weight": { shape: [n, k], values: w }, "l.bias": { shape: [n], values: b } },
    build: (g, w, [x]) => linear(g, x, w.matrix("l", k, n)),
    expected: linearTwin(x, w, b, { m, k, n }),
  };
}

function knownConvolution(variant: string): Check {
  const picture = { height: 7, width: 9, channels: 36, outputs: 68 };
  const pixels = random(7 * 9 * 36, 4), kernel = random(68 * 36 * 9, 5).map((v) => v / 9), bias = random(68, 6);
  return {
    op: "conv3x3",
    variant,
    inputs: [{ shape: [1, 7, 9, 36], values: pixels }],
    weights: { "c.weight": { shape: [68, 36, 3, 3], values: kernel }, "c.bias": { shape: [68], values: bias } },
    build: (g, w, [x]) => conv3x3(g, x, w.matrix("c", 36, 68, { taps: 9 })),
    expected: convTwin(pixels, kernel, bias, picture),
  };
}

function knownHead(variant: string, width: number): Check {
  const rows = 37, qkv = random(rows * 3 * width, 7);
  return {
    op: "attention",
    variant,
    inputs: [{ shape: [1, rows, 3 * width], values: qkv }],
    weights: {},
    build: (g, _, [qkv]) => attention(g, { qkv }, { count: 1, width }, selfMap(1, rows)),
    expected: attentionTwin(qkv, rows, width),
    at: width,
  };
}

function knownNorm(variant: string): Check {
  const rows = random(5 * 7 * 20, 8), gamma = random(20, 9), beta = random(20, 10);
  return {
    op: "norm",
    variant,
    inputs: [{ shape: [1, 5, 7, 20], values: rows }],
    weights: { "n.weight": { shape: [20], values: gamma }, "n.bias": { shape: [20], values: beta } },
    build: (g, w, [x]) => groupNorm(g, x, { ...w.norm("n", 20, 1e-5), groups: 2 }, false),
    expected: normTwin(rows, gamma, beta, 2),
  };
}

// As large as a U-Net's, to be timed.

function timedProducts(variants: string[]): Race {
  const [rows, channels, columns] = [TIMED.matmul, 640, 2560]; // enough of them for workgroups to be many
  return {
    op: "matmul",
    variants,
    inputs: [{ shape: [1, rows, channels] }],
    weights: {},
    build: (g, w, [x]) => linear(g, x, w.matrix("l", channels, columns)),
    at: rows,
  };
}

function timedConvolutions(variants: string[], channels: number): Race {
  const side = channels < 640 ? 64 : 32;
  return {
    op: "conv3x3",
    variants,
    inputs: [{ shape: [1, side, side, channels] }],
    weights: {},
    build: (g, w, [x]) => conv3x3(g, x, w.matrix("c", channels, channels, { taps: 9 })),
    at: channels,
  };
}

function timedHeads(variants: string[], width: number): Race {
  const count = width > 160 ? 1 : 8, rows = 1024;
  return {
    op: "attention",
    variants,
    inputs: [{ shape: [1, rows, 3 * count * width] }],
    weights: {},
    build: (g, _, [qkv]) => attention(g, { qkv }, { count, width }, selfMap(1, rows)),
    at: width,
  };
}

function timedNorms(variants: string[]): Race {
  return {
    op: "norm",
    variants,
    inputs: [{ shape: [2, TIMED.norm, 1, 320] }],
    weights: {},
    build: (g, w, [x]) => groupNorm(g, x, { ...w.norm("n", 320, 1e-5), groups: 32 }, true),
    at: TIMED.norm,
  };
}
