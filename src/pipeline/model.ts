/**
 * A model on a device: its parts, and when their weights are there.
 *
 * @module
 */
import { BUNDLED_MODEL } from "../assets.ts";
import { ModelError, orCancelled, UsageError } from "../errors.ts";
import { AdaptedSource } from "../adapter/adapted_source.ts";
import { ADAPTED } from "../adapter/keys.ts";
import { AdapterShelf, loraFolders } from "../adapter/shelf.ts";
import type { TensorSource } from "../formats/tensor_source.ts";
import { type Device, openDevice, type Precision } from "../gpu/device.ts";
import type { WeightStream } from "../gpu/streamed_program.ts";
import type { Tensor } from "../gpu/tensor.ts";
import { checkLoad } from "../settings.ts";
import type { NetworkInput } from "../settings/kinds.ts";
import { modelName, openCheckpoint, type OpenOptions } from "../model/checkpoint.ts";
import { WEIGHTS } from "../model/find_models.ts";
import { controlNetBeside, openControlNet } from "../model/controlnet_file.ts";
import { fetchModel } from "../hub/fetch_model.ts";
import { hashTensors } from "../model/identity.ts";
import type { Checkpoint } from "../model/parts.ts";
import type { Backbone } from "../nn/backbone.ts";
import type { ClipConfig } from "../nn/clip.ts";
import type { TaesdConfig } from "../nn/taesd.ts";
import type { RrdbConfig } from "../nn/rrdbnet.ts";
import { openPackedCache, packedFolder } from "../nn/packed_cache.ts";
import type { KeptType } from "../ops/weight.ts";
import { readVaeConfig, type VaeConfig } from "../nn/vae.ts";
import { once } from "../once.ts";
import { unlessAborted } from "../unless_aborted.ts";
import type { AppliedLora } from "./loras.ts";
import {
  type Backbones,
  declareBackbone,
  declareControlNet,
  declareDecoder,
  declareEncoder,
  declareTaesd,
  type Networks,
  type OpenedControlNet,
  STREAM_WINDOW,
} from "./networks.ts";
import { multiplier } from "./multiply.ts";
import type { Part, PartOptions } from "./part.ts";
import { storageOf, type WeightType } from "./weight_type.ts";
import type { Offload, Stage } from "./stage.ts";
import { declareUpscaler } from "./upscaler.ts";
import { declareTextEncoder } from "./text_encoder.ts";

/** How far loading has come. */
export interface LoadProgress {
  /** On the device. */
  doneBytes: number;
  /** Of all parts that are being loaded. */
  totalBytes: number;
}

/** When and from where weights come to the device. */
export interface ModelOptions {
  /** @internal Which matrices stay quantised on the device. */
  keep?: PartOptions["keep"];
  /** Load each part only while it is needed, and free it afterwards; "stream" loads even the UNet in pieces. */
  offload?: Offload;
  /** Leave the weights in their files until the first drawing needs them. */
  lazy?: boolean;
  /** Bytes of a streamed UNet's weights that are on the device at once. Default 256 MiB. */
  streamWindow?: number;
  /** Keep weights packed in the user's cache folder, and load them from there the next time. */
  cachePacked?: boolean;
  /** Called with remarks while weights are loaded. */
  onMessage?: (sentence: string) => void;
  /** @internal Backbones besides the U-Net, by the class that a config names. */
  backbones?: Backbones;
  /** Folder of LoRAs for the names in prompts. Default: `loras` beside the model, then in the user's data folder. */
  loraDir?: string;
}

/** Choices when a model is loaded. */
export interface LoadOptions extends ModelOptions {
  /**
   * Storage of weights and activations; auto is f16, and what is q8_0 or q4_0 in its file stays so on the device. q8_0
   * and q4_0 quantise the matrices of UNet, text encoders and ControlNets as they are loaded. Sums are f32; with f16, a
   * GPU may sum products in f16, 32 at a time.
   */
  type?: WeightType;
  /** Device to use, or its number in `listAdapters`. Default: the first. */
  device?: Device | number;
  /** Do not try the kernels where a GPU is used for the first time: take the usual ones. */
  noTune?: boolean;
  /** Called after each piece. What it throws ends the loading. */
  onProgress?: (progress: LoadProgress) => void;
  /** Aborting it ends the loading, as `checkpoint.signal` does, and later the download of a ControlNet. */
  signal?: AbortSignal;
  /** Passed on to the checkpoint reader: preset, separate VAE and the like. */
  checkpoint?: OpenOptions;
}

/** How some of the parts are loaded. */
interface LoadPartsOptions {
  onProgress?: (progress: LoadProgress) => void;
  only?: ReadonlySet<Tensor>;
  signal?: AbortSignal;
}

