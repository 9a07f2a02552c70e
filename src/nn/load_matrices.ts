/**
 * The ways of matrices from a file to the device: packed there as their bytes arrive, packed on the host, or packed
 * beforehand.
 *
 * @module
 */
import { ModelError } from "../errors.ts";
import type { Device, Precision } from "../gpu/device.ts";
import { placeAlone, placeBytes, readTensor, releasePlace, writeTensor } from "../gpu/storage.ts";
import { describeTensor, type Tensor } from "../gpu/tensor.ts";
import type { TensorInfo, TensorSource } from "../formats/tensor_source.ts";
import { panelCount, type Weight } from "../ops/weight.ts";
import { pack, PACKABLE, type Packable, type PackJob } from "../ops/pack.ts";
import { HostPacker, type Piece } from "./pack_host.ts";

/** Bytes of weights that travel at once. */
export const STAGING = 32 * 1024 * 1024;

/** Bytes of a piece that is packed on the host, about: it stays in a processor's cache. */
const PIECE = 256 * 1024;

/** A matrix and where it stands. */
export interface MatrixNeed {
  weight: Weight;
  /** Tensors that stand below one another, as rows of one matrix. */
  names: string[];
}

/** A piece of a matrix, and where the file has its rows. */
type FilePiece = Piece & Pick<Chunk<unknown>, "bytes" | "reads"> & { need: MatrixNeed };

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
  const flags = describeTensor("flags", [count], "u32", "plain");
  const largest = chunks.reduce((most, { bytes }) => Math.max(most, bytes), 0);
  const total = chunks.reduce((sum, { bytes }) => sum + bytes, 0);
  const host = new Uint8Array(Math.max(Math.min(STAGING, total), largest));
  const staging = describeTensor("staging", [host.length / 4], "u32", "plain");
  let jobs: Job[] = [];
  let used = 0;
  const flush = async () => {
    // The device works on the load before this one while this one is read; no more than one may wait.
    await device.keptUp();
    writeTensor(device, staging, host.subarray(0, used));
    await work(staging, flags, jobs);
    jobs = [];
    used = 0;
  };
  try {
    for (const tensor of [flags, staging]) placeAlone(device, tensor);
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
  const chunks = needs.flatMap((need, flag) =>
    piecesOf(source, need, STAGING / 2).map(({ bytes, reads, need: _, ...piece }) => ({
      bytes: Math.ceil(bytes / 4) * 4,
      reads,
      target: piece.weight.panels,
      job: { ...piece, flag },
    }))
  );
  const submit = (staging: Tensor, flags: Tensor, jobs: PackJob[]) => pack(device, precision, staging, flags, jobs);
  const found = await stream(device, source, needs.length, chunks, submit, advance);
  const bad = found.findIndex((flag) => flag !== 0);
  if (bad < 0) return;
  const info = source.tensors.get(needs[bad].names[0])!;
  throw found[bad] & 1 ? notFinite(info) : tooLarge(info);
}

/** A matrix as the device holds it. */
export interface PackedMatrix {
  weight: Weight;
  /** Its numbers, and behind them room for what pads its place on the device. */
  packed: Uint8Array<ArrayBuffer>;
  /** Bytes of the file that were read for it. */
  read: number;
}

/**
 * Writes packed matrices to the device as they come. All are allocated before the first is written: the driver then
 * reuses the same memory for what travels, and only its own thread touches the fresh memory, which is slow the first
 * time.
 */
export async function place(
  device: Device,
  needs: readonly MatrixNeed[],
  matrices: AsyncIterable<PackedMatrix>,
  advance: Advance,
): Promise<void> {
  for (const { weight } of needs) placeAlone(device, weight.panels);
  let waiting = 0;
  for await (const { weight, packed, read } of matrices) {
    // The whole place is written: a driver clears first what is written in part.
    const whole = packed.subarray(0, placeBytes(device, weight.panels));
    whole.fill(0, weight.panels.bytes);
    writeTensor(device, weight.panels, whole);
    advance(read);
    waiting += whole.length;
    if (waiting < STAGING) continue;
    // What is written waits in memory until it is submitted and done. The device copies it while the next is packed.
    await device.keptUp();
    device.gpu.queue.submit([]);
    waiting = 0;
  }
  device.gpu.queue.submit([]);
}

