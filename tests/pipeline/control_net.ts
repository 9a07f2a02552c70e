/**
 * A tiny ControlNet: the first half of a tiny model's U-Net, the rest drawn by torch's generator.
 *
 * @module
 */
import { mergeSources } from "../../src/formats/view.ts";
import { openSafetensors, safetensorsHead } from "../../src/formats/safetensors.ts";
import { noiseGenerator } from "../../src/sample/noise.ts";

/** Channels of the picture's embedding, as far as the VAE halves pictures; the same in tests/oracle/controls.py. */
const WIDTHS = [4, 8, 12, 16, 20];
const SCALE = Math.fround(0.2);

/**
 * Tensors under diffusers' names, in halfs, and the config: what `ControlNetModel.save_pretrained` would write.
 * @param small without attention, as SDXL's small ones are
 */
async function tinyControlNet(model: string, seed: number, small: boolean) {
  const unet = `${model}/unet`;
  const config = JSON.parse(await Deno.readTextFile(`${unet}/config.json`));
  const names = Array.from(Deno.readDirSync(unet), ({ name }) => name).filter((name) => name.endsWith(".safetensors"));
  const file = mergeSources(await Promise.all(names.map((name) => openSafetensors(`${unet}/${name}`))), unet);
  const tensors = new Map<string, { shape: number[]; values: Float16Array<ArrayBuffer> }>();
  for (const { name, shape, bytes } of file.tensors.values()) {
    if (!/^(conv_in|time_embedding|add_embedding|down_blocks|mid_block)\./.test(name)) continue;
    if (small && /\.attentions\.|^mid_block\.resnets\.1\./.test(name)) continue;
    const data = new Uint8Array(bytes);
    await file.read(name, data);
    tensors.set(name, { shape, values: new Float16Array(data.buffer) });
  }
  file.close();
  const vae = JSON.parse(await Deno.readTextFile(`${model}/vae/config.json`));
  const hints = WIDTHS.slice(0, vae.block_out_channels.length);
  const own = Object.entries(ownShapes(config, hints)).sort(([a], [b]) => a < b ? -1 : 1);
  const size = (shape: number[]) => shape.reduce((a, b) => a * b, 1);
  const draws = noiseGenerator("cpu", seed).normal(own.reduce((sum, [, shape]) => sum + size(shape), 0));
  let at = 0;
  for (const [name, shape] of own) {
    const values = draws.slice(at, at += size(shape));
    tensors.set(name, { shape, values: Float16Array.from(values, (v) => Math.fround(v * SCALE)) });
  }
  const { _class_name, out_channels: _, up_block_types: __, ...shared } = config;
  const plain = {
    down_block_types: config.down_block_types.map(() => "DownBlock2D"),
    mid_block_type: "UNetMidBlock2D",
  };
  return {
    tensors,
    config: {
      ...shared,
      ...(small ? plain : {}),
      _class_name: "ControlNetModel",
      conditioning_embedding_out_channels: hints,
    },
  };
}

/** Shapes of what a U-Net does not have. */
function ownShapes(
  { block_out_channels: widths, layers_per_block }: { block_out_channels: number[]; layers_per_block: number },
  hints: number[],
): Record<string, number[]> {
  const shapes: Record<string, number[]> = {};
  const conv = (name: string, to: number, from: number, kernel: number) => {
    shapes[`controlnet_${name}.weight`] = [to, from, kernel, kernel];
    shapes[`controlnet_${name}.bias`] = [to];
  };
  conv("cond_embedding.conv_in", hints[0], 3, 3);
  hints.slice(1).forEach((width, i) => {
    conv(`cond_embedding.blocks.${2 * i}`, hints[i], hints[i], 3);
    conv(`cond_embedding.blocks.${2 * i + 1}`, width, hints[i], 3);
  });
  conv("cond_embedding.conv_out", widths[0], hints[hints.length - 1], 3);
  const skips = widths.flatMap((width, level) =>
    new Array<number>(layers_per_block + (level < widths.length - 1 ? 1 : 0)).fill(width)
  );
  [widths[0], ...skips].forEach((width, i) => conv(`down_blocks.${i}`, width, width, 1));
  conv("mid_block", widths[widths.length - 1], widths[widths.length - 1], 1);
  return shapes;
}

/** Writes one as a diffusers folder, with `more` in its config. */
export async function writeControlNet(
  folder: string,
  model: string,
  seed: number,
  more: Record<string, unknown> = {},
  small = false,
): Promise<void> {
  const { tensors, config } = await tinyControlNet(model, seed, small);
  await Deno.mkdir(folder, { recursive: true });
  await Deno.writeTextFile(`${folder}/config.json`, JSON.stringify({ ...config, ...more }));
  await Deno.writeFile(`${folder}/diffusion_pytorch_model.safetensors`, await asSafetensors(tensors));
}

/** Named tensors as the bytes of a file. */
export async function asSafetensors(
  tensors: ReadonlyMap<string, { shape: number[]; values: Float16Array<ArrayBuffer> }>,
): Promise<Uint8Array<ArrayBuffer>> {
  const infos = [...tensors].map(([name, { shape, values }]) => {
    return { name, dtype: "F16" as const, shape, bytes: values.byteLength, file: "" };
  });
  const parts = [safetensorsHead(infos), ...[...tensors.values()].map(({ values }) => values)];
  return new Uint8Array(await new Blob(parts as Uint8Array<ArrayBuffer>[]).arrayBuffer());
}
