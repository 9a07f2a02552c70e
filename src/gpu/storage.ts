/**
 * Where tensors live, and how a shader reaches them. A shader declares its tensors in comment lines,
 *
 * ```wgsl
 * // tensor 1 x      → fn x_at(i: u32) -> vec4f           four channels
 * // weights 2 w     → fn w_at(i: u32) -> mat2x4f         eight columns
 *                      x_at(i) is x_of(x_raw(i)), w_at(i) w_of(w_raw(i)): as it lies in memory, and the numbers in it
 * // result 3 out    → fn out_put(i: u32, v: vec4f)
 * // packed 3 out    → fn out_put(i: u32, low: vec4f, high: vec4f)   weights being written
 * // sums 4 s        → fn s_at(i: u32) -> vec4f           four channels in f32, whatever the precision
 * // sums_result 5 s → fn s_put(i: u32, v: vec4f)
 * ```
 *
 * and this module writes the declarations behind them: buffers on GPUs, storage textures on software adapters. llvmpipe
 * loads from a storage buffer lane by lane, a word at a time, but whole texels from a storage texture; from a sampled
 * one too, at twice the price, since it finds out the level of detail of each lane first. Halfs travel as packed words:
 * no shader-f16 is needed, and they are rounded to nearest where a float texture would truncate.
 *
 * @module
 */
import nearestHalfs from "../../shaders/shared/nearest_halfs.wgsl" with { type: "text" };
import { GpuError } from "../errors.ts";
import { type Device, mib, type Precision } from "./device.ts";
import { describeTensor, type ElementType, type Place, type Storage, type Tensor } from "./tensor.ts";

/** Texels of a row of every texture: linear element i is texel (i mod WIDTH, i / WIDTH). */
const WIDTH_BITS = 11;
const WIDTH = 1 << WIDTH_BITS;

const unpack = (s: string) => `vec4f(unpack2x16float(${s}.x), unpack2x16float(${s}.y))`;
const EIGHT = `mat2x4f(${unpack("s.xy")}, ${unpack("s.zw")})`;
/** Element i as it lies in memory, `raw`, and the `numbers` in it. */
const reading = (x: string, Raw: string, Numbers: string, raw: string, numbers: string) =>
  `fn ${x}_raw(i: u32) -> ${Raw} { return ${raw}; } fn ${x}_of(s: ${Raw}) -> ${Numbers} { return ${numbers}; } ` +
  `fn ${x}_at(i: u32) -> ${Numbers} { return ${x}_of(${x}_raw(i)); }`;
const pack = (precision: Precision, v: string) =>
  precision === "f16" ? `vec2u(pack2x16float(${v}.xy), pack2x16float(${v}.zw))` : v;
const texel = (i: string) => `vec2u((${i}) & ${WIDTH - 1}u, (${i}) >> ${WIDTH_BITS}u)`;

/**
 * Replaces the declaration comments of `source`. Line numbers stay as they are.
 * @param halfs `x_of` and `w_of` give vec4<f16> and two of them, for kernels that compute in f16, which needs
 *   shader-f16
 */
export function declareTensors(source: string, precision: Precision, textures: boolean, halfs = false): string {
  const code = source.replace(
    /^\/\/ (tensor|weights|result|packed|sums|sums_result) (\d+) (\w+)$/gm,
    (_, role, binding, name) => {
      const place = `@group(0) @binding(${binding}) var`;
      const access = halfs ? halfsAccess : textures ? textureAccess : bufferAccess;
      if (role === "sums") return access.tensor(place, name, "f32");
      if (role === "sums_result") return access.result(place, name, "f32");
      return access[role as "tensor"](place, name, precision);
    },
  );
  return textures && precision === "f16" ? `${code}\n${nearestHalfs}` : code;
}

