/**
 * Where a picture's latents live while it is sampled: numbered slots on the device.
 *
 * @module
 */
import { GpuError } from "../errors.ts";
import type { Device } from "../gpu/device.ts";
import { Graph } from "../gpu/graph.ts";
import type { Program } from "../gpu/program.ts";
import { placeAlone, readTensor, releasePlace, writeTensor } from "../gpu/storage.ts";
import { describeTensor, padChannels, type Tensor } from "../gpu/tensor.ts";
import { combine, NEGATIVE_SLOT, SCRATCH_SLOT, TERM_WORDS, termWords } from "../ops/latents.ts";
import type { LatentSpace, NoiseGenerator, Term } from "../sample/types.ts";

/** Number of a slot. */
export type Slot = number;

/** More than any sampler keeps and makes within a step. */
export const SLOTS = 24;

/** Size of a latent picture. */
export interface LatentSize {
  height: number;
  width: number;
  channels: number;
}

/** All slots, without a place yet: plain f32 [slots, height, width, channels padded to 4]. */
export function latentsTensor({ height, width, channels }: LatentSize): Tensor {
  return describeTensor("latents", [SLOTS, height, width, padChannels(channels)], "f32", "plain");
}

/**
 * The sampler's values as slots of one f32 buffer. Everything is made once; sampling only writes numbers and submits.
 */
export class DeviceLatents implements LatentSpace<Slot>, Disposable {
  /** plain f32 [slots, height, width, channels padded to 4] */
  readonly tensor: Tensor;
  readonly #terms: Tensor;
  readonly #held = new Set<Slot>([SCRATCH_SLOT, NEGATIVE_SLOT]);
  readonly #used = new Set<Slot>([SCRATCH_SLOT, NEGATIVE_SLOT]);

  private constructor(
    readonly device: Device,
    readonly size: LatentSize,
    readonly generator: NoiseGenerator,
    tensor: Tensor,
    terms: Tensor,
    readonly program: Program,
  ) {
    this.tensor = tensor;
    this.#terms = terms;
  }

  /**
   * Allocates the slots. `generator` draws the picture's noise, first its initial latents.
   * @throws GpuError where the device cannot hold so large a picture; nothing stays allocated then
   */
  static async create(device: Device, size: LatentSize, generator: NoiseGenerator): Promise<DeviceLatents> {
    const tensor = latentsTensor(size);
    const terms = describeTensor("terms", [TERM_WORDS], "u32", "plain");
    const graph = new Graph(device, "combine", "f32");
    combine(graph, tensor, terms);
    try {
      placeAlone(device, tensor);
      placeAlone(device, terms);
      return new DeviceLatents(device, size, generator, tensor, terms, await graph.compile());
    } catch (error) {
      releasePlace(device, tensor);
      releasePlace(device, terms);
      throw error;
    }
  }

  /** A free slot, taken until {@linkcode DeviceLatents.keepOnly}. */
  take(): Slot {
    for (let slot = 0; slot < SLOTS; slot++) {
      if (this.#used.has(slot)) continue;
      this.#used.add(slot);
      return slot;
    }
    throw new GpuError(`A sampler made more than ${SLOTS} latents within one step.`);
  }

  /** Keeps a slot for as long as there are latents. */
  hold(slot: Slot): Slot {
    this.#held.add(slot);
    return slot;
  }

  /** Frees every slot but these and those that are held. */
  keepOnly(slots: Iterable<Slot>): void {
    this.#used.clear();
    for (const slot of this.#held) this.#used.add(slot);
    for (const slot of slots) this.#used.add(slot);
  }

  /** Σ cᵢ·vᵢ into a new slot, cut off at ±limit. */
  combine(terms: readonly Term<Slot>[], limit = Infinity): Slot {
    const out = this.take();
    writeTensor(this.device, this.#terms, termWords({ out, terms, limit }));
    this.program.run();
    return out;
  }

  /** Standard normal noise in a new slot, drawn in the order of torch's [channels, height, width]. */
  noise(): Slot {
    const { height, width, channels } = this.size;
    return this.write(this.generator.normal(channels * height * width));
  }

  /** Values [channels, height, width] into a new slot. */
  write(values: Float32Array): Slot {
    const { height, width, channels } = this.size;
    const padded = padChannels(channels);
    const area = height * width;
    const out = new Float32Array(area * padded);
    for (let c = 0; c < channels; c++) {
      for (let i = 0; i < area; i++) out[i * padded + c] = values[c * area + i];
    }
    const slot = this.take();
    writeTensor(this.device, this.#at(slot), out);
    return slot;
  }

  /** The values of a slot [channels, height, width]. Waits for the device. */
  async read(slot: Slot): Promise<Float32Array> {
    const { height, width, channels } = this.size;
    const padded = padChannels(channels);
    const area = height * width;
    const all = new Float32Array(await readTensor(this.device, this.#at(slot)));
    const out = new Float32Array(channels * area);
    for (let c = 0; c < channels; c++) for (let i = 0; i < area; i++) out[c * area + i] = all[i * padded + c];
    return out;
  }

  /** A slot alone. */
  #at(slot: Slot): Tensor {
    const one = describeTensor(`latents ${slot}`, this.tensor.shape.slice(1), "f32", "plain");
    const { buffer, offset } = this.tensor.place as { buffer: GPUBuffer; offset: number };
    return { ...one, place: { buffer, offset: offset + slot * one.bytes } };
  }

  /** Frees the slots. */
  [Symbol.dispose](): void {
    this.program.destroy();
    releasePlace(this.device, this.tensor);
    releasePlace(this.device, this.#terms);
  }
}