/** A loaded model. */
export class Model implements Networks, Disposable {
  /** @internal */
  readonly offload: Offload;
  /** @internal */
  readonly lazy: boolean;
  /** @internal */
  readonly streamWindow: number;
  /** @internal */
  readonly textEncoders: readonly Part<ClipConfig>[];
  /** @internal What predicts noise. */
  readonly backbone: Part<Backbone>;
  /** @internal In f32 where f16 would overflow. */
  readonly decoder: Part<VaeConfig>;
  /** @internal LoRAs that fit it. */
  readonly adapters: AdapterShelf;
  #encoder?: Part<VaeConfig>;
  /** Networks that are opened beside the model, by what names them. */
  readonly #upscalers = new Map<string, Promise<Part<RrdbConfig>>>();
  readonly #taesds = new Map<string, Promise<Part<TaesdConfig>>>();
  readonly #controlNets = new Map<string, Promise<OpenedControlNet>>();
  /** Their parts: ControlNets', and the others'. */
  readonly #controlParts: OpenedControlNet["part"][] = [];
  readonly #otherParts: Part[] = [];
  #fetching: Pick<NonNullable<LoadOptions["checkpoint"]>, "onDownload" | "signal"> = {};
  readonly #options: ModelOptions;
  readonly #packed = new Map<Part, TensorSource | undefined>();
  /** Resolved when nothing draws. */
  #idle: Promise<void> = Promise.resolve();
  /** Opened for this model alone, so closed with it. */
  #ownDevice = false;
  #closed = false;

  /** Reads the configs and checks that every tensor is there; moves nothing yet. */
  constructor(
    readonly device: Device,
    /** @internal */
    readonly checkpoint: Checkpoint,
    readonly precision: Precision,
    options: ModelOptions = {},
  ) {
    this.offload = options.offload ?? false;
    this.lazy = options.lazy ?? false;
    this.streamWindow = options.streamWindow ?? STREAM_WINDOW;
    this.#options = options;
    const { unet, vae, textEncoders, family, path } = checkpoint;
    const { keep } = options;
    const multiply = multiplier(device);
    const [unetSource, ...textSources] = [unet, ...textEncoders].map(({ source }, i) =>
      new AdaptedSource(source, ADAPTED[i], multiply)
    );
    this.textEncoders = textEncoders.map((files, i) =>
      declareTextEncoder(device, ADAPTED[i + 1], { precision, keep }, { ...files, source: textSources[i] })
    );
    this.backbone = declareBackbone(device, { precision, keep }, { ...unet, source: unetSource }, options.backbones);
    const bases = Object.fromEntries([unet, ...textEncoders].map(({ source }, i) => [ADAPTED[i], source]));
    const isFolder = !WEIGHTS.test(path);
    const { loraDir } = options;
    this.adapters = new AdapterShelf(bases, loraDir === undefined ? loraFolders(path, isFolder) : [loraDir]);
    const config = readVaeConfig(vae.config);
    const { outChannels, entryVectors: { added } } = this.backbone.network;
    const pooled = new Float32Array(this.textEncoders.at(-1)!.network.projection);
    if (added && added.of({ pooled, sizes: new Array<number>(6).fill(0) }).length !== added.width) {
      throw new ModelError(
        `${path}: the UNet is told ${added.width} numbers of pooled prompt and sizes, to which the last text encoder's ` +
          `${pooled.length} do not add up.`,
      );
    }
    if (outChannels !== config.latentChannels) {
      throw new ModelError(
        `${path}: the UNet makes ${outChannels} latent channels, the VAE reads ${config.latentChannels}.`,
      );
    }
    this.decoder = declareDecoder(
      device,
      config.forceUpcast && family === "sdxl" ? "f32" : precision,
      config,
      vae.source,
    );
  }

  /** @internal Pixels to latents; declared when it is first asked for. */
  get encoder(): Part<VaeConfig> {
    const { device, decoder: { network, weights, source } } = this;
    return this.#encoder ??= declareEncoder(device, weights.precision, network, source);
  }

  /** @internal A quick decoder, by its file; opened once. */
  async taesd(path: string): Promise<Part<TaesdConfig>> {
    const { latentChannels } = this.decoder.network;
    return await once(
      this.#taesds,
      path,
      async () => this.#beside(await declareTaesd(this.device, this.precision, path, latentChannels)),
    );
  }

  /** @internal A network that enlarges pictures, by its file; opened once. */
  async upscaler(path: string): Promise<Part<RrdbConfig>> {
    return await once(
      this.#upscalers,
      path,
      async () => this.#beside(await declareUpscaler(this.device, this.precision, path)),
    );
  }

