/**
 * The one owner of a WebGPU device: adapter choice, limits, features found by trying, memory accounting, errors.
 *
 * @module
 */
import { brief } from "../brief.ts";
import { GpuError } from "../errors.ts";
import { unlessAborted } from "../unless_aborted.ts";
import type { Tracer } from "./replay.ts";
import { elsewhere, prepareEnvironment } from "./environment.ts";

/** How activations and weights are stored. Sums are f32, but for products of f16: a GPU may sum 32 at a time in f16. */
export type Precision = "f16" | "f32";

/** What an adapter says of itself, for `--list-devices` and `doctor`. */
export interface AdapterSummary {
  /** As the driver calls it. */
  name: string;
  /** As the driver calls it; often a number. */
  vendor: string;
  /** Architecture or driver; often empty. */
  driver: string;
  /** The adapter computes on the CPU (llvmpipe, SwiftShader, WARP). */
  software: boolean;
}

/**
 * What decides how kernels are cut: a software adapter, or a GPU whose lanes exchange values by shuffles or workgroup
 * memory.
 */
export type DeviceClass = "software" | "workgroup" | "subgroup";

/** What trying the kernels on a device has shown (nn/tune.ts). */
export interface Tuning {
  /** Variants that compute wrongly, which are not used. */
  wrong: readonly string[];
  /** Speed of variants at what they were timed at, in any unit that is the same for all variants of an op. */
  speeds: Readonly<Record<string, number>>;
  /** What was begun to try, by name. */
  tried?: readonly string[];
  /** What the device did not come back from, where that happened: it is not tried any more. */
  stuck?: string;
}

/**
 * An adapter and the power preference that yields it. WebGPU lists no adapters: asking in different ways finds them.
 */
interface Found {
  adapter: GPUAdapter;
  summary: AdapterSummary;
}

const ASKING: GPURequestAdapterOptions[] = [
  { powerPreference: "high-performance" },
  { powerPreference: "low-power" },
  { forceFallbackAdapter: true },
];

/** Every distinct adapter that WebGPU offers, best first; no more than `most`, since asking takes time. */
async function findAdapters(most = Infinity): Promise<Found[]> {
  if (!navigator.gpu) throw new GpuError("This runtime has no WebGPU. Run the program with Deno 2.9 or newer.");
  prepareEnvironment();
  const found: Found[] = [];
  for (const options of ASKING) {
    if (found.length === most) break;
    const adapter = await navigator.gpu.requestAdapter(options);
    if (!adapter) continue;
    const summary = summarize(adapter);
    if (!found.some((f) => f.summary.name === summary.name)) found.push({ adapter, summary });
  }
  return found;
}

function summarize(adapter: GPUAdapter): AdapterSummary {
  const info = adapter.info;
  const name = info.description || info.device || info.vendor || "unnamed adapter";
  const software = /llvmpipe|swiftshader|lavapipe|basic render|warp/i.test(name);
  return { name, vendor: info.vendor, driver: info.architecture, software };
}

/** The adapters in the order that `--device N` counts them. */
export async function listAdapters(): Promise<AdapterSummary[]> {
  return (await findAdapters()).map((f) => f.summary);
}

/** What to say where there is none. */
export function noAdapter(): GpuError {
  return new GpuError(
    "WebGPU found no adapter, neither a GPU nor a software Vulkan driver. On Debian or Ubuntu: " +
      `apt-get install mesa-vulkan-drivers libvulkan1 (deno task setup does this where it may).${elsewhere()}`,
  );
}

/** Whether kernels may write to textures as activations need them: Vulkan's may, OpenGL's not to all formats. */
export async function writesTextures(gpu: GPUDevice): Promise<boolean> {
  if (gpu.limits.maxStorageTexturesPerShaderStage < BOUND_TEXTURES) return false;
  gpu.pushErrorScope("validation");
  gpu.createTexture({ format: "rg32uint", size: [1, 1], usage: GPUTextureUsage.STORAGE_BINDING }).destroy();
  return await gpu.popErrorScope() === null;
}

/** Subgroup operations are usable when every subgroup holds whole groups of this many lanes. */
export const LANES = 8;

/** Tensors that a kernel binds at most. */
const BOUND_TEXTURES = 6;

