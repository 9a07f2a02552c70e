/**
 * The way of matrices that stay quantised from a file to the device.
 *
 * @module
 */
import { asF32 } from "../formats/as_f32.ts";
import { BYTES } from "../formats/dtype.ts";
import type { TensorSource } from "../formats/tensor_source.ts";
import type { Device } from "../gpu/device.ts";
import type { Tensor } from "../gpu/tensor.ts";
import { PAIR, quantize, type QuantizeJob } from "../ops/kept.ts";
import { PACKABLE, type Packable } from "../ops/pack.ts";
import { type Advance, type Chunk, type MatrixNeed, notFinite, STAGING, stream } from "./load_matrices.ts";

/** Streams the file's numbers to the device, which quantises them. Each weight is kept. */
export async function keepThere(
  device: Device,
  needs: readonly MatrixNeed[],
  source: TensorSource,
  advance: Advance,
): Promise<void> {
  const others = needs.flatMap(({ names }) => names).filter((name) => !isPackable(source.tensors.get(name)!.dtype));
  const shown = others.length ? asF32(source, new Set(others)) : source;
  const chunks = needs.flatMap((need, flag) => chunksOf(shown, need, flag));
  const submit = (staging: Tensor, flags: Tensor, jobs: QuantizeJob[]) => quantize(device, staging, flags, jobs);
  const found = await stream(device, shown, needs.length, chunks, submit, advance);
  const bad = found.findIndex((flag) => flag !== 0);
  if (bad >= 0) throw notFinite(source.tensors.get(needs[bad].names[0])!);
}

function isPackable(dtype: string): boolean {
  return (PACKABLE as readonly string[]).includes(dtype);
}

/** Cuts a matrix into runs of numbers that fit the staging tensor. */
function chunksOf(source: TensorSource, { weight, names }: MatrixNeed, flag: number): Chunk<QuantizeJob>[] {
  const { outChannels, inChannels, gated } = weight;
  const kept = weight.kept!;
  const total = outChannels * (gated ? 2 : 1) * inChannels;
  const share = total / names.length;
  return names.flatMap((name, part) => {
    const dtype = source.tensors.get(name)!.dtype as Packable;
    const size = BYTES[dtype];
    const most = Math.floor(STAGING / 2 / size / PAIR) * PAIR;
    const chunks: Chunk<QuantizeJob>[] = [];
    for (let at = 0; at < share; at += most) {
      const count = Math.min(most, share - at);
      const reads = [{ name, start: at * size, length: count * size }];
      const job = { kept, count, first: part * share + at, total, dtype, flag };
      chunks.push({ bytes: count * size, reads, target: kept.tensor, job });
    }
    return chunks;
  });
}