const bufferAccess = {
  // Activations share buffers, and WebGPU forbids a buffer that is read-only and writable in one dispatch: all are
  // writable.
  tensor: (place: string, x: string, precision: Precision) =>
    precision === "f16"
      ? `${place}<storage, read_write> ${x}: array<vec2u>; ${reading(x, "vec2u", "vec4f", `${x}[i]`, unpack("s"))}`
      : `${place}<storage, read_write> ${x}: array<vec4f>; ${reading(x, "vec4f", "vec4f", `${x}[i]`, "s")}`,
  weights: (place: string, w: string, precision: Precision) =>
    precision === "f16"
      ? `${place}<storage, read> ${w}: array<vec4u>; ${reading(w, "vec4u", "mat2x4f", `${w}[i]`, EIGHT)}`
      : `${place}<storage, read> ${w}: array<mat2x4f>; ${reading(w, "mat2x4f", "mat2x4f", `${w}[i]`, "s")}`,
  result: (place: string, out: string, precision: Precision) =>
    `${place}<storage, read_write> ${out}: array<${precision === "f16" ? "vec2u" : "vec4f"}>; ` +
    `fn ${out}_put(i: u32, v: vec4f) { ${out}[i] = ${pack(precision, "v")}; }`,
  packed: (place: string, out: string, precision: Precision) =>
    precision === "f16"
      ? `${place}<storage, read_write> ${out}: array<vec4u>; fn ${out}_put(i: u32, low: vec4f, high: vec4f) { ` +
        `${out}[i] = vec4u(${pack("f16", "low")}, ${pack("f16", "high")}); }`
      : `${place}<storage, read_write> ${out}: array<mat2x4f>; fn ${out}_put(i: u32, low: vec4f, high: vec4f) { ` +
        `${out}[i] = mat2x4f(low, high); }`,
};

/** For kernels that compute in f16. Declared as halfs, not as words: llvmpipe gets vec4<f16> wrong by bitcast. */
const halfsAccess: typeof bufferAccess = {
  ...bufferAccess,
  tensor: (place, x, precision) =>
    precision === "f16"
      ? `${place}<storage, read_write> ${x}: array<vec4<f16>>; ` +
        `fn ${x}_raw(i: u32) -> vec4<f16> { return ${x}[i]; } fn ${x}_of(s: vec4<f16>) -> vec4<f16> { return s; } ` +
        `fn ${x}_at(i: u32) -> vec4f { return vec4f(${x}[i]); }`
      : bufferAccess.tensor(place, x, precision),
  weights: (place, w) =>
    `${place}<storage, read> ${w}: array<array<vec4<f16>, 2>>; ` +
    `fn ${w}_raw(i: u32) -> array<vec4<f16>, 2> { return ${w}[i]; } ` +
    `fn ${w}_of(s: array<vec4<f16>, 2>) -> array<vec4<f16>, 2> { return s; }`,
};

// Weights for textures are packed on the host (nn/pack_host.ts); only what is unpacked there (ops/kept.ts) is written
// by a kernel. The choice in a result's store is never taken: llvmpipe stores lane by lane, and LLVM would move the end
// of what makes halfs into that loop if it could, which costs a third more.
const textureAccess: typeof bufferAccess = {
  tensor: (place, x, precision) =>
    precision === "f16"
      ? `${place} ${x}: texture_storage_2d<rg32uint, read>; ` +
        reading(x, "vec2u", "vec4f", `textureLoad(${x}, ${texel("i")}).xy`, unpack("s"))
      : `${place} ${x}: texture_storage_2d<rgba32float, read>; ` +
        reading(x, "vec4f", "vec4f", `textureLoad(${x}, ${texel("i")})`, "s"),
  weights: (place, w, precision) =>
    precision === "f16"
      ? `${place} ${w}: texture_storage_2d<rgba32uint, read>; ` +
        reading(w, "vec4u", "mat2x4f", `textureLoad(${w}, ${texel("i")})`, EIGHT)
      : `${place} ${w}: texture_storage_2d<rgba32float, read>; ` +
        `fn ${w}_half(i: u32) -> vec4f { return textureLoad(${w}, ${texel("i")}); } ` +
        reading(w, "mat2x4f", "mat2x4f", `mat2x4f(${w}_half(2u * i), ${w}_half(2u * i + 1u))`, "s"),
  result: (place, out, precision) =>
    precision === "f16"
      ? `${place} ${out}: texture_storage_2d<rg32uint, write>; fn ${out}_put(i: u32, v: vec4f) { ` +
        `textureStore(${out}, ${texel("i")}, vec4u(select(halfs(v), vec2u(), i == ~0u), 0u, 0u)); }`
      : `${place} ${out}: texture_storage_2d<rgba32float, write>; fn ${out}_put(i: u32, v: vec4f) { ` +
        `textureStore(${out}, ${texel("i")}, v); }`,
  packed: (place, out, precision) =>
    precision === "f16"
      ? `${place} ${out}: texture_storage_2d<rgba32uint, write>; fn ${out}_put(i: u32, low: vec4f, high: vec4f) { ` +
        `textureStore(${out}, ${texel("i")}, vec4u(${pack("f16", "low")}, ${pack("f16", "high")})); }`
      : `${place} ${out}: texture_storage_2d<rgba32float, write>; fn ${out}_put(i: u32, low: vec4f, high: vec4f) { ` +
        `textureStore(${out}, ${texel("2u * i")}, low); textureStore(${out}, ${texel("2u * i + 1u")}, high); }`,
};