/** A WebGPU device with everything the program needs to know about it. */
export class Device implements Disposable {
  /** Bytes of all buffers now alive, and the most that were alive at once. */
  allocatedBytes = 0;
  /** See `allocatedBytes`. */
  peakBytes = 0;
  /** Compiled pipelines by kernel, constants and lane sharing (kernel.ts). */
  readonly pipelines: Map<string, Promise<GPUComputePipeline>> = new Map();
  /** Variants of kernels to use whatever the shape, by op (ops/choose.ts): for tests and tuning. */
  readonly forced: Map<string, string> = new Map();
  /** @internal Told before each pipeline that a graph needs and the device does not have; compiling one blocks. */
  onCompile?: (progress: { done: number; total: number }) => void;
  /** @internal Looks on, where somebody wants to know where the time goes (trace.ts). */
  tracer?: Tracer;
  /** @internal What trying the kernels has shown, where they were tried. */
  tuning?: Tuning;
  #lateError?: GpuError;
  /** When what was submitted before the last {@linkcode keptUp} is done. */
  #step: Promise<unknown> = Promise.resolve();
  readonly #textureBytes = new Map<GPUTexture, number>();

  /** Use {@linkcode openDevice}. */
  constructor(
    readonly gpu: GPUDevice,
    readonly summary: AdapterSummary,
    /** Groups of 8 lanes exchange values by subgroup shuffles; otherwise through workgroup memory. */
    readonly subgroups: boolean,
    /** Passes may be timed on the device. */
    readonly timestamps: boolean,
    /** Activations and weights live in textures (storage.ts says why software adapters want that). */
    readonly textures: boolean = summary.software,
  ) {
    gpu.addEventListener("uncapturederror", (event) => {
      event.preventDefault?.();
      const { error } = event as GPUUncapturedErrorEvent; // told only where a project loads WebGPU's types
      this.#lateError ??= new GpuError(`The GPU reported an error: ${error.message}`);
    });
    gpu.lost.then((info) => {
      if (info.reason === "destroyed") return;
      this.#lateError ??= new GpuError(
        `The GPU device was lost (${
          info.reason || "no reason given"
        }): ${info.message}. Close other programs that use ` +
          "the GPU, try a smaller picture, or choose another device with --device N.",
      );
    });
  }

  /** @internal See {@linkcode DeviceClass}. */
  get kind(): DeviceClass {
    return this.summary.software ? "software" : this.subgroups ? "subgroup" : "workgroup";
  }

  /** Kernels may compute in f16. */
  get halfs(): boolean {
    return this.gpu.features.has("shader-f16");
  }

  /** Throws an error that happened on the device since the last call; called at every foreground entry. */
  check(): void {
    if (this.#lateError) throw this.#lateError;
  }

  /** A buffer whose bytes are counted until `release`. `size` is rounded up to 16 bytes. */
  buffer(label: string, size: number, usage: GPUBufferUsageFlags): GPUBuffer {
    this.check();
    const bytes = Math.max(16, Math.ceil(size / 16) * 16);
    if (bytes > this.gpu.limits.maxBufferSize) {
      throw new GpuError(
        `${label} needs a buffer of ${mib(bytes)}, but ${this.summary.name} allows ${mib(this.maxBuffer)}.`,
      );
    }
    const buffer = this.gpu.createBuffer({ label, size: bytes, usage });
    this.#allocate(bytes);
    return buffer;
  }

  /** A texture of `texelBytes` a texel, readable and writable by kernels. */
  texture(label: string, format: GPUTextureFormat, width: number, height: number, texelBytes: number): GPUTexture {
    this.check();
    const limit = this.gpu.limits.maxTextureDimension2D;
    if (height > limit) {
      throw new GpuError(
        `${label} needs a texture of ${width}×${height}, but ${this.summary.name} allows ${limit} rows.`,
      );
    }
    const usage = GPUTextureUsage.TEXTURE_BINDING | GPUTextureUsage.STORAGE_BINDING | GPUTextureUsage.COPY_DST |
      GPUTextureUsage.COPY_SRC;
    const texture = this.gpu.createTexture({ label, format, size: [width, height], usage });
    this.#allocate(width * height * texelBytes);
    this.#textureBytes.set(texture, width * height * texelBytes);
    return texture;
  }

  /** Frees a texture made by {@linkcode Device.texture}. */
  releaseTexture(texture: GPUTexture): void {
    this.allocatedBytes -= this.#textureBytes.get(texture) ?? 0;
    this.#textureBytes.delete(texture);
    texture.destroy();
  }

  #allocate(bytes: number): void {
    this.allocatedBytes += bytes;
    this.peakBytes = Math.max(this.peakBytes, this.allocatedBytes);
  }

  /** Frees a buffer made by {@linkcode Device.buffer}. */
  release(buffer: GPUBuffer): void {
    this.allocatedBytes -= buffer.size;
    buffer.destroy();
  }

  /** The largest buffer in bytes. */
  get maxBuffer(): number {
    return Number(this.gpu.limits.maxBufferSize);
  }

  /** The most bytes that one kernel argument may span. */
  get maxBinding(): number {
    return Math.min(this.maxBuffer, Number(this.gpu.limits.maxStorageBufferBindingSize));
  }

  /**
   * Waits until everything submitted is done. Asking costs a sleep of 10 ms in Deno; llvmpipe need not be asked, which
   * takes nothing new before it is done with what it has.
   * @param signal ends the waiting at once, with its reason; what was submitted goes on by itself
   */
  async finished(signal?: AbortSignal): Promise<void> {
    if (!/llvmpipe/i.test(this.summary.name)) return await this.until(this.gpu.queue.onSubmittedWorkDone(), signal);
    this.gpu.queue.submit([]);
    await this.until(Promise.resolve(), signal);
  }

  /**
   * Waits until everything is done that was submitted before the last call of this: one step is recorded while the
   * device computes the one before it, so that neither waits for the other, nor sleeps. What is timed op by op waits
   * for this step.
   */
  async keptUp(signal?: AbortSignal): Promise<void> {
    if (this.tracer) return await this.finished(signal);
    const before = this.#step;
    this.#step = this.gpu.queue.onSubmittedWorkDone();
    this.#step.catch(() => {}); // told where it is awaited
    await this.until(before, signal);
  }

  /** Waits for `work` of the device, as {@linkcode finished} does. */
  async until(work: Promise<unknown>, signal?: AbortSignal): Promise<void> {
    await unlessAborted(work, signal);
    this.tracer?.finished();
    this.check();
  }

  /** Ends the device; its buffers go with it. */
  close(): void {
    this.gpu.destroy();
  }

  /** {@linkcode Device.close} */
  [Symbol.dispose](): void {
    this.close();
  }
}

