/**
 * The networks of a model as their configs describe them, with all weights declared and none loaded.
 *
 * @module
 */
import type { Device, Precision } from "../gpu/device.ts";
import { Graph } from "../gpu/graph.ts";
import { padChannels } from "../gpu/tensor.ts";
import { clip, type ClipConfig } from "../nn/clip.ts";
import { timeDim, unet, type UNetConfig } from "../nn/unet.ts";
import { decode, type VaeConfig } from "../nn/vae.ts";
import { Weights } from "../nn/weights.ts";
import { selfMap } from "../ops/attention.ts";

/**
 * Which weights leave the device: none; each network's after its turn; or, with "stream", also those of the UNet's parts, which
 * come from the file anew in every evaluation.
 */
export type Offload = false | true | "stream";

/** Enough for any one layer of SDXL, little beside its activations. */
export const STREAM_WINDOW = 256 * 1024 * 1024;

/** What is known of a model's networks without its weights. */
export interface Networks {
  readonly device: Device;
  readonly precision: Precision;
  readonly offload: Offload;
  /** Bytes of a streamed UNet's weights that are on the device at once. */
  readonly streamWindow: number;
  readonly textEncoders: readonly { readonly config: ClipConfig; readonly weights: Weights }[];
  readonly unetConfig: UNetConfig;
  readonly unetWeights: Weights;
  readonly vaeConfig: VaeConfig;
  readonly vaeWeights: Weights;
}

/** Recording a network declares its weights; the graph itself is thrown away. */
export function declareText(device: Device, config: ClipConfig, precision: Precision, name: string): Weights {
  const weights = new Weights(device, precision, name);
  const g = new Graph(device, name, precision);
  clip(g, weights, config, g.input("tokens", [1, config.positions, config.width]), 0, true);
  return weights;
}

/** As {@linkcode declareText}, for the UNet. */
export function declareUNet(device: Device, config: UNetConfig, precision: Precision): Weights {
  const weights = new Weights(device, precision, "unet");
  const g = new Graph(device, "unet", precision);
  const side = 2 ** (config.blockOut.length - 1);
  const map = (height: number, width: number) => selfMap(1, height * width);
  const input = (label: string, channels: number) => g.input(label, [1, 1, padChannels(channels)]);
  unet(g, weights, config, {
    latents: g.input("latents", [1, side, side, padChannels(config.inChannels)]),
    time: input("time", timeDim(config)),
    guidance: config.guidanceDim ? input("guidance", config.guidanceDim) : undefined,
  }, {
    graph: g,
    context: input("context", config.contextDim[0]),
    added: config.addedDim ? input("added", config.addedDim) : undefined,
    map,
  });
  return weights;
}

/** As {@linkcode declareText}, for the VAE's decoder. */
export function declareDecoder(device: Device, config: VaeConfig, precision: Precision): Weights {
  const weights = new Weights(device, precision, "vae");
  const g = new Graph(device, "vae", precision);
  decode(g, weights, config, g.input("latents", [1, 1, 1, padChannels(config.latentChannels)]));
  return weights;
}
