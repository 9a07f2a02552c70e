/**
 * `inspect`: what a model is, and how that was found out. Reads names, shapes and configs, no weights.
 *
 * @module
 */
import { BUNDLED_MODEL } from "../assets.ts";
import { mib } from "../gpu/device.ts";
import { type Component, openCheckpoint } from "../io/checkpoint.ts";
import { type Context, json } from "./command.ts";

/** Prints family, preset, networks and reasons. */
export async function inspectCommand({ argument, flags, console }: Context): Promise<void> {
  const checkpoint = await openCheckpoint(argument ?? BUNDLED_MODEL);
  const { name, path, family, reason, preset, scheduler } = checkpoint;
  const networks = Object.fromEntries([
    ...checkpoint.textEncoders.map((
      encoder,
      i,
    ) => [i === 0 ? "text encoder" : `text encoder ${i + 1}`, measure(encoder)]),
    ["unet", measure(checkpoint.unet)],
    ["vae", measure(checkpoint.vae)],
  ]) as Record<string, Measures>;
  checkpoint.close();
  if (flags.json) return console.result(json({ name, path, family, reason, preset, scheduler, networks }));
  const rows: [string, string][] = [
    ["model", path],
    ["family", family],
    ["preset", `${preset.name}: ${preset.title}`],
    ["predicts", preset.prediction],
    ["defaults", `${preset.width}×${preset.height}, ${preset.steps} steps, guidance ${preset.cfgScale}`],
    ["scheduler", String(scheduler._class_name ?? "not named")],
    ...Object.entries(networks).map(([part, { parameters, bytes, dtypes }]): [string, string] => [
      part,
      `${(parameters / 1e6).toFixed(1)} million parameters, ${mib(bytes)} as ${dtypes.join(" and ")}`,
    ]),
  ];
  const because = reason.map((sentence) => `  ${sentence}`).join("\n");
  console.result(`${rows.map(([key, value]) => key.padEnd(16) + value).join("\n")}\nWhy:\n${because}`);
}

interface Measures {
  parameters: number;
  bytes: number;
  /** In the file. */
  dtypes: string[];
}

function measure({ source }: Component): Measures {
  const tensors = [...source.tensors.values()];
  const size = (shape: number[]) => shape.reduce((a, b) => a * b, 1);
  return {
    parameters: tensors.reduce((sum, { shape }) => sum + size(shape), 0),
    bytes: tensors.reduce((sum, { bytes }) => sum + bytes, 0),
    dtypes: [...new Set(tensors.map(({ dtype }) => dtype))].sort(),
  };
}
