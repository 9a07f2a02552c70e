/**
 * A graph is recorded once per size and replayed every step. Ops append dispatches over tensors that have no memory
 * yet; `compile` gives all of them places by their lifetimes, makes the pipelines, bind groups and one uniform buffer,
 * and returns a program that creates nothing when it runs.
 *
 * @module
 */
import { GpuError } from "../errors.ts";
import type { Device, Precision } from "./device.ts";
import { type Kernel, pipelineFor, pipelineKey, type Variant } from "./kernel.ts";
import { packStruct, type Values } from "./struct.ts";
import { planMemory, planSlots } from "./memory_plan.ts";
import { Program } from "./program.ts";
import type { Replay } from "./replay.ts";
import { StreamedProgram, type WeightStream, type Window, windowsOf } from "./streamed_program.ts";
import {
  bindingOf,
  BUFFER_USAGE,
  expectFits,
  inTexture,
  makeTexturePlace,
  nothing,
  placeAlone,
  placeBytes,
  releasePlace,
  writeTensor,
} from "./storage.ts";
import { describeTensor, type ElementType, type Storage, type Tensor } from "./tensor.ts";

/** One kernel launch. */
export interface Dispatch {
  kernel: Kernel;
  /** Compile-time constants; few distinct values, since each set is a pipeline of its own. */
  constants?: Record<string, number>;
  /** Uniforms by the names of the fields of the shader's `struct Params`. */
  params: Values;
  /** Tensors in the order of the bindings. */
  bindings: Tensor[];
  /** The one of them that it writes. Default: the last. */
  writes?: Tensor;
  /** Number of workgroups. */
  grid: [number, number?, number?];
  /** Multiplications and additions, where they are what it is about; for benchmarks. */
  flops?: number;
}

/** A dispatch whose uniforms are packed. */
interface Recorded extends Dispatch {
  words: Uint32Array<ArrayBuffer>;
}

interface Life {
  tensor: Tensor;
  first: number;
  last: number;
}

/** Records dispatches and the lifetimes of the tensors between them. */
export class Graph {
  readonly #dispatches: Recorded[] = [];
  readonly #lives = new Map<Tensor, Life>();
  readonly #own = new Set<Tensor>();
  readonly #kept = new Set<Tensor>();
  /** First dispatch of each section. */
  readonly #sections = [0];
  readonly #constants = new Map<Tensor, Uint32Array<ArrayBuffer> | Float32Array<ArrayBuffer>>();

  /** @param precision Storage of the activations and weights of all ops recorded here. */
  constructor(readonly device: Device, readonly label: string, readonly precision: Precision) {}

  /**
   * A tensor that lives from the dispatch that writes it to the last that reads it. Default type: the graph's
   * precision.
   */
  tensor(
    label: string,
    shape: readonly number[],
    type: ElementType = this.precision,
    storage: Storage = "quads",
  ): Tensor {
    const tensor = describeTensor(label, shape, type, storage);
    expectFits(this.device, tensor, this.label);
    this.#own.add(tensor);
    return tensor;
  }

  /** A tensor the host writes before a run; it keeps its contents between runs. */
  input(
    label: string,
    shape: readonly number[],
    type: ElementType = this.precision,
    storage: Storage = "quads",
  ): Tensor {
    const tensor = this.tensor(label, shape, type, storage);
    this.#kept.add(tensor);
    return tensor;
  }

  /** A table that no kernel changes, in a buffer of its own. */
  constant(label: string, data: Uint32Array<ArrayBuffer> | Float32Array<ArrayBuffer>): Tensor {
    const type = data instanceof Uint32Array ? "u32" : "f32";
    const tensor = describeTensor(label, [data.length], type, "plain");
    this.#constants.set(tensor, data);
    return tensor;
  }

  /** Stands in for an operand that a dispatch does not have: WebGPU wants every binding bound. */
  nothing(name: string, storage: Storage = "quads", type: Precision = this.precision): Tensor {
    return nothing(this.device, type, storage, name);
  }

  /** Keeps `tensor` readable after the run. */
  output(tensor: Tensor): Tensor {
    this.#kept.add(tensor);
    return tensor;
  }

  /** What is recorded so far, in order. */
  get dispatches(): readonly Dispatch[] {
    return this.#dispatches;
  }