/** Texture format of a tensor, and bytes of a texel. */
function texelOf(type: ElementType, storage: Storage): { format: GPUTextureFormat; bytes: number } {
  if (type === "f32") return { format: "rgba32float", bytes: 16 };
  return storage === "quads" ? { format: "rg32uint", bytes: 8 } : { format: "rgba32uint", bytes: 16 };
}

/** Whether `tensor` lies in a texture on `device`. */
export function inTexture(device: Device, tensor: Pick<Tensor, "storage">): boolean {
  return device.textures && tensor.storage !== "plain";
}

/**
 * Refuses a tensor that no kernel could bind.
 * @param owner whose tensor it is, for the message
 */
export function expectFits(device: Device, tensor: Tensor, owner?: string): void {
  const most = largestTensor(device, tensor);
  if (tensor.bytes <= most) return;
  throw new GpuError(
    `${owner ? `${owner}: ` : ""}tensor "${tensor.label}" [${tensor.shape.join(", ")}] needs ${
      mib(tensor.bytes)
    } in one ` +
      `piece, but ${device.summary.name} binds at most ${mib(most)}. Choose a smaller size.`,
  );
}

/** The most bytes that a tensor of this kind may have on `device`. */
function largestTensor(device: Device, tensor: Pick<Tensor, "type" | "storage">): number {
  if (!inTexture(device, tensor)) return device.maxBinding;
  const rows = device.gpu.limits.maxTextureDimension2D - 1; // a power of two, which textureHeight avoids
  return rows * WIDTH * texelOf(tensor.type, tensor.storage).bytes;
}

/** Bytes of the place that a tensor takes, padding included. */
export function placeBytes(device: Device, tensor: Tensor): number {
  if (!inTexture(device, tensor)) return Math.ceil(tensor.bytes / 16) * 16;
  const row = WIDTH * texelOf(tensor.type, tensor.storage).bytes;
  return textureHeight(Math.ceil(tensor.bytes / row)) * row;
}

/**
 * Rows of a texture for `rows` rows of elements, never a power of two: llvmpipe compiles a kernel anew for every
 * mixture of power-of-two and other textures among its arguments, all within the first step of a run.
 */
function textureHeight(rows: number): number {
  const height = Math.max(3, rows);
  return (height & (height - 1)) === 0 ? height + 1 : height;
}

/** A texture of `bytes` for tensors of one type and storage. */
export function makeTexturePlace(device: Device, like: Tensor, bytes: number, label: string): Place {
  const { format, bytes: texel } = texelOf(like.type, like.storage);
  const texture = device.texture(label, format, WIDTH, Math.ceil(bytes / texel / WIDTH), texel);
  return { texture, view: texture.createView() };
}

/** A place of its own for a tensor, outside any graph. */
export function placeAlone(device: Device, tensor: Tensor): Tensor {
  expectFits(device, tensor);
  tensor.place = inTexture(device, tensor)
    ? makeTexturePlace(device, tensor, placeBytes(device, tensor), tensor.label)
    : { buffer: device.buffer(tensor.label, tensor.bytes, BUFFER_USAGE), offset: 0 };
  return tensor;
}

const nothings = new WeakMap<Device, Map<string, Tensor>>();

/**
 * A placed tensor of four zeros, for operands that are absent. One per device, precision, storage and name: two absent
 * operands of one dispatch need two names, since writable bindings must not overlap.
 */
export function nothing(device: Device, precision: Precision, storage: Storage, name: string): Tensor {
  const known = nothings.get(device) ?? new Map<string, Tensor>();
  nothings.set(device, known);
  const key = `${precision} ${storage} ${name}`;
  let tensor = known.get(key);
  if (!tensor) {
    const type = storage === "plain" ? "f32" : precision;
    known.set(key, tensor = placeAlone(device, describeTensor(`no ${name}`, [4], type, storage)));
  }
  return tensor;
}

/** Usage of every buffer that holds tensors. */
export const BUFFER_USAGE = GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_DST | GPUBufferUsage.COPY_SRC;

