/**
 * What an adapter does to a tensor, kind by kind: LoRA (Hu et al., arXiv 2106.09685) and for convolutions LoCon, LoHa
 * (Hyeon-Woo et al., arXiv 2108.06098), LoKr (Edalati et al., arXiv 2212.10650), IA³ (Liu et al., arXiv 2205.05638),
 * plain differences, and DoRA (Liu et al., arXiv 2402.09353) around any of the first three. Kernels count as input
 * channels: W is [out, in · taps].
 *
 * @module
 */
import {
  kronecker,
  type Matrix,
  type Multiply,
  multiplyHere,
  product,
  sidesOf,
  transposed,
  withCore,
} from "./algebra.ts";
import type { Role } from "./keys.ts";
import { areOfInputs } from "./shapes.ts";

/** The tensors that an adapter has for one module. */
export type Factors = Partial<Record<Role, Matrix>>;

/** A low-rank change: ΔW = scale · up · down. */
export interface LowRank {
  /** [out, rank] */
  up: Matrix;
  /** [rank, in · taps] */
  down: Matrix;
  scale: number;
}

/**
 * α/r and the factors of a LoRA, the core of a Tucker decomposition multiplied in.
 * @param byConfig the scale that a config gives, where the file has no α
 */
export function lowRankOf(factors: Factors, byConfig: (rank: number) => number = () => 1): LowRank | undefined {
  const { up, down, mid } = factors;
  if (!up || !down) return undefined;
  const rank = down.shape[0];
  return { up, down: mid ? withCore(mid, down) : down, scale: scaleOf(factors, rank, byConfig) };
}

/** α / rank. */
function scaleOf({ alpha }: Factors, rank: number, byConfig: (rank: number) => number): number {
  return alpha ? alpha.values[0] / rank : byConfig(rank);
}

/**
 * The change to a weight W [out, in · taps], the adapter's own strength 1, or nothing where there is none to the
 * weight.
 *
 * @param weight the user's strength
 * @returns what to add to W
 */
export async function changeOf(
  factors: Factors,
  base: Matrix,
  weight: number,
  byConfig?: (rank: number) => number,
  multiply: Multiply = multiplyHere,
): Promise<Float32Array | undefined> {
  const { ia3, on_input, peft_ia3, diff } = factors;
  const magnitude = factors.magnitude ?? factors.peft_magnitude;
  if (diff) return diff.values.map((value) => value * weight);
  if (ia3) return rescaled(base, ia3.values, on_input?.values[0] === 1, (s) => weight * s);
  if (peft_ia3) {
    // Of a feed-forward layer the inputs are scaled [1, in], of others the outputs [out, 1].
    const onInput = peft_ia3.shape[0] === 1 && peft_ia3.values.length > 1;
    return rescaled(base, peft_ia3.values, onInput, (s) => weight * (s - 1));
  }
  if (!magnitude && factors.up) return await lowRankDelta(factors, multiply, byConfig, weight);
  const delta = await lowRankDelta(factors, multiply, byConfig) ?? await hadamardDelta(factors, multiply, byConfig) ??
    kroneckerDelta(factors, byConfig);
  if (!delta) return undefined;
  if (!magnitude) return delta.map((value) => value * weight);
  // PEFT strengthens a LoRA before it is set to its magnitude; of LyCORIS's kinds the whole change is strengthened, as
  // web UIs do.
  const lora = factors.up !== undefined;
  const changed = { shape: base.shape, values: base.values.map((value, i) => value + (lora ? weight : 1) * delta[i]) };
  setMagnitude(changed, magnitude, !factors.peft_magnitude && areOfInputs(magnitude));
  const factor = lora ? 1 : weight;
  return changed.values.map((value, i) => factor * (value - base.values[i]));
}

async function lowRankDelta(
  factors: Factors,
  multiply: Multiply,
  byConfig?: (rank: number) => number,
  weight = 1,
): Promise<Float32Array | undefined> {
  const low = lowRankOf(factors, byConfig);
  if (!low) return undefined;
  const { up, down } = low;
  const scale = weight * low.scale;
  return await multiply({ shape: up.shape, values: up.values.map((value) => value * scale) }, down);
}

/** (w1_a · w1_b) ∘ (w2_a · w2_b) */
async function hadamardDelta(f: Factors, multiply: Multiply, byConfig: (rank: number) => number = () => 1) {
  if (!f.hada_w1_a || !f.hada_w1_b || !f.hada_w2_a || !f.hada_w2_b) return undefined;
  const half = (a: Matrix, b: Matrix, core?: Matrix) =>
    core ? multiply(transposed(a), withCore(core, b)) : multiply(a, b);
  const first = await half(f.hada_w1_a, f.hada_w1_b, f.hada_t1);
  const second = await half(f.hada_w2_a, f.hada_w2_b, f.hada_t2);
  const scale = scaleOf(f, f.hada_w1_b.shape[0], byConfig);
  return first.map((value, i) => scale * value * second[i]);
}

/** w1 ⊗ w2, each whole or of low rank. Where both are whole there is no rank, and α means nothing. */
function kroneckerDelta(f: Factors, byConfig: (rank: number) => number = () => 1): Float32Array | undefined {
  const w1 = f.lokr_w1 ?? (f.lokr_w1_a && f.lokr_w1_b && product(f.lokr_w1_a, f.lokr_w1_b));
  const w2 = f.lokr_w2 ??
    (f.lokr_w2_a && f.lokr_w2_b &&
      (f.lokr_t2
        ? product(transposed(f.lokr_w2_a), withCore(f.lokr_t2, f.lokr_w2_b))
        : product(f.lokr_w2_a, f.lokr_w2_b)));
  if (!w1 || !w2) return undefined;
  const rank = f.lokr_w1_b?.shape[0] ?? f.lokr_w2_b?.shape[0];
  const scale = rank === undefined ? byConfig(1) : scaleOf(f, rank, byConfig);
  return kronecker(w1, w2).values.map((value) => value * scale);
}

/** W with each row or column multiplied by what `change` makes of its scale: what to add to W. */
function rescaled(base: Matrix, scales: Float32Array, onInput: boolean, change: (scale: number) => number) {
  const [, columns] = sidesOf(base);
  const taps = columns / base.shape[1];
  return base.values.map((value, i) => {
    const channel = onInput ? Math.floor(i % columns / taps) : Math.floor(i / columns);
    return value * change(scales[channel]);
  });
}

/** Gives each output channel, or each input channel, the length that `magnitude` says. */
function setMagnitude(changed: Matrix, magnitude: Matrix, onInput: boolean): void {
  const [rows, columns] = sidesOf(changed);
  const taps = columns / changed.shape[1];
  const { values } = changed;
  const channelOf = (i: number) => onInput ? Math.floor(i % columns / taps) : Math.floor(i / columns);
  const squares = new Float64Array(onInput ? changed.shape[1] : rows);
  for (let i = 0; i < values.length; i++) squares[channelOf(i)] += values[i] ** 2;
  for (let i = 0; i < values.length; i++) {
    const channel = channelOf(i);
    values[i] *= magnitude.values[channel] / Math.sqrt(squares[channel]);
  }
}