/** `n` bytes as a readable size. */
export function mib(bytes: number): string {
  return bytes < 1024 * 1024 ? `${(bytes / 1024).toFixed(0)} KiB` : `${(bytes / 1024 / 1024).toFixed(0)} MiB`;
}

/**
 * Opens adapter number `index` (of {@linkcode listAdapters}) with all the limits it has.
 * @throws GpuError when there is no such adapter or it gives no device.
 */
export async function openDevice(index = 0): Promise<Device> {
  if (!(Number.isInteger(index) && index >= 0)) {
    throw new GpuError(`A device is a whole number from 0, not ${brief(index)}.`);
  }
  const found = await findAdapters(index + 1);
  if (found.length === 0) throw noAdapter();
  const chosen = found[index];
  if (!chosen) {
    const list = found.map((f, i) => `${i} ${f.summary.name}`).join(", ");
    throw new GpuError(`There is no device ${index}. Choose one of: ${list}.`);
  }
  const { adapter, summary } = chosen;
  const requiredLimits: Record<string, number> = {};
  for (const name in adapter.limits) {
    const value = Number(adapter.limits[name as keyof GPUSupportedLimits]);
    // Some drivers report "no limit" as 2⁶⁴ − 1, which requestDevice refuses as a number.
    if (Number.isFinite(value)) requiredLimits[name] = Math.min(value, 2 ** 32 - 1);
  }
  const timestamps = adapter.features.has("timestamp-query");
  const base = (["timestamp-query", "shader-f16"] as const).filter((name) => adapter.features.has(name));
  // Deno hides "subgroups" from adapter.features, yet grants it: the only way to know is to ask.
  const subgroups = "subgroups" as GPUFeatureName;
  const { subgroupMinSize = 0 } = adapter.info as GPUAdapterInfo & { subgroupMinSize?: number };
  const open = (features: GPUFeatureName[]) => adapter.requestDevice({ requiredFeatures: features, requiredLimits });
  // Where they are not offered, workgroup memory serves instead.
  const shuffling = subgroupMinSize < LANES ? undefined : await open([...base, subgroups]).catch(() => undefined);
  try {
    const gpu = shuffling ?? await open(base);
    const textures = summary.software && await writesTextures(gpu);
    return new Device(gpu, summary, shuffling !== undefined, timestamps, textures);
  } catch (cause) {
    throw new GpuError(`${summary.name} gave no device: ${(cause as Error).message}`, { cause });
  }
}