/** Frees a place made by {@linkcode placeAlone}. */
export function releasePlace(device: Device, tensor: Tensor): void {
  if (!tensor.place) return;
  if ("texture" in tensor.place) device.releaseTexture(tensor.place.texture);
  else device.release(tensor.place.buffer);
  tensor.place = undefined;
}

/** What a bind group binds for a tensor. */
export function bindingOf(tensor: Tensor): GPUBindingResource {
  const place = placeOf(tensor);
  if ("texture" in place) return place.view;
  return { buffer: place.buffer, offset: place.offset, size: Math.ceil(tensor.bytes / 16) * 16 };
}

/** Writes elements to the start of a placed tensor, or all of its place, padding included. */
export function writeTensor(device: Device, tensor: Tensor, data: ArrayBufferView<ArrayBuffer>): void {
  if (data.byteLength > placeBytes(device, tensor)) {
    throw new Error(`"${tensor.label}" holds ${tensor.bytes} bytes, not ${data.byteLength}.`);
  }
  const place = placeOf(tensor);
  const { queue } = device.gpu;
  if ("buffer" in place) return queue.writeBuffer(place.buffer, place.offset, data);
  const texel = texelOf(tensor.type, tensor.storage).bytes;
  const bytes = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  const bytesPerRow = WIDTH * texel;
  const rows = Math.floor(bytes.length / bytesPerRow);
  if (rows > 0) queue.writeTexture({ texture: place.texture }, bytes, { bytesPerRow }, [WIDTH, rows]);
  const rest = bytes.subarray(rows * bytesPerRow);
  if (rest.length === 0) return;
  queue.writeTexture({ texture: place.texture, origin: [0, rows] }, rest, { bytesPerRow }, [
    Math.ceil(rest.length / texel),
    1,
  ]);
}

/**
 * The bytes of a placed tensor. Waits for the device.
 * @param signal ends the waiting at once, with its reason
 * @param after what is done before, in the same submission: llvmpipe takes no other until it is done with one, and the
 *   program would be blocked meanwhile
 */
export async function readTensor(
  device: Device,
  tensor: Tensor,
  signal?: AbortSignal,
  after?: (encoder: GPUCommandEncoder) => void,
): Promise<ArrayBuffer> {
  const place = placeOf(tensor);
  const size = placeBytes(device, tensor);
  const staging = device.buffer(`read ${tensor.label}`, size, GPUBufferUsage.MAP_READ | GPUBufferUsage.COPY_DST);
  try {
    const encoder = device.gpu.createCommandEncoder();
    after?.(encoder);
    if ("buffer" in place) {
      encoder.copyBufferToBuffer(place.buffer, place.offset, staging, 0, size);
    } else {
      const bytesPerRow = WIDTH * texelOf(tensor.type, tensor.storage).bytes;
      encoder.copyTextureToBuffer({ texture: place.texture }, { buffer: staging, bytesPerRow }, [
        WIDTH,
        size / bytesPerRow,
      ]);
    }
    device.gpu.queue.submit([encoder.finish()]);
    // Asking for bytes blocks until they are there: whoever had it done may have other things to do first.
    if (after) await new Promise((resolve) => setTimeout(resolve));
    const mapped = staging.mapAsync(GPUMapMode.READ);
    mapped.catch(() => {}); // told where it is awaited, if it still is
    await device.until(mapped, signal);
    return staging.getMappedRange().slice(0, tensor.bytes);
  } finally {
    device.release(staging);
  }
}

/** Writes numbers to a placed f32 or f16 tensor. */
export function writeFloats(device: Device, tensor: Tensor, values: ArrayLike<number>): void {
  writeTensor(device, tensor, tensor.type === "f16" ? new Float16Array(values) : new Float32Array(values));
}

/** The elements of a placed f32 or f16 tensor. */
export async function readFloats(device: Device, tensor: Tensor, signal?: AbortSignal): Promise<Float32Array> {
  return floatsOf(tensor, await readTensor(device, tensor, signal));
}

/** The elements of an f32 or f16 tensor with these bytes. */
export function floatsOf({ type }: Pick<Tensor, "type">, bytes: ArrayBuffer): Float32Array {
  return type === "f16" ? Float32Array.from(new Float16Array(bytes)) : new Float32Array(bytes);
}

function placeOf(tensor: Tensor): Place {
  if (!tensor.place) throw new Error(`"${tensor.label}" has no place: its graph is not compiled.`);
  return tensor.place;
}
