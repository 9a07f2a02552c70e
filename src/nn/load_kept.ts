/**
 * The way of matrices that stay quantised from a file to the device.
 *
 * @module
 */
import { BYTES, toFloat32 } from "../formats/dtype.ts";
import type { TensorSource } from "../formats/tensor_source.ts";
import type { Device } from "../gpu/device.ts";
import { placeAlone, readTensor, releasePlace, writeTensor } from "../gpu/storage.ts";
import { describeTensor } from "../gpu/tensor.ts";
import { PAIR, quantize, type QuantizeJob } from "../ops/kept.ts";
import { PACKABLE, type Packable } from "../ops/pack.ts";
import { type Advance, type MatrixNeed, notFinite, STAGING } from "./load_matrices.ts";

/** Streams the file's numbers to the device, which quantises them while the next are read. Each weight is kept. */
export async function keepThere(
  device: Device,
  needs: readonly MatrixNeed[],
  source: TensorSource,
  advance: Advance,
): Promise<void> {
  const flags = placeAlone(device, describeTensor("flags", [needs.length], "u32", "plain"));
  const total = needs.reduce((sum, { weight }) => sum + 4 * numbersOf(weight), 0);
  const host = new Uint8Array(Math.min(STAGING, total));
  const staging = placeAlone(device, describeTensor("staging", [host.length / 4], "u32", "plain"));
  let jobs: QuantizeJob[] = [];
  let used = 0;
  const flush = async () => {
    await device.finished(); // of what is staged no more than this waits
    writeTensor(device, staging, host.subarray(0, used));
    await quantize(device, staging, flags, jobs);
    jobs = [];
    used = 0;
  };
  try {
    for (const piece of needs.flatMap((need, flag) => piecesOf(source, need, flag, host.length))) {
      const { name, start, bytes, direct, job } = piece;
      const size = direct ? bytes : 4 * job.count;
      if (used + size > host.length) await flush();
      if (!job.kept.tensor.place) placeAlone(device, job.kept.tensor);
      const room = host.subarray(used, used + size);
      if (direct) await source.read(name, room, start);
      else {
        const read = new Uint8Array(bytes);
        await source.read(name, read, start);
        room.set(new Uint8Array(toFloat32(read, source.tensors.get(name)!.dtype).buffer));
      }
      jobs.push({ ...job, offset: used });
      used += size;
      advance(bytes);
    }
    await flush();
    const found = new Uint32Array(await readTensor(device, flags));
    const bad = needs.findIndex((_, i) => found[i] !== 0);
    if (bad >= 0) throw notFinite(source.tensors.get(needs[bad].names[0])!);
  } finally {
    releasePlace(device, staging);
    releasePlace(device, flags);
  }
}

/** Runs of numbers that fit the staging tensor, with the bytes to read for each; `direct` where the device reads them as they are. */
function piecesOf(source: TensorSource, { weight, names }: MatrixNeed, flag: number, room: number) {
  const total = numbersOf(weight);
  const share = total / names.length;
  const most = Math.floor(room / 4 / PAIR) * PAIR;
  return names.flatMap((name, part) => {
    const { dtype } = source.tensors.get(name)!;
    const direct = (PACKABLE as readonly string[]).includes(dtype);
    const pieces = [];
    for (let at = 0; at < share; at += most) {
      const count = Math.min(most, share - at);
      const job: QuantizeJob = {
        kept: weight.kept!,
        count,
        first: part * share + at,
        total,
        offset: 0,
        dtype: direct ? dtype as Packable : "F32",
        flag,
      };
      pieces.push({ name, start: at * BYTES[dtype], bytes: count * BYTES[dtype], direct, job });
    }
    return pieces;
  });
}

function numbersOf({ outChannels, inChannels, gated }: MatrixNeed["weight"]): number {
  return outChannels * (gated ? 2 : 1) * inChannels;
}
