/**
 * Whether an adapter's factors make up the tensor that they are to change.
 *
 * @module
 */
import { briefText } from "../brief.ts";
import type { TensorInfo, TensorSource } from "../formats/tensor_source.ts";
import type { Role } from "./keys.ts";

type Infos = Partial<Record<Role, TensorInfo>>;

/** What is wrong with a module's factors, or nothing. */
export function shapeProblem(infos: Infos, base: TensorSource, module: string): string | undefined {
  const bias = infos.diff_b ?? infos.up_bias;
  const others = Object.keys(infos).filter((role) => !["diff_b", "up_bias", "alpha", "on_input"].includes(role));
  const name = briefText((Object.values(infos)[0] as TensorInfo).name);
  if (bias && (!base.tensors.has(`${module}.bias`) || base.tensors.get(`${module}.bias`)!.shape[0] !== count(bias))) {
    return `${briefText(bias.name)} [${bias.shape}] belongs to no bias of that size`;
  }
  if (infos.up_bias && !(infos.up && infos.down)) return `${briefText(infos.up_bias.name)} stands alone`;
  if (others.length === 0) return bias ? undefined : `${name} stands alone`;
  const weight = base.tensors.get(`${module}.weight`);
  if (!weight) return `${name} changes ${module}.weight, which is not there`;
  const found = sizesOf(infos, weight.shape);
  if (found === undefined) return `${name} stands alone: ${others.join(", ")} make no whole adapter`;
  const size = count(weight);
  if (found.out === weight.shape[0] && found.size === size) return undefined;
  return `${name} makes ${found.out} × ${found.size / found.out}, ${module}.weight is [${weight.shape.join(", ")}]`;
}

/**
 * Whether LyCORIS's magnitudes are lengths of input channels, [1, in, …], rather than of output channels, [out, 1, …].
 * PEFT's are always of outputs, even as [1, out, 1, 1].
 */
export function areOfInputs(magnitude: { shape: readonly number[] }): boolean {
  return magnitude.shape.length > 1 && magnitude.shape[0] === 1 && count(magnitude) > 1;
}

function count({ shape }: { shape: readonly number[] }): number {
  return shape.reduce((all, size) => all * size, 1);
}

/**
 * Output channels, and numbers altogether, of what the factors make; undefined where some are missing or do not go
 * together.
 */
function sizesOf(f: Infos, shape: readonly number[]): { out: number; size: number } | undefined {
  const [out, inner = 1] = shape;
  const taps = (core: TensorInfo) => count(core) / (core.shape[0] * core.shape[1]);
  if (f.diff) return { out: f.diff.shape[0], size: count(f.diff) };
  const scales = f.ia3 ?? f.peft_ia3;
  if (scales) return [out, inner].includes(count(scales)) ? { out, size: count({ shape }) } : undefined;
  if (f.magnitude && count(f.magnitude) !== (areOfInputs(f.magnitude) ? inner : out)) return undefined;
  if (f.peft_magnitude && count(f.peft_magnitude) !== out) return undefined;
  if (f.up && f.down) {
    const core = f.mid ? taps(f.mid) : 1;
    if (f.mid && (f.mid.shape[0] !== f.up.shape[1] || f.mid.shape[1] !== f.down.shape[0])) return undefined;
    if (!f.mid && count(f.up) / f.up.shape[0] !== f.down.shape[0]) return undefined;
    return { out: f.up.shape[0], size: f.up.shape[0] * count(f.down) / f.down.shape[0] * core };
  }
  if (f.hada_w1_a && f.hada_w1_b && f.hada_w2_a && f.hada_w2_b) {
    const half = (a: TensorInfo, b: TensorInfo, core?: TensorInfo) => {
      const made = core ? a.shape[1] : a.shape[0];
      const rank = core ? a.shape[0] : a.shape[1];
      if (core ? core.shape[0] !== rank || core.shape[1] !== b.shape[0] : rank !== b.shape[0]) return undefined;
      return { out: made, size: made * count(b) / b.shape[0] * (core ? taps(core) : 1) };
    };
    const first = half(f.hada_w1_a, f.hada_w1_b, f.hada_t1);
    const second = half(f.hada_w2_a, f.hada_w2_b, f.hada_t2);
    return first && second && first.size === second.size && first.out === second.out ? first : undefined;
  }
  const w1 = f.lokr_w1 ? f.lokr_w1.shape : f.lokr_w1_a && f.lokr_w1_b && [f.lokr_w1_a.shape[0], f.lokr_w1_b.shape[1]];
  const low = f.lokr_w2_a && f.lokr_w2_b &&
    (f.lokr_t2
      ? [f.lokr_w2_a.shape[1], f.lokr_w2_b.shape[1] * taps(f.lokr_t2)]
      : [f.lokr_w2_a.shape[0], f.lokr_w2_b.shape[1]]);
  const w2 = f.lokr_w2 ? f.lokr_w2.shape : low;
  if (!w1 || !w2) return undefined;
  return { out: w1[0] * w2[0], size: count({ shape: w1 }) * count({ shape: w2 }) };
}