  /** Closed with the model, or at once where that was closed while it was opened. */
  #beside<Network>(part: Part<Network>): Part<Network> {
    if (this.#closed) part.source?.close();
    this.expectOpen();
    this.#otherParts.push(part);
    return part;
  }

  /**
   * @internal A ControlNet, opened when it is first asked for: a part like the others from then on.
   * @param model path of a diffusers folder or a file, the name of a folder in the model's own, or a name on the hub
   * @throws ModelError where it is none, or one for models of another family; UsageError for a recipe's, which is only
   *   a name
   */
  async controlNet(model: NetworkInput): Promise<OpenedControlNet> {
    if (typeof model !== "string") {
      throw new UsageError(`The ControlNet ${model.name} is not part of the recipe: name it with --control-net.`);
    }
    return await once(this.#controlNets, model, () => this.#openControlNet(model));
  }

  async #openControlNet(model: string): Promise<OpenedControlNet> {
    const { device, precision, checkpoint: { family, path: own }, backbone, textEncoders } = this;
    const { onDownload: onProgress, signal } = this.#fetching;
    const path = await controlNetBeside(own, model) ?? await fetchModel(model, { onProgress, signal });
    const pooledWidth = family === "sdxl" ? textEncoders.at(-1)!.network.projection : 0;
    const file = await openControlNet(path, { family, contextWidth: backbone.network.contextDim, pooledWidth });
    try {
      const named = { name: modelName(path), hash: await hashTensors(file.source) };
      this.expectOpen(); // it may have been closed meanwhile
      const kept = { precision, keep: this.#options.keep };
      const part = declareControlNet(device, `controlnet:${this.#controlParts.length}`, kept, file);
      this.#controlParts.push(part);
      return { part, named };
    } catch (error) {
      file.source.close();
      throw error;
    }
  }

  /** @internal All that are declared, in the order in which they are loaded. */
  get parts(): readonly Part[] {
    return [
      ...this.textEncoders,
      this.backbone,
      this.decoder,
      ...(this.#encoder ? [this.#encoder] : []),
      ...this.#controlParts,
      ...this.#otherParts,
    ];
  }

  /**
   * @internal The `--type` by which the same pictures come about: weights that stay quantised as their file has them
   * give those of f16.
   */
  get storedAs(): Precision | KeptType {
    const { keep = "file" } = this.#options;
    return keep === "file" ? this.precision : keep;
  }

  /** Bytes that all weights take on the device. */
  get weightsBytes(): number {
    return this.parts.reduce((sum, { weights }) => sum + weights.bytes, 0);
  }

  /**
   * @internal Loads whatever of `parts` is not on the device yet; where `only` is given, just these of the matrices.
   * Where `signal` aborts, its reason is thrown.
   */
  async load(parts: readonly Part[], { onProgress, only, signal }: LoadPartsOptions = {}): Promise<void> {
    const totalBytes = parts.reduce((sum, { weights }) => sum + weights.bytes, 0);
    let doneBytes = 0;
    try {
      for (const part of parts) {
        const [started, before] = [performance.now(), doneBytes];
        await part.weights.load(part.source!, {
          packed: await this.#packedOf(part, signal),
          onProgress: (bytes) => onProgress?.({ doneBytes: doneBytes += bytes, totalBytes }),
          only,
          signal,
        });
        if (doneBytes > before) this.device.tracer?.span(`load ${part.name}`, started);
      }
    } finally {
      // What came after the model was closed leaves, too.
      if (this.#closed) { for (const { weights } of parts) weights.release(); }
    }
    this.expectOpen(); // what would use them now breaks a device that others use as well
  }

  /**
   * @internal Brings a stage's parts to the device. Disposing of what is returned lets them go again where `offload`
   * wants that.
   */
  async hold({ parts, streams }: Stage, offload: Offload, signal?: AbortSignal): Promise<Disposable> {
    // What steered another drawing and not this one makes room.
    if (streams) { for (const part of this.#controlParts) if (!parts.includes(part)) part.weights.release(); }
    const leave = () => {
      if (offload) { for (const { weights } of parts) weights.release(); }
    };
    try {
      await this.load(parts, { only: streams && offload === "stream" ? new Set() : undefined, signal });
    } catch (error) {
      leave();
      throw error;
    }
    return { [Symbol.dispose]: leave };
  }

  /** @internal The matrices of a stage's parts from their files, where they do not stay on the device. */
  streamOf({ parts }: Stage, signal?: AbortSignal): WeightStream {
    return {
      tensors: new Set(parts.flatMap(({ weights }) => [...weights.matrices])),
      windowBytes: this.streamWindow,
      bring: (only) => this.load(parts, { only, signal }),
      leave: (matrices) => parts.forEach(({ weights }) => weights.releaseMatrices(matrices)),
    };
  }

  /** A part's packed weights, where they are kept. */
  async #packedOf(part: Part, signal?: AbortSignal): Promise<TensorSource | undefined> {
    const { cachePacked, onMessage = () => {} } = this.#options;
    if (!cachePacked || part.weights.ready) return undefined;
    if (!this.#packed.has(part)) {
      const packed = await openPackedCache(packedFolder(), part.weights, part.source!, onMessage, signal);
      if (this.#closed) packed?.close();
      this.expectOpen();
      this.#packed.set(part, packed);
    }
    return this.#packed.get(part);
  }

  /**
   * @internal Merges these LoRAs into the weights instead of those before. Weights that change leave the device, and
   *   come back changed when they are needed next. A drawing does this when its turn comes.
   * @param parts whose weights may change
   */
  adapt(loras: readonly AppliedLora[], parts: readonly Part[] = [...this.textEncoders, this.backbone]): void {
    for (const part of parts) {
      const { source, weights } = part;
      if (!(source instanceof AdaptedSource)) continue;
      const strengths = loras.map(({ adapter, unet, textEncoder }) => ({
        adapter,
        weight: source.part === "unet" ? unet : textEncoder,
      }));
      if (!source.use(strengths)) continue;
      weights.release();
      this.#packed.get(part)?.close();
      this.#packed.delete(part);
    }
  }

  /**
   * @internal Waits for the drawings that were begun before. Disposing of what is returned lets the next one begin.
   * @throws UsageError where the model is closed, the signal's reason where that ends the waiting
   */
  async turn(signal?: AbortSignal): Promise<Disposable> {
    const before = this.#idle;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#idle = promise;
    try {
      await unlessAborted(before, signal);
      this.expectOpen();
    } catch (error) {
      before.then(resolve);
      throw error;
    }
    return { [Symbol.dispose]: resolve };
  }

  /** @internal Whether it draws no more. */
  get closed(): boolean {
    return this.#closed;
  }

  /** @internal @throws UsageError where it draws no more */
  expectOpen(): void {
    if (this.#closed) throw new UsageError("The model is closed: load it again.");
  }

  /**
   * Frees the device memory and closes the files, and the device where it was opened with the model. Done once, however
   * often it is called; what is being drawn fails.
   */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    for (const { weights } of this.parts) weights.release();
    for (const { source } of [...this.#controlParts, ...this.#otherParts]) source?.close();
    for (const packed of this.#packed.values()) packed?.close();
    this.adapters.close();
    this.checkpoint.close();
    if (this.#ownDevice) this.device.close();
  }

  /** {@linkcode Model.close} */
  [Symbol.dispose](): void {
    this.close();
  }

  /** See {@linkcode loadModel}. */
  static async open(path: string, options: LoadOptions): Promise<Model> {
    storageOf(options.type); // refused before anything is fetched
    const signal = options.checkpoint?.signal;
    const checkpoint = await openCheckpoint(path, options.checkpoint);
    let opened: Device | undefined;
    let model: Model | undefined;
    try {
      const device = typeof options.device === "object" ? options.device : opened = await openDevice(options.device);
      if (!options.noTune && !device.summary.software) {
        const { tuneOnce, usesOf } = await import("./tuning.ts");
        await tuneOnce(device, { uses: usesOf(checkpoint), say: options.onMessage, signal });
      }
      const { precision, keep } = storageOf(options.type);
      model = new Model(device, checkpoint, precision, { ...options, keep });
      model.#ownDevice = opened !== undefined;
      model.#fetching = options.checkpoint ?? {};
      if (!model.offload && !model.lazy) await model.load(model.parts, { onProgress: options.onProgress, signal });
      return model;
    } catch (error) {
      if (model) model.close(); // frees what is loaded already, on a device that others use as well
      else {
        checkpoint.close();
        opened?.close();
      }
      throw error;
    }
  }
}

/**
 * Opens a model and brings it to the device.
 * @param path diffusers folder or single file; default: the bundled model
 * @throws ModelError naming the file and what is wrong with it, CancelledError when the signal aborts
 */
export async function loadModel(path: string = BUNDLED_MODEL, options: LoadOptions = {}): Promise<Model> {
  checkLoad(path, options);
  const signal = options.signal ?? options.checkpoint?.signal;
  try {
    return await Model.open(path, { ...options, checkpoint: { ...options.checkpoint, signal } });
  } catch (error) {
    throw orCancelled(error, signal);
  }
}
