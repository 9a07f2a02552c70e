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

/** How drawings stay within a limit. */
export interface Fitted {
  /** The drawing that does so. */
  fit: (drawing: Drawing) => Drawing;
  /** A sentence on what was chosen. */
  said: string;
}

/**
 * How to draw within `limit` GiB, all drawings of a run in one way: what leaves the device (the model has nothing
 * loaded yet), and whether the VAE decodes in tiles.
 *
 * @param offloaded networks are to leave the device after their turns whatever fits
 * @throws GpuError where nothing fits
 */
export function fitWithin(limit: number, networks: Networks, drawings: readonly Drawing[], offloaded = false): Fitted {
  const { vaeTiling: asked } = drawings[0].settings;
  const isFixed = asked === "on" || asked === "off";
  let least = Infinity;
  for (const [offload, meaning] of WAYS.filter(([way]) => way || !offloaded)) {
    for (const tiled of isFixed ? [false] : [false, true]) {
      const fit = (drawing: Drawing): Drawing => ({
        ...tiled ? withTiling(networks, drawing, "on") : drawing,
        offload,
      });
      const peak = Math.max(...drawings.map((drawing) => memoryNeed(networks, fit(drawing), offload).peak));
      least = Math.min(least, peak);
      if (peak > limit * GIB) continue;
      const tiles = tiled || asked === "on" ? ", the VAE decodes in tiles" : "";
      return { fit, said: `Within ${limit} GiB: ${meaning}${tiles}; ${(peak / GIB).toFixed(2)} GiB at the most.` };
    }
  }
  const { width, height } = (drawings[0].larger?.drawing ?? drawings[0]).settings;
  throw new GpuError(
    `${networks.checkpoint.name} needs ${(least / GIB).toFixed(2)} GiB to draw ${width}×${height}, more than the ` +
      `${limit} GiB of --max-vram. Choose a smaller size, or a model in f16.`,
  );
}
