/**
 * `--max-vram`: stay within a limit, or refuse before any work.
 *
 * @module
 */
import { GpuError } from "../errors.ts";
import type { Drawing } from "../pipeline/drawing.ts";
import { memoryNeed } from "../pipeline/memory.ts";
import type { Networks } from "../pipeline/networks.ts";
import { withTiling } from "../pipeline/prepare.ts";
import type { Offload } from "../pipeline/stage.ts";

const GIB = 2 ** 30;

/** The cheapest first, with what to say of each. */
const WAYS: [Offload, string][] = [
  [false, "all weights stay on the device"],
  [true, "each network leaves the device after its turn"],
  ["stream", "the UNet's weights come from the file in parts, at every step"],
];

/**
 * How to draw within `limit` GiB: what leaves the device (the model has nothing loaded yet), and whether the VAE
 * decodes in tiles.
 *
 * @param offloaded networks are to leave the device after their turns whatever fits
 * @returns the drawing that does so, and a sentence on what was chosen
 * @throws GpuError where nothing fits
 */
export function fitWithin(limit: number, networks: Networks, drawing: Drawing, offloaded = false) {
  const { vaeTiling: asked, width, height } = drawing.settings;
  const tilings = asked === "on" || asked === "off" ? [drawing] : [drawing, withTiling(networks, drawing, "on")];
  let least = Infinity;
  for (const [offload, meaning] of WAYS.filter(([way]) => way || !offloaded)) {
    for (const tiled of tilings) {
      const { peak } = memoryNeed(networks, tiled, offload);
      least = Math.min(least, peak);
      if (peak > limit * GIB) continue;
      const tiles = tiled.settings.vaeTiling === "on" ? ", the VAE decodes in tiles" : "";
      return {
        drawing: { ...tiled, offload } satisfies Drawing,
        said: `Within ${limit} GiB: ${meaning}${tiles}; ${(peak / GIB).toFixed(2)} GiB at the most.`,
      };
    }
  }
  throw new GpuError(
    `${networks.checkpoint.name} needs ${(least / GIB).toFixed(2)} GiB to draw ${width}×${height}, more than the ` +
      `${limit} GiB of --max-vram. Choose a smaller size, or a model in f16.`,
  );
}
