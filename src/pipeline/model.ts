/**
 * A model on a device: its networks' configs and weights, and when they are there.
 *
 * @module
 */
import { BUNDLED_MODEL } from "../assets.ts";
import { ModelError } from "../errors.ts";
import { type Device, openDevice, type Precision } from "../gpu/device.ts";
import type { WeightStream } from "../gpu/streamed_program.ts";
import type { Tensor } from "../gpu/tensor.ts";
import { openCheckpoint } from "../model/checkpoint.ts";
import type { Checkpoint } from "../model/parts.ts";
import type { TensorSource } from "../formats/tensor_source.ts";
import { openPackedCache, packedFolder } from "../nn/packed_cache.ts";
import { readUNetConfig, type UNetConfig } from "../nn/unet.ts";
import { readVaeConfig, type VaeConfig } from "../nn/vae.ts";
import type { Weights } from "../nn/weights.ts";
import { declareDecoder, declareUNet, type Networks, type Offload, STREAM_WINDOW } from "./networks.ts";
import { TextEncoder } from "./text_encoder.ts";

/** How far loading has come. */
export interface LoadProgress {
  /** On the device. */
  doneBytes: number;
  /** Of all networks that are being loaded. */
  totalBytes: number;
}

/** When and from where weights come to the device. */
export interface ModelOptions {
  /** Load each network only while it is needed, and free it afterwards; "stream" loads even the UNet in parts. */
  offload?: Offload;
  /** Bytes of a streamed UNet's weights that are on the device at once. Default 256 MiB. */
  streamWindow?: number;
  /** Keep weights packed in the user's cache folder, and load them from there the next time. */
  cachePacked?: boolean;
  /** Told what there is to say while weights are loaded. */
  onMessage?: (sentence: string) => void;
}

/** Choices when a model is loaded. */
export interface LoadOptions extends ModelOptions {
  /** Storage of weights and activations; auto is f16. Sums are always f32. */
  type?: "auto" | Precision;
  /** Device to use, or its number in `listAdapters`. Default: the first. */
  device?: Device | number;
  /** Called after each piece. What it throws ends the loading. */
  onProgress?: (progress: LoadProgress) => void;
  /** Passed on to the checkpoint reader: preset, separate VAE and the like. */
  checkpoint?: Parameters<typeof openCheckpoint>[1];
}

/** A loaded model. */
export class Model implements Networks {
  /** May change as long as nothing is loaded. */
  offload: Offload;
  readonly streamWindow: number;
  readonly #options: ModelOptions;
  readonly #packed = new Map<Weights, TensorSource | undefined>();
  /** In the order of the checkpoint. */
  readonly textEncoders: TextEncoder[];
  /** Read from the checkpoint. */
  readonly unetConfig: UNetConfig;
  /** Where they are loaded, on the device. */
  readonly unetWeights: Weights;
  /** Read from the checkpoint. */
  readonly vaeConfig: VaeConfig;
  /** In f32 where f16 would overflow. */
  vaeWeights: Weights;

  /** Reads the configs and checks that every tensor is there; moves nothing yet. */
  constructor(
    readonly device: Device,
    readonly checkpoint: Checkpoint,
    readonly precision: Precision,
    options: ModelOptions = {},
  ) {
    this.offload = options.offload ?? false;
    this.streamWindow = options.streamWindow ?? STREAM_WINDOW;
    this.#options = options;
    const { unet: unetFiles, vae, textEncoders } = checkpoint;
    this.unetConfig = readUNetConfig(unetFiles.config);
    this.vaeConfig = readVaeConfig(vae.config);
    if (this.unetConfig.outChannels !== this.vaeConfig.latentChannels) {
      throw new ModelError(
        `${checkpoint.path}: the UNet makes ${this.unetConfig.outChannels} latent channels, the VAE reads ${this.vaeConfig.latentChannels}.`,
      );
    }
    const name = (i: number) => i === 0 ? "text encoder" : `text encoder ${i + 1}`;
    this.textEncoders = textEncoders.map((component, i) => new TextEncoder(device, precision, component, name(i)));
    this.unetWeights = declareUNet(device, this.unetConfig, precision);
    this.unetWeights.check(unetFiles.source, /^$/);
    const overflows = this.vaeConfig.forceUpcast && checkpoint.family === "sdxl";
    this.vaeWeights = declareDecoder(device, this.vaeConfig, overflows ? "f32" : precision);
    // Drawing from text never runs the encoder: it may be there, and stays on disk.
    this.vaeWeights.check(vae.source, /^encoder\.|^quant_conv\./);
  }

