/**
 * `--max-vram`: stay within a limit, or refuse before any work.
 *
 * @module
 */
import { GpuError } from "../errors.ts";
import type { GenerateOptions } from "../generate.ts";
import { memoryNeed } from "../pipeline/memory.ts";
import type { Model } from "../pipeline/model.ts";

const GIB = 2 ** 30;

/**
 * How the VAE must work so that the picture fits into `limit` GiB. The model was opened to have its networks on the device one
 * after the other.
 *
 * @throws GpuError where the UNet alone does not fit
 */
export function tilingWithin(limit: number, model: Model, options: GenerateOptions): GenerateOptions["vaeTiling"] {
  const { preset } = model.checkpoint;
  const { width = preset.width, height = preset.height } = options;
  const { weights, unet, latents, peak } = memoryNeed(model, width, height);
  const least = weights.unet + unet + latents;
  if (least > limit * GIB) {
    throw new GpuError(
      `${model.checkpoint.name} needs ${
        (least / GIB).toFixed(2)
      } GiB to draw ${width}×${height}, more than the ${limit} GiB of ` +
        "--max-vram. Choose a smaller size, or a model in f16.",
    );
  }
  return peak > limit * GIB ? "on" : options.vaeTiling;
}
