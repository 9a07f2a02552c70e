/**
 * The ways of matrices from a file to the device: packed there as their bytes arrive, packed on the host, or packed beforehand.
 *
 * @module
 */
import { ModelError } from "../errors.ts";
import type { Device, Precision } from "../gpu/device.ts";
import { placeAlone, readTensor, releasePlace, writeTensor } from "../gpu/storage.ts";
import { describeTensor, type Tensor } from "../gpu/tensor.ts";
import type { TensorInfo, TensorSource } from "../formats/tensor_source.ts";
import { PANEL, panelCount, type Weight } from "../ops/weight.ts";
import { pack, PACKABLE, type Packable, type PackJob } from "../ops/pack.ts";
import { type Bits, HostPacker } from "./pack_host.ts";

/** Bytes of weights that travel at once. */
export const STAGING = 32 * 1024 * 1024;

/** Bytes that may be read before their turn. */
const AHEAD = 64 * 1024 * 1024;

/** A matrix and where it stands. */
export interface MatrixNeed {
  weight: Weight;
  /** Tensors that stand below one another, as rows of one matrix. */
  names: string[];
}

/** Bytes read since the last call. */
export type Advance = (bytes: number) => void;

/** Numbers of a matrix that travel in one go. */
export interface Chunk<Job> {
  /** Whole words of the staging tensor. */
  bytes: number;
  /** Where the file has them. */
  reads: { name: string; start: number; length: number }[];
  /** What belongs on the device before the job can be done. */
  target: Tensor;
  /** What is done with them there; `offset` is the byte of the staging tensor where they begin. */
  job: Omit<Job, "offset">;
}

/**
 * Streams chunks to the device, which works on them while the next are read.
 * @param count words in which the jobs report what is wrong
 * @param work submits jobs
 * @returns what they reported
 */
export async function stream<Job>(
  device: Device,
  source: TensorSource,
  count: number,
  chunks: readonly Chunk<Job>[],
  work: (staging: Tensor, flags: Tensor, jobs: Job[]) => Promise<void>,
  advance: Advance,
): Promise<Uint32Array> {
  const flags = placeAlone(device, describeTensor("flags", [count], "u32", "plain"));
  const largest = chunks.reduce((most, { bytes }) => Math.max(most, bytes), 0);
  const total = chunks.reduce((sum, { bytes }) => sum + bytes, 0);
  const host = new Uint8Array(Math.max(Math.min(STAGING, total), largest));
  const staging = placeAlone(device, describeTensor("staging", [host.length / 4], "u32", "plain"));
  let jobs: Job[] = [];
  let used = 0;
  const flush = async () => {
    // The load before this one was worked on while this one was read; no more than that waits.
    await device.finished();
    writeTensor(device, staging, host.subarray(0, used));
    await work(staging, flags, jobs);
    jobs = [];
    used = 0;
  };
  try {
    for (const { bytes, reads, target, job } of chunks) {
      if (used + bytes > host.length) await flush();
      if (!target.place) placeAlone(device, target);
      let at = used;
      for (const { name, start, length } of reads) {
        await source.read(name, host.subarray(at, at + length), start);
        at += length;
      }
      jobs.push({ ...job, offset: used } as Job);
      used += bytes;
      advance(bytes);
    }
    await flush();
    return new Uint32Array(await readTensor(device, flags));
  } finally {
    releasePlace(device, staging);
    releasePlace(device, flags);
  }
}

/** Streams the file's bytes to the device, which packs them. */
export async function packThere(
  device: Device,
  precision: Precision,
  needs: readonly MatrixNeed[],
  source: TensorSource,
  advance: Advance,
): Promise<void> {
  const chunks = needs.flatMap((need, flag) => chunksOf(source, need, flag));
  const submit = (staging: Tensor, flags: Tensor, jobs: PackJob[]) => pack(device, precision, staging, flags, jobs);
  const found = await stream(device, source, needs.length, chunks, submit, advance);
  const bad = found.findIndex((flag) => flag !== 0);
  if (bad < 0) return;
  const info = source.tensors.get(needs[bad].names[0])!;
  throw found[bad] & 1 ? notFinite(info) : tooLarge(info);
}

/** A matrix as the device holds it, and the bytes of the file that were read for it. */
export interface PackedMatrix {
  weight: Weight;
  packed: Bits;
  read: number;
}

/** Writes packed matrices to the device as they come. */
export async function place(
  device: Device,
  matrices: AsyncIterable<PackedMatrix>,
  advance: Advance,
): Promise<void> {
  let waiting = 0;
  for await (const { weight, packed, read } of matrices) {
    writeTensor(device, placeAlone(device, weight.panels), packed);
    advance(read);
    waiting += packed.byteLength;
    if (waiting < STAGING) continue;
    // What is written waits in memory until it is submitted and done. The device copies it while the next is packed.
    await device.keptUp();
    device.gpu.queue.submit([]);
    waiting = 0;
  }
}

/** Packs matrix after matrix on the host. What is yielded is valid until the next. */
export async function* packHere(precision: Precision, needs: readonly MatrixNeed[], source: TensorSource) {
  const files = needs.map((need) => ({ need, infos: infosOf(source, need) }));
  const sizes = files.map(({ infos }) => infos.reduce((sum, { bytes }) => sum + bytes, 0));
  const read = async (i: number, into: Uint8Array<ArrayBuffer>) => {
    let at = 0;
    for (const { name, bytes } of files[i].infos) {
      await source.read(name, into.subarray(at, at + bytes));
      at += bytes;
    }
    return into.subarray(0, at);
  };
  const packer = new HostPacker(precision, needs.map(({ weight }) => weight), rooms(sizes));
  for await (const [i, bytes] of ahead(sizes, packer.inputs, read)) {
    const { need: { weight }, infos } = files[i];
    const packed = packer.pack(bytes, infos[0].dtype as Packable, weight);
    if (packed === "too large") throw tooLarge(infos[0]);
    if (packed === "not finite") throw notFinite(infos[0]);
    yield { weight, packed, read: bytes.length };
  }
}

