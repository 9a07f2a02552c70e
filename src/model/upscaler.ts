/**
 * Upscaler files: RRDBNet under the names of Real-ESRGAN, of the first ESRGAN, and of the trainer that most community
 * models came from.
 *
 * @module
 */
import { ModelError } from "../errors.ts";
import { openTensors } from "../formats/open_tensors.ts";
import type { TensorSource } from "../formats/tensor_source.ts";
import { type View, viewOf } from "../formats/view.ts";
import { COUNT_OF } from "../limits.ts";
import { describeForeign, kindOf } from "./foreign.ts";

/** What the file's shapes tell of its network; `RrdbConfig` of src/nn has the same fields. */
export interface Upscaler {
  config: {
    inChannels: number;
    shuffle: number;
    features: number;
    growth: number;
    blocks: number;
    doublings: number;
    scale: number;
  };
  /** Under Real-ESRGAN's names. */
  source: TensorSource;
}

/**
 * Opens an upscaler.
 * @throws ModelError where the file holds another network, or one whose shapes contradict each other
 */
export async function openUpscaler(path: string): Promise<Upscaler> {
  const file = await openTensors(path);
  try {
    const views = upscalerNames([...file.tensors.keys()]);
    const source = { ...viewOf(file, views), close: () => file.close() };
    return { config: configOf(source, [...file.tensors.keys()]), source };
  } catch (error) {
    file.close();
    throw error;
  }
}

/** Real-ESRGAN's name → where it is in the file. Unknown names are left out. */
export function upscalerNames(names: readonly string[]): Map<string, View> {
  // Trainers save averaged weights beside the last ones; upscaling takes the averaged.
  const prefix = ["params_ema.", "params."].find((start) => names.some((name) => name.startsWith(start))) ?? "";
  const own = names.filter((name) => name.startsWith(prefix)).map((name) => name.slice(prefix.length));
  const numbered = own.map((name) => Number(name.match(/^model\.(\d+)\.weight$/)?.[1] ?? NaN)).filter((n) => n > 0);
  const tail = numbered.sort((a, b) => a - b);
  const blocks = 1 + Math.max(-1, ...own.map((name) => Number(name.match(/^model\.1\.sub\.(\d+)\.RDB/)?.[1] ?? -1)));
  const views = new Map<string, View>();
  for (const name of own) {
    const shown = realEsrganName(name, tail, blocks);
    if (shown) views.set(shown, { from: prefix + name });
  }
  return views;
}

function realEsrganName(name: string, tail: readonly number[], blocks: number): string | undefined {
  if (/^(conv_(first|body|up\d|hr|last)|body\.\d+\.rdb[123]\.conv[1-5])\.(weight|bias)$/.test(name)) return name;
  const first = name
    .replace(/^RRDB_trunk\.(\d+)\.RDB/, "body.$1.rdb")
    .replace(/^trunk_conv\./, "conv_body.")
    .replace(/^upconv/, "conv_up")
    .replace(/^HRconv\./, "conv_hr.");
  if (first !== name) return first;
  const dense = name.match(/^model\.1\.sub\.(\d+)\.RDB([123])\.conv([1-5])\.0\.(weight|bias)$/);
  if (dense) return `body.${dense[1]}.rdb${dense[2]}.conv${dense[3]}.${dense[4]}`;
  const [, path, kind] = name.match(/^model\.([\d.sub]+)\.(weight|bias)$/) ?? [];
  if (path === "0") return `conv_first.${kind}`;
  if (path === `1.sub.${blocks}`) return `conv_body.${kind}`;
  const place = tail.indexOf(Number(path));
  if (place < 0) return undefined;
  return `${["conv_last", "conv_hr"][tail.length - 1 - place] ?? `conv_up${place + 1}`}.${kind}`;
}

function configOf(source: TensorSource, names: readonly string[]): Upscaler["config"] {
  const shape = (name: string) => source.tensors.get(`${name}.weight`)?.shape;
  const [first, last, dense] = ["conv_first", "conv_last", "body.0.rdb1.conv1"].map(shape);
  if (!first || !last || !dense) {
    throw new ModelError(
      `${source.describe} is not an ESRGAN upscaler (RRDBNet), the only kind that is supported. ${
        kindOf(names) === "upscaler" ? "It is of another kind, or lacks tensors." : describeForeign(names)
      }`,
    );
  }
  const [features, inChannels] = first;
  const shuffle = Math.sqrt(inChannels / 3);
  if (![1, 2, 4].includes(shuffle) || last[0] !== 3 || features % 4 || dense[0] % 4) {
    throw new ModelError(
      `${source.describe}: an upscaler from ${inChannels} to ${
        last[0]
      } channels, ${features} wide, is not supported; ` +
        "3 channels, folded or not, and widths that are multiples of 4 are.",
    );
  }
  const highest = (pattern: RegExp) =>
    [...source.tensors.keys()].reduce((most, name) => Math.max(most, Number(name.match(pattern)?.[1] ?? 0)), 0);
  const blocks = 1 + highest(/^body\.(\d+)\./);
  const doublings = highest(/^conv_up(\d+)\./);
  if (blocks > COUNT_OF.blocks || doublings > COUNT_OF.doublings) {
    throw new ModelError(
      `${source.describe}: an upscaler of ${blocks} blocks that doubles ${doublings} times; supported: up to ` +
        `${COUNT_OF.blocks} and ${COUNT_OF.doublings}.`,
    );
  }
  return { inChannels, shuffle, features, growth: dense[0], blocks, doublings, scale: 2 ** doublings / shuffle };
}
