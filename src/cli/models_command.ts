/**
 * `models`: what there is to draw with on this machine.
 *
 * @module
 */
import { BUNDLED_MODEL } from "../assets.ts";
import { join } from "../deps/path.ts";
import { ModelError, UsageError } from "../errors.ts";
import { exists } from "../files/byte_file.ts";
import { dataHome } from "../files/data_home.ts";
import { granted } from "../files/environment.ts";
import { mib } from "../gpu/device.ts";
import { hubCache } from "../hub/hub.ts";
import type { FileKind } from "../model/foreign.ts";
import { isModel } from "../model/find_model.ts";
import { type Item, itemAt, itemsWithin } from "../model/inventory.ts";
import { knownModels } from "../model/known_models.ts";
import { modelFolder } from "../model/short_name.ts";
import { publicText } from "../secrets.ts";
import type { Context } from "./command.ts";
import { json } from "./json.ts";

/** Kinds that this program takes, by their headings; others go last. */
const HEADINGS: [kind: FileKind, heading: string][] = [
  ["model", "Models"],
  ["lora", "LoRAs"],
  ["embedding", "Embeddings"],
  ["vae", "VAEs"],
  ["taesd", "TAESDs"],
  ["controlnet", "ControlNets"],
  ["upscaler", "Upscalers"],
];

/**
 * Lists the bundled model, those of the model folder, of LoRA and embedding folders, of the hub's cache, and those
 * drawn with before.
 *
 * @throws ModelError for a folder that is named and cannot be read
 */
export async function modelsCommand({ flags, console, signal }: Context): Promise<void> {
  const home = dataHome();
  const usual = (name: string) => home === undefined ? [] : [join(home, "rpg", name)];
  const folder = await modelFolder(flags.modelDir);
  const asked = [flags.modelDir, flags.loraDir, flags.embeddings].filter((place) => place !== undefined);
  const places = [
    BUNDLED_MODEL,
    ...asked,
    ...usual("models"),
    ...usual("loras"),
    ...cacheFolder(),
    ...await knownModels(),
  ];
  const items = new Map<string, Item>();
  for (const place of places) {
    signal.throwIfAborted();
    if (!await exists(place)) {
      if (asked.includes(place)) throw new ModelError(`${place} does not exist.`);
      continue;
    }
    const one = await isModel(place);
    for (const item of one ? [await itemAt(place)] : await itemsWithin(place)) {
      if (!item) continue;
      const real = await Deno.realPath(item.path).catch(() => item.path);
      if (!items.has(real)) items.set(real, item);
    }
  }
  const found = [...items.values()];
  if (flags.json) return console.result(publicText(json({ modelDir: folder, models: found })));
  const known = HEADINGS.map(([kind]) => kind);
  const others = found.filter(({ kind }) => !known.includes(kind));
  const sections = [
    ...HEADINGS.map(([kind, heading]) => section(heading, found.filter((item) => item.kind === kind))),
    section("Others", others.map((item) => ({ ...item, name: `${item.name} (${item.kind})` }))),
  ];
  console.result(publicText(sections.filter(Boolean).join("\n\n")));
  if (folder === undefined && home !== undefined) {
    console.say(`Models in ${usual("models")[0]}, or in --model-dir DIR, have short names: -m realistic.`);
  }
}

function section(heading: string, items: Item[]): string {
  if (items.length === 0) return "";
  const rows = items.map(({ name, family = "", bytes, hash = "", path }) => [name, family, size(bytes), hash, path]);
  const widths = [0, 1, 2, 3].map((column) => Math.max(...rows.map((row) => row[column].length)));
  const lines = rows.map((row) =>
    `  ${row.map((cell, i) => i === 2 ? cell.padStart(widths[2]) : cell.padEnd(widths[i] ?? 0)).join("  ")}`
  );
  return [heading, ...lines].join("\n");
}

function size(bytes: number): string {
  return bytes < 2 ** 30 ? mib(bytes) : `${(bytes / 2 ** 30).toFixed(1)} GiB`;
}

function cacheFolder(): string[] {
  try {
    return [hubCache(granted)];
  } catch (error) {
    if (error instanceof UsageError) return []; // nothing says where a cache would be
    throw error;
  }
}