/** Reads matrices that were packed beforehand, called by their weights' names. What is yielded is valid until the next. */
export async function* packedBefore(precision: Precision, needs: readonly MatrixNeed[], cache: TensorSource) {
  const sizes = needs.map(({ weight }) => cache.tensors.get(weight.name)!.bytes);
  const read = async (i: number, into: Uint8Array<ArrayBuffer>) => {
    await cache.read(needs[i].weight.name, into.subarray(0, sizes[i]));
    return into.subarray(0, sizes[i]);
  };
  const buffers = rooms(sizes).map((size) => new Uint8Array(size));
  for await (const [i, bytes] of ahead(sizes, buffers, read)) {
    const packed: Bits = precision === "f16"
      ? new Uint16Array(bytes.buffer, 0, bytes.length / 2)
      : new Uint32Array(bytes.buffer, 0, bytes.length / 4);
    yield { weight: needs[i].weight, packed, read: bytes.length };
  }
}

/** Bytes of the buffers that pieces of `sizes` are read to by turns. */
function rooms(sizes: readonly number[]): number[] {
  const size = Math.ceil(Math.max(...sizes) / 8) * 8;
  const count = Math.max(2, Math.min(sizes.length, 8, Math.floor(AHEAD / size)));
  return new Array(count).fill(size);
}

/** Reads pieces of `sizes` bytes into buffers by turns: the next ones while the caller works on this one. */
async function* ahead(
  sizes: readonly number[],
  buffers: readonly Uint8Array<ArrayBuffer>[],
  read: (i: number, into: Uint8Array<ArrayBuffer>) => Promise<Uint8Array<ArrayBuffer>>,
): AsyncGenerator<[i: number, bytes: Uint8Array<ArrayBuffer>]> {
  const count = buffers.length;
  const pending: Promise<Uint8Array<ArrayBuffer>>[] = [];
  for (let i = 0, next = 0; i < sizes.length; i++) {
    for (; next < Math.min(sizes.length, i + count); next++) {
      const piece = read(next, buffers[next % count]);
      piece.catch(() => {}); // told when its turn comes, if it does
      pending.push(piece);
    }
    yield [i, await pending.shift()!];
  }
}

/** The tensors of a matrix. @throws ModelError for types that cannot be packed */
function infosOf(source: TensorSource, { names }: MatrixNeed): TensorInfo[] {
  const infos = names.map((name) => source.tensors.get(name)!);
  for (const info of infos) {
    if (!PACKABLE.includes(info.dtype as Packable)) {
      throw new ModelError(
        `${info.name} in ${info.file} is of type ${info.dtype}; supported: ${PACKABLE.join(", ")}.`,
      );
    }
    if (info.dtype !== infos[0].dtype) {
      throw new ModelError(
        `${info.name} in ${info.file} is ${info.dtype}, but ${infos[0].name} beside it is ${infos[0].dtype}.`,
      );
    }
  }
  return infos;
}

/** Cuts a matrix into runs of panels that fit the staging tensor, with the byte ranges to read for each. */
function chunksOf(source: TensorSource, need: MatrixNeed, flag: number): Chunk<PackJob>[] {
  const { weight, names } = need;
  const infos = infosOf(source, need);
  const dtype = infos[0].dtype as Packable;
  const share = infos[0].shape[0];
  const rowBytes = infos[0].bytes / share;
  const panels = panelCount(weight);
  const outputs = weight.gated ? PANEL / 2 : PANEL; // of one panel
  const step = Math.max(1, Math.floor(STAGING / 2 / (PANEL * rowBytes)));
  const chunks: Chunk<PackJob>[] = [];
  for (let firstPanel = 0; firstPanel < panels; firstPanel += step) {
    const first = firstPanel * outputs;
    const last = Math.min((firstPanel + step) * outputs, weight.outChannels);
    const spans = weight.gated
      ? [[first, last], [first + weight.outChannels, last + weight.outChannels]]
      : [[first, last]];
    const reads = spans.flatMap(([from, to]) => {
      const list = [];
      for (let row = from; row < to;) {
        const part = Math.floor(row / share);
        const end = Math.min(to, (part + 1) * share);
        list.push({ name: names[part], start: (row - part * share) * rowBytes, length: (end - row) * rowBytes });
        row = end;
      }
      return list;
    });
    const bytes = reads.reduce((sum, r) => sum + r.length, 0);
    const rows = bytes / rowBytes;
    const job = { weight, firstPanel, panels: Math.min(step, panels - firstPanel), rows, dtype, flag };
    chunks.push({ bytes: Math.ceil(bytes / 4) * 4, reads, target: weight.panels, job });
  }
  return chunks;
}

/** The complaint about NaN and Inf. */
export function notFinite(info: TensorInfo): ModelError {
  return new ModelError(
    `${info.name} in ${info.file} holds numbers that are not finite (NaN or Inf). The file is damaged.`,
  );
}

function tooLarge(info: TensorInfo): ModelError {
  return new ModelError(`${info.name} in ${info.file} holds numbers too large for f16. Run it with --type f32.`);
}
