/**
 * The published configs of SD 1.5 and SDXL (config.json of their repositories), for what can be known without weights.
 *
 * @module
 */
import { AdapterShelf } from "../src/adapter/shelf.ts";
import type { Device } from "../src/gpu/device.ts";
import { BUNDLED_MODEL } from "../src/assets.ts";
import { openCheckpoint } from "../src/model/checkpoint.ts";
import { PRESETS } from "../src/model/preset.ts";
import { readVaeConfig } from "../src/nn/vae.ts";
import {
  declareBackbone,
  declareControlNet,
  declareDecoder,
  declareEncoder,
  type Networks,
  STREAM_WINDOW,
} from "../src/pipeline/networks.ts";
import { declareTextEncoder } from "../src/pipeline/text_encoder.ts";

const CROSS_DOWN = "CrossAttnDownBlock2D";
const CROSS_UP = "CrossAttnUpBlock2D";
const VIT_L = {
  hidden_size: 768,
  intermediate_size: 3072,
  num_hidden_layers: 12,
  num_attention_heads: 12,
  max_position_embeddings: 77,
  vocab_size: 49408,
  hidden_act: "quick_gelu",
};
/** Config of the autoencoder that all of them share. */
export const VAE = {
  in_channels: 3,
  out_channels: 3,
  latent_channels: 4,
  block_out_channels: [128, 256, 512, 512],
  layers_per_block: 2,
};

/** Published configs by family. */
export const FAMILIES = {
  sd15: {
    texts: [VIT_L],
    unet: {
      block_out_channels: [320, 640, 1280, 1280],
      down_block_types: [CROSS_DOWN, CROSS_DOWN, CROSS_DOWN, "DownBlock2D"],
      up_block_types: ["UpBlock2D", CROSS_UP, CROSS_UP, CROSS_UP],
      attention_head_dim: 8,
      cross_attention_dim: 768,
    },
    vae: "f16",
  },
  sdxl: {
    texts: [VIT_L, {
      ...VIT_L,
      architectures: ["CLIPTextModelWithProjection"],
      hidden_size: 1280,
      intermediate_size: 5120,
      num_hidden_layers: 32,
      num_attention_heads: 20,
      hidden_act: "gelu",
      projection_dim: 1280,
    }],
    unet: {
      block_out_channels: [320, 640, 1280],
      down_block_types: ["DownBlock2D", CROSS_DOWN, CROSS_DOWN],
      up_block_types: [CROSS_UP, CROSS_UP, "UpBlock2D"],
      attention_head_dim: [5, 10, 20],
      transformer_layers_per_block: [1, 2, 10],
      cross_attention_dim: 2048,
      use_linear_projection: true,
      addition_embed_type: "text_time",
      addition_time_embed_dim: 256,
      projection_class_embeddings_input_dim: 2816,
    },
    vae: "f32",
  },
} as const;

/** The networks of a family at full size in f16, SDXL's VAE in f32, and the bundled model's tokenizer. */
export async function fullSize(family: keyof typeof FAMILIES, device: Device): Promise<Networks> {
  const { texts, unet, vae } = FAMILIES[family];
  const { scheduler, ...preset } = PRESETS.get(family)!;
  const bundled = await openCheckpoint(BUNDLED_MODEL);
  bundled.close();
  const tokenizers = texts.map(() => bundled.tokenizers[0]);
  const config = { ...unet, layers_per_block: 2, in_channels: 4, out_channels: 4 };
  return {
    device,
    checkpoint: { name: preset.title, family: preset.family, preset, scheduler, tokenizers },
    offload: false,
    streamWindow: STREAM_WINDOW,
    textEncoders: texts.map((config, i) =>
      declareTextEncoder(device, `text_encoder_${i + 1}`, { precision: "f16" }, { config })
    ),
    backbone: declareBackbone(device, { precision: "f16" }, { config }),
    decoder: declareDecoder(device, vae, readVaeConfig(VAE)),
    encoder: declareEncoder(device, vae, readVaeConfig(VAE)),
    controlNet: (model) => {
      const part = declareControlNet(device, `controlnet:${model}`, { precision: "f16" }, { config });
      return Promise.resolve({ part, named: { name: `${model}`, hash: "0".repeat(16) } });
    },
    adapters: new AdapterShelf({}, []),
  };
}
