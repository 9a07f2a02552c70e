/**
 * What a model is without its weights: its parts, and how they like to be used. Enough to prepare a drawing and to know
 * what it needs.
 *
 * @module
 */
import type { AdapterShelf } from "../adapter/shelf.ts";
import { ModelError } from "../errors.ts";
import type { TensorSource } from "../formats/tensor_source.ts";
import type { Device, Precision } from "../gpu/device.ts";
import { padChannels } from "../gpu/tensor.ts";
import { openTaesd } from "../model/taesd_file.ts";
import type { Checkpoint } from "../model/parts.ts";
import type { Config } from "../nn/config.ts";
import { type Backbone, recordSmallest } from "../nn/backbone.ts";
import { type ControlNetwork, readControlNet, recordSmallestControl } from "../nn/controlnet.ts";
import type { ClipConfig } from "../nn/clip.ts";
import type { RrdbConfig } from "../nn/rrdbnet.ts";
import { type TaesdConfig, taesdDecode } from "../nn/taesd.ts";
import { readUNet } from "../nn/unet.ts";
import { decode, encode, type VaeConfig } from "../nn/vae.ts";
import type { NetworkInput, NetworkName } from "../settings/kinds.ts";
import { declarePart, type Part, type PartOptions } from "./part.ts";
import type { Offload } from "./stage.ts";

/** Enough for any one layer of SDXL, little beside its activations. */
export const STREAM_WINDOW = 256 * 1024 * 1024;

/** What is known of a model without its weights. */
export interface Networks {
  /** @internal */
  readonly device: Device;
  /** @internal */
  readonly checkpoint: Pick<Checkpoint, "name" | "family" | "preset" | "scheduler" | "tokenizers">;
  /** @internal What leaves the device where a drawing does not say. */
  readonly offload: Offload;
  /** @internal Whether weights come when they are first needed, those of what decodes during the first step. */
  readonly lazy?: boolean;
  /** @internal Bytes of streamed weights that are on the device at once. */
  readonly streamWindow: number;
  /** @internal In the order in which their embeddings stand side by side. */
  readonly textEncoders: readonly Part<ClipConfig>[];
  /** @internal */
  readonly backbone: Part<Backbone>;
  /** @internal */
  readonly decoder: Part<VaeConfig>;
  /** @internal Pixels to latents; declared when it is first asked for. */
  readonly encoder: Part<VaeConfig>;
  /** @internal LoRAs that fit it. */
  readonly adapters: AdapterShelf;
  /** @internal A quick decoder, by its file. */
  taesd?(path: string): Promise<Part<TaesdConfig>>;
  /** @internal A network that enlarges pictures, by its file. */
  upscaler?(path: string): Promise<Part<RrdbConfig>>;
  /**
   * @internal A ControlNet, opened when it is first asked for. @throws ModelError where it is none, or one for another
   * family
   */
  controlNet(model: NetworkInput): Promise<OpenedControlNet>;
}

/** A ControlNet with its file's name and hash. */
export interface OpenedControlNet {
  part: Part<ControlNetwork>;
  named: NetworkName;
}

/** Readers of backbones by the class that a config names. */
export type Backbones = Readonly<Record<string, (config: Config) => Backbone>>;

/** A config without a class is a U-Net's. */
const UNET = "UNet2DConditionModel";

/** How a part's numbers are kept on the device. */
type Storage = Pick<PartOptions, "precision" | "keep">;

/** The network that predicts noise. `more` are backbones besides ours. */
export function declareBackbone(
  device: Device,
  storage: Storage,
  { config, source }: { config: Config; source?: TensorSource },
  more: Backbones = {},
): Part<Backbone> {
  const read = more[String(config._class_name ?? UNET)] ?? readUNet;
  return declarePart(device, "unet", read(config), recordSmallest, { ...storage, source });
}

/** Sides of the latents that a VAE is declared for: a UNet whose smallest level is one wide has halved them before. */
const LEAST_LATENTS = 2;

/** Latents to pixels. */
export function declareDecoder(device: Device, precision: Precision, network: VaeConfig, source?: TensorSource) {
  return declarePart(device, "vae_decoder", network, (g, w, config) => {
    decode(g, w, config, g.input("latents", [1, LEAST_LATENTS, LEAST_LATENTS, padChannels(config.latentChannels)]));
  }, { precision, source, others: /^encoder\.|^quant_conv\./ });
}

/** Pixels to latents. */
export function declareEncoder(device: Device, precision: Precision, network: VaeConfig, source?: TensorSource) {
  return declarePart(device, "vae_encoder", network, (g, w, config) => {
    const side = LEAST_LATENTS * config.factor;
    encode(g, w, config, g.input("picture", [1, side, side, padChannels(3)]));
  }, { precision, source, others: /^decoder\.|^post_quant_conv\./ });
}

/** A TAESD's weights, declared. @throws ModelError where the file holds no decoder for these latents */
export async function declareTaesd(device: Device, precision: Precision, path: string, latentChannels: number) {
  const { config, source } = await openTaesd(path);
  try {
    if (config.latentChannels !== latentChannels) {
      throw new ModelError(
        `${path} decodes ${config.latentChannels} latent channels; this model's latents have ${latentChannels}.`,
      );
    }
    return declarePart(device, "taesd", config, (g, w, network) => {
      taesdDecode(g, w, network, g.input("latents", [1, 1, 1, padChannels(network.latentChannels)]));
    }, { precision, source, others: /^encoder\./ });
  } catch (error) {
    source.close();
    throw error;
  }
}

/** What steers the backbone by a picture. */
export function declareControlNet(
  device: Device,
  name: string,
  storage: Storage,
  { config, source }: { config: Config; source?: TensorSource },
): Part<ControlNetwork> {
  return declarePart(device, name, readControlNet(config), (g, w, network) => recordSmallestControl(g, w, network), {
    ...storage,
    source,
  });
}