/** Packs matrix after matrix on the host. What is yielded is valid until the next. */
export async function* packHere(
  device: Device,
  precision: Precision,
  needs: readonly MatrixNeed[],
  source: TensorSource,
): AsyncGenerator<PackedMatrix> {
  const pieces = needs.flatMap((need) => piecesOf(source, need, PIECE));
  const most = pieces.reduce((most, { bytes }) => Math.max(most, bytes), 0); // too many to be arguments
  const packer = new HostPacker(precision, pieces, most, largestPlace(device, needs));
  let sum = 0;
  for (const { need: { names }, reads, bytes, ...piece } of pieces) {
    const { weight } = piece;
    let at = 0;
    for (const { name, start, length } of reads) {
      await source.read(name, packer.input.subarray(at, at + length), start);
      at += length;
    }
    const wrong = packer.pack(piece, bytes);
    if (wrong) throw (wrong === "too large" ? tooLarge : notFinite)(source.tensors.get(names[0])!);
    sum += bytes;
    if (piece.firstPanel + piece.panels < panelCount(weight)) continue;
    yield { weight, packed: packer.out, read: sum };
    sum = 0;
  }
}

/**
 * Reads matrices that were packed beforehand, called by their weights' names. What is yielded is valid until the next.
 */
export async function* packedBefore(
  device: Device,
  needs: readonly MatrixNeed[],
  cache: TensorSource,
): AsyncGenerator<PackedMatrix> {
  const packed = new Uint8Array(largestPlace(device, needs));
  for (const { weight } of needs) {
    const { bytes } = weight.panels;
    await cache.read(weight.name, packed.subarray(0, bytes));
    yield { weight, packed, read: bytes };
  }
}

function largestPlace(device: Device, needs: readonly MatrixNeed[]): number {
  return Math.max(...needs.map(({ weight }) => placeBytes(device, weight.panels)));
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

/**
 * Cuts a matrix into runs of panels, with the byte ranges to read for each.
 * @param most bytes of a run that has more than one
 */
function piecesOf(source: TensorSource, need: MatrixNeed, most: number): FilePiece[] {
  const { weight, names } = need;
  const infos = infosOf(source, need);
  const dtype = infos[0].dtype as Packable;
  const share = infos[0].shape[0];
  const rowBytes = infos[0].bytes / share;
  const count = panelCount(weight);
  const outputs = weight.gated ? weight.panel / 2 : weight.panel; // of one panel
  const step = Math.max(1, Math.floor(most / (weight.panel * rowBytes)));
  const pieces: FilePiece[] = [];
  for (let firstPanel = 0; firstPanel < count; firstPanel += step) {
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
    const panels = Math.min(step, count - firstPanel);
    pieces.push({ weight, firstPanel, panels, rows: bytes / rowBytes, dtype, reads, bytes, need });
  }
  return pieces;
}

/** The complaint about NaN and Inf. */
export function notFinite(info: TensorInfo): ModelError {
  const damaged = info.added ? "One of them is damaged, or weighs too much" : "The file is damaged";
  return new ModelError(`${placeOf(info)} holds numbers that are not finite (NaN or Inf). ${damaged}.`);
}

function tooLarge(info: TensorInfo): ModelError {
  return new ModelError(`${placeOf(info)} holds numbers too large for f16. Run it with --type f32.`);
}

function placeOf({ name, file, added }: TensorInfo): string {
  return `${name} in ${file}${added ? ` with ${added}` : ""}`;
}
