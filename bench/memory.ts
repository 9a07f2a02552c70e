/**
 * What SD 1.5 and SDXL need at full size, from their configs alone: `deno task bench memory`.
 *
 * @module
 */
import { openDevice } from "../src/gpu/device.ts";
import { memoryNeed } from "../src/pipeline/memory.ts";
import { prepare } from "../src/pipeline/prepare.ts";
import type { Offload } from "../src/pipeline/stage.ts";
import { fullSize } from "./full_size.ts";
import { table } from "./table.ts";

const WAYS: Offload[] = [false, true, "stream"];

/** Prints the table. */
export async function run(): Promise<void> {
  const device = await openDevice();
  const networks = { "SD 1.5": await fullSize("sd15", device), SDXL: await fullSize("sdxl", device) };
  const pictures = [["SD 1.5", 512, 512], ["SDXL", 1024, 1024], ["SDXL", 1024, 1792], ["SDXL", 2048, 1024]] as const;
  const rows: string[][] = [];
  for (const [name, width, height] of pictures) {
    const drawing = await prepare(networks[name], { prompt: "a picture", width, height });
    const peaks = WAYS.map((offload) => memoryNeed(networks[name], drawing, offload).peak / 2 ** 30);
    rows.push([`${name}, ${width}×${height}`, ...peaks.map((peak) => peak.toFixed(1))]);
  }
  console.log("\nPeak on this device in GiB\n");
  console.log(table(["f16", "all there", "networks in turn", "UNet in parts"], rows));
  device.close();
}