  /** Each network's weights and where they come from. */
  get #networks() {
    const { unet, vae } = this.checkpoint;
    return [
      ...this.textEncoders.map(({ weights, component }) => ({ weights, source: component.source })),
      { weights: this.unetWeights, source: unet.source },
      { weights: this.vaeWeights, source: vae.source },
    ];
  }

  /** Bytes that all weights take on the device. */
  get weightsBytes(): number {
    return this.#networks.reduce((sum, { weights }) => sum + weights.bytes, 0);
  }

  /** The UNet's matrices from the file, where they do not stay on the device. */
  get unetStream(): WeightStream | undefined {
    if (this.offload !== "stream") return undefined;
    const { unetWeights, checkpoint } = this;
    return {
      tensors: unetWeights.matrices,
      windowBytes: this.streamWindow,
      bring: async (only) => {
        const { source } = checkpoint.unet;
        await unetWeights.load(source, { only, packed: await this.#packedOf(unetWeights, source) });
      },
      leave: (matrices) => unetWeights.releaseMatrices(matrices),
    };
  }

  /** Loads whatever of `networks` is not on the device. Of a streamed UNet that is all but its matrices. */
  async ensure(networks: readonly Weights[], onProgress?: (progress: LoadProgress) => void): Promise<void> {
    const wanted = this.#networks.filter(({ weights }) => networks.includes(weights));
    const totalBytes = wanted.reduce((sum, { weights }) => sum + weights.bytes, 0);
    let doneBytes = 0;
    for (const { weights, source } of wanted) {
      await weights.load(source, {
        packed: await this.#packedOf(weights, source),
        onProgress: (bytes) => onProgress?.({ doneBytes: doneBytes += bytes, totalBytes }),
        only: weights === this.unetWeights && this.offload === "stream" ? new Set<Tensor>() : undefined,
      });
    }
  }

  /** A network's packed weights, where they are kept. */
  async #packedOf(weights: Weights, source: TensorSource): Promise<TensorSource | undefined> {
    const { cachePacked, onMessage = () => {} } = this.#options;
    if (!cachePacked || weights.ready) return undefined;
    if (!this.#packed.has(weights)) {
      this.#packed.set(weights, await openPackedCache(packedFolder(), weights, source, onMessage));
    }
    return this.#packed.get(weights);
  }

  /** Frees `networks` if the model is to be offloaded. */
  leave(networks: readonly Weights[]): void {
    if (this.offload) { for (const weights of networks) weights.release(); }
  }

  /** Makes the VAE compute in f32 from now on, for pictures that do not fit f16. */
  async upcastVae(): Promise<void> {
    this.vaeWeights.release();
    this.vaeWeights = declareDecoder(this.device, this.vaeConfig, "f32");
    await this.vaeWeights.load(this.checkpoint.vae.source);
  }

  /** Frees the device memory and closes the files. The device stays open. */
  close(): void {
    for (const { weights } of this.#networks) weights.release();
    for (const packed of this.#packed.values()) packed?.close();
    this.checkpoint.close();
  }
}

/**
 * Opens a model and brings it to the device.
 * @param path diffusers folder or single file; default: the bundled model
 * @throws ModelError naming the file and what is wrong with it
 */
export async function loadModel(path: string = BUNDLED_MODEL, options: LoadOptions = {}): Promise<Model> {
  const checkpoint = await openCheckpoint(path, options.checkpoint);
  let opened: Device | undefined;
  try {
    const device = typeof options.device === "object" ? options.device : opened = await openDevice(options.device);
    const model = new Model(device, checkpoint, options.type === "f32" ? "f32" : "f16", options);
    if (!model.offload) {
      const all = [...model.textEncoders.map((t) => t.weights), model.unetWeights, model.vaeWeights];
      await model.ensure(all, options.onProgress);
    }
    return model;
  } catch (error) {
    checkpoint.close();
    opened?.close();
    throw error;
  }
}
