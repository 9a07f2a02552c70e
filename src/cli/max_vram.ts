/**
 * `--max-vram`: stay within a limit, or refuse before any work.
 *
 * @module
 */
import { GpuError } from "../errors.ts";
import { readMasks } from "../formats/mask_file.ts";
import type { GenerateOptions } from "../settings.ts";
import { condition } from "../pipeline/conditioning.ts";
import { memoryNeed } from "../pipeline/memory.ts";
import type { Model } from "../pipeline/model.ts";
import type { Offload } from "../pipeline/networks.ts";
import { pictureSize } from "../plan/picture_size.ts";
import { plainPlan, regionsOf } from "../plan/plan.ts";

const GIB = 2 ** 30;

/** The cheapest first, with what to say of each. */
const WAYS: [Offload, string][] = [
  [false, "all weights stay on the device"],
  [true, "each network leaves the device after its turn"],
  ["stream", "the UNet's weights come from the file in parts, at every step"],
];

/**
 * How to draw a picture within `limit` GiB: what leaves the device (the model has nothing loaded yet, and is set to that), and
 * whether the VAE decodes in tiles.
 *
 * @param offloaded networks are to leave the device after their turns whatever fits
 * @returns the tiling, and a sentence on what was chosen
 * @throws GpuError where nothing fits
 */
export async function fitWithin(limit: number, model: Model, options: GenerateOptions, offloaded = false) {
  const { preset } = model.checkpoint;
  const plan = options.plan ?? plainPlan(options.prompt ?? "", "none");
  const roomy = pictureSize(plan, preset);
  const { width = roomy.width, height = roomy.height, vaeTiling: asked } = options;
  // Regions bring prompts, and in latent and canvas mode batch entries.
  const { seen, batches } = condition(plan, {
    cfgScale: options.cfgScale ?? preset.cfgScale,
    negativePrompt: options.negativePrompt,
    zerosForAbsent: preset.forceZerosForEmptyPrompt,
    feather: options.feather,
    masks: await readMasks(regionsOf(plan)),
  });
  const { factor } = model.vaeConfig;
  const sizes = batches(Math.ceil(height / factor), Math.ceil(width / factor));
  const drawing = {
    ...options,
    prompts: seen.size,
    batches: sizes.map(({ entries, height, width }) => ({ entries: entries.length, height, width })),
  };
  const tilings = asked === "on" || asked === "off" ? [asked] : ["auto", "on"] as const;
  let least = Infinity;
  for (const [offload, meaning] of WAYS.filter(([way]) => way || !offloaded)) {
    for (const vaeTiling of tilings) {
      const { peak } = memoryNeed(model, width, height, { ...drawing, vaeTiling }, offload);
      least = Math.min(least, peak);
      if (peak > limit * GIB) continue;
      model.offload = offload;
      const tiles = vaeTiling === "on" ? ", the VAE decodes in tiles" : "";
      return {
        vaeTiling: vaeTiling === "on" ? vaeTiling : asked,
        said: `Within ${limit} GiB: ${meaning}${tiles}; ${(peak / GIB).toFixed(2)} GiB at the most.`,
      };
    }
  }
  throw new GpuError(
    `${model.checkpoint.name} needs ${
      (least / GIB).toFixed(2)
    } GiB to draw ${width}×${height}, more than the ${limit} GiB of ` +
      "--max-vram. Choose a smaller size, or a model in f16.",
  );
}