  /** Appends one kernel launch. */
  dispatch(dispatch: Dispatch): void {
    const at = this.#dispatches.length;
    this.#expectGrid(dispatch);
    for (const tensor of dispatch.bindings) {
      if (!this.#own.has(tensor)) continue; // weights, tables and other graphs' results have places of their own
      const life = this.#lives.get(tensor);
      if (life) life.last = at;
      else this.#lives.set(tensor, { tensor, first: at, last: at });
    }
    this.#dispatches.push({ ...dispatch, words: packStruct(dispatch.kernel, "Params", dispatch.params) });
  }

  /**
   * What is recorded from here on is a section of its own, which a program runs by itself. Sections do not run
   * together, so their activations share memory; inputs and outputs keep theirs.
   * @returns its number
   */
  beginSection(): number {
    if (this.#dispatches.length > this.#sections[this.#sections.length - 1]) {
      this.#sections.push(this.#dispatches.length);
    }
    return this.#sections.length - 1;
  }

  /** Each section's dispatches: the first, and the one behind the last. */
  #spans(): [first: number, end: number][] {
    return this.#sections.map((first, i) => [first, this.#sections[i + 1] ?? this.#dispatches.length]);
  }

  #expectGrid({ kernel, grid }: Dispatch): void {
    const most = this.device.gpu.limits.maxComputeWorkgroupsPerDimension;
    const sizes = grid.map((size) => size ?? 1);
    if (sizes.some((size) => size < 1)) {
      throw new GpuError(`${this.label}: there is nothing to compute in ${kernel.name}: one of its sizes is 0.`);
    }
    if (sizes.some((size) => size > most)) {
      throw new GpuError(
        `${this.label}: ${kernel.name} would need ${
          sizes.join("×")
        } workgroups, but ${this.device.summary.name} starts at ` +
          `most ${most} each way. Choose a smaller size.`,
      );
    }
  }

  /** Bytes of all activations at their peak, which {@linkcode compile} will allocate. Allocates nothing itself. */
  planBytes(): number {
    const { buffers, textures } = this.#planned();
    return [...buffers.flatMap(({ plan }) => plan.arenas), ...textures.plan.sizes].reduce((a, b) => a + b, 0);
  }

  #planned() {
    const end = this.#dispatches.length;
    for (const tensor of this.#kept) {
      if (!this.#lives.has(tensor) && !tensor.place) {
        throw new Error(`${this.label}: tensor "${tensor.label}" is unused.`);
      }
    }
    const lives = [...this.#lives.values()].map(({ tensor, first, last }) => ({
      tensor,
      bytes: placeBytes(this.device, tensor),
      kind: `${tensor.type} ${tensor.storage}`,
      ...(this.#kept.has(tensor) ? { first: 0, last: end } : { first, last }),
    }));
    const inBuffers = lives.filter((life) => !inTexture(this.device, life.tensor));
    const inTextures = lives.filter((life) => inTexture(this.device, life.tensor));
    const alignment = Math.max(256, this.device.gpu.limits.minStorageBufferOffsetAlignment);
    // Kernels bind weights read-only, which WebGPU refuses for a buffer that the same dispatch writes to: unpacked ones
    // have arenas of their own.
    const weights = Map.groupBy(inBuffers, ({ tensor: { storage } }) => storage === "panels");
    return {
      buffers: [...weights.values()].map((lives) => {
        return { lives, plan: planMemory(lives, alignment, this.device.maxBuffer) };
      }),
      textures: { lives: inTextures, plan: planSlots(inTextures) },
    };
  }

  /** Gives every tensor its place and returns the arenas. */
  #allocate(): Tensor[] {
    const { device, label } = this;
    const { buffers, textures } = this.#planned();
    const ranges = buffers.flatMap(({ lives, plan }) => {
      const arenas = plan.arenas.map((bytes, i): Tensor => ({
        ...describeTensor(`${label} arena ${i}`, [bytes / 4], "u32", "plain"),
        place: { buffer: device.buffer(`${label} arena ${i}`, bytes, BUFFER_USAGE), offset: 0 },
      }));
      lives.forEach(({ tensor }, i) => {
        const { arena, offset } = plan.places[i];
        tensor.place = { buffer: (arenas[arena].place as { buffer: GPUBuffer }).buffer, offset };
      });
      return arenas;
    });
    const slots = textures.plan.sizes.map((bytes, slot): Tensor => {
      const like = textures.lives[textures.plan.slots.indexOf(slot)].tensor;
      return { ...like, place: makeTexturePlace(device, like, bytes, `${label} slot ${slot}`) };
    });
    textures.lives.forEach(({ tensor }, i) => tensor.place = slots[textures.plan.slots[i]].place);
    return [...ranges, ...slots];
  }

  /** Bytes of the largest window of streamed weights that {@linkcode compileStreamed} would make. */
  windowBytes(stream: Pick<WeightStream, "tensors" | "windowBytes">): number {
    return this.#windows(stream).flat().reduce((most, { bytes }) => Math.max(most, bytes), 0);
  }

  /** The windows of each section. */
  #windows(stream: Pick<WeightStream, "tensors" | "windowBytes">): Window[][] {
    return this.#spans().map(([from, to]) =>
      windowsOf(this.device, this.#dispatches.slice(from, to).map(({ bindings }) => bindings), stream)
        .map((window) => ({ ...window, first: window.first + from, end: window.end + from }))
    );
  }

  /**
   * Allocates, compiles and binds everything once.
   * @param signal heeded between the pipelines: its reason is thrown, and what was allocated is free again
   */
  async compile(signal?: AbortSignal): Promise<Program> {
    const { device, label } = this;
    const bytes = this.planBytes();
    const started = performance.now();
    const { places, bind } = await this.#prepare(signal);
    device.gpu.pushErrorScope("validation");
    try {
      let refused: Promise<GPUError | null>;
      let sections: Replay[][];
      try {
        sections = this.#spans().map(([first, end]) => bind(first, end));
      } finally {
        refused = device.gpu.popErrorScope(); // whatever happens: the errors of others are not for this scope
      }
      const error = await refused;
      if (error) throw new GpuError(`${label} cannot be set up on ${device.summary.name}: ${error.message}`);
      device.tracer?.span(`compile ${label}`, started);
      return new Program(device, label, sections, places, bytes);
    } catch (error) {
      for (const place of places) releasePlace(device, place); // weights may have left while pipelines were made
      throw error;
    }
  }

  /** As {@linkcode Graph.compile}, for weights that are not on the device and shall not stay there. */
  async compileStreamed(stream: WeightStream, signal?: AbortSignal): Promise<StreamedProgram> {
    const { places, bind } = await this.#prepare(signal);
    return new StreamedProgram(this.device, this.label, stream, this.#windows(stream), bind, places);
  }

  /**
   * Makes the pipelines, which is most of what {@linkcode compile} takes, and allocates nothing.
   * @param signal heeded between them: its reason is thrown
   * @returns that of each dispatch
   */
  async pipelines(signal?: AbortSignal): Promise<GPUComputePipeline[]> {
    const { device } = this;
    const pipelines: GPUComputePipeline[] = [];
    const variants = this.#dispatches.map((dispatch) => this.#variant(dispatch));
    const missing = new Set(variants.map(pipelineKey).filter((key) => !device.pipelines.has(key)));
    const total = missing.size;
    for (const variant of variants) {
      if (missing.delete(pipelineKey(variant))) device.onCompile?.({ done: total - missing.size - 1, total });
      pipelines.push(await pipelineFor(device, variant, signal));
    }
    return pipelines;
  }

  async #prepare(signal?: AbortSignal) {
    const { device, label } = this;
    const pipelines = await this.pipelines(signal);
    const arenas = this.#allocate();
    for (const [tensor, data] of this.#constants) writeTensor(device, placeAlone(device, tensor), data);

    const slot = Math.max(256, device.gpu.limits.minUniformBufferOffsetAlignment);
    const words = new Uint32Array(Math.max(1, this.#dispatches.length) * (slot / 4));
    this.#dispatches.forEach((d, i) => words.set(d.words, (i * slot) / 4));
    const uniforms = device.buffer(
      `${label} uniforms`,
      words.byteLength,
      GPUBufferUsage.UNIFORM | GPUBufferUsage.COPY_DST,
    );
    device.gpu.queue.writeBuffer(uniforms, 0, words);

    const uniformTensor = {
      ...describeTensor(`${label} uniforms`, [words.length], "u32", "plain"),
      place: { buffer: uniforms, offset: 0 },
    };
    const places = [...arenas, ...this.#constants.keys(), uniformTensor];
    const bind = (first: number, end: number) =>
      this.#dispatches.slice(first, end).map((dispatch, i): Replay => ({
        pipeline: pipelines[first + i],
        bindGroup: this.#bindGroup(dispatch, pipelines[first + i], uniforms, (first + i) * slot),
        grid: dispatch.grid,
        name: dispatch.kernel.name,
        result: dispatch.writes ?? dispatch.bindings[dispatch.bindings.length - 1],
        flops: dispatch.flops,
      }));
    return { places, bind };
  }

  #variant(dispatch: Dispatch): Variant {
    return { kernel: dispatch.kernel, precision: this.precision, constants: dispatch.constants ?? {} };
  }

  #bindGroup(dispatch: Recorded, pipeline: GPUComputePipeline, uniforms: GPUBuffer, offset: number): GPUBindGroup {
    const size = Math.max(16, Math.ceil(dispatch.words.length / 4) * 16);
    const entries: GPUBindGroupEntry[] = [{ binding: 0, resource: { buffer: uniforms, offset, size } }];
    dispatch.bindings.forEach((tensor, i) => entries.push({ binding: i + 1, resource: bindingOf(tensor) }));
    return this.device.gpu.createBindGroup({
      label: dispatch.kernel.name,
      layout: pipeline.getBindGroupLayout(0),
      entries,
    });
  }
}
