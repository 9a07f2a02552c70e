/**
 * LoRAs that hold in some regions: their factors as a part of their own, and which rows take how much of them. A
 * region's prompt, and what it avoids, carry the tags of its LoRAs, so that a row's text tells what holds there.
 *
 * @module
 */
import type { Adapter } from "../adapter/adapter_file.ts";
import { UsageError } from "../errors.ts";
import { rangeOf, type TensorInfo, type TensorSource } from "../formats/tensor_source.ts";
import { type Backbone, recordSmallest } from "../nn/backbone.ts";
import { isRegional, type RowChanges, withRowAdapters } from "../nn/row_adapters.ts";
import { type Plan, withRegions } from "../plan/plan.ts";
import { lorasOf, withoutLoras } from "../text/remarks.ts";
import type { Batch, PromptKey } from "./conditioning.ts";
import type { AppliedLora, PlacedLoras } from "./loras.ts";
import { declarePart, type Part } from "./part.ts";

/** LoRAs of regions. */
export interface RegionLoras {
  /** Each once. */
  readonly adapters: readonly Adapter[];
  /** Their factors. */
  readonly part: Part<Backbone>;
  /** Frees the factors after a drawing: the next may have others. */
  readonly weights: Disposable;
  /** Those that the tags of a text name. */
  of(text: PromptKey): readonly AppliedLora[];
}

/** The plan without any tags: what they said is settled. */
export function withoutTags<P extends Pick<Plan, "prompt" | "basePrompt" | "regions">>(plan: P): P {
  const { basePrompt } = plan;
  return {
    ...withRegions(plan, (region) => ({ ...region, prompt: withoutLoras(region.prompt) })),
    prompt: withoutLoras(plan.prompt),
    ...(basePrompt === undefined ? {} : { basePrompt: withoutLoras(basePrompt) }),
  };
}

/** LoRAs as a prompt names them. */
export function tagsOf(loras: readonly AppliedLora[]): string {
  return loras.map(({ adapter, unet, textEncoder }) => ` <lora:${adapter.name}:${textEncoder}:${unet}>`).join("");
}

/**
 * The LoRAs of a plan's regions, their factors declared.
 *
 * @throws UsageError for adapters of other kinds, which change weights as a whole
 */
export function declareRegionLoras(backbone: Part<Backbone>, loras: PlacedLoras): RegionLoras | undefined {
  const applied = loras.regions.flat();
  if (applied.length === 0) return undefined;
  const adapters = [...new Set(applied.map(({ adapter }) => adapter))];
  for (const adapter of adapters) {
    const other = adapter.modules("unet").find((module) => isRegional(module) && !adapter.rankOf("unet", module));
    if (other === undefined) continue;
    throw new UsageError(
      `${adapter.name} changes ${other} otherwise than by a LoRA's two factors, so it can hold in the whole picture only: ` +
        "move it to the base prompt, or give it with --lora.",
    );
  }
  const { weights: { device, precision }, network } = backbone;
  const changes: RowChanges = {
    ranks: (parts) => ranksOf(adapters, parts),
    kinds: (_, outer) => new Uint32Array(outer.reduce((all, size) => all * size, 1)),
    strengths: () => [adapters.map(() => 0)],
  };
  const part = declarePart(device, "region_loras", network, (g, own, network) => {
    recordSmallest(g, withRowAdapters(backbone.weights, own, changes), network);
  }, { precision, source: factorsOf(adapters, backbone.source!) });
  const byTag = new Map(applied.map((lora) => [tagsOf([lora]).trim(), lora]));
  return {
    adapters,
    part,
    weights: { [Symbol.dispose]: () => part.weights.release() },
    of: (text) =>
      typeof text !== "string" ? [] : lorasOf(text).flatMap(({ from, to }) => byTag.get(text.slice(from, to)) ?? []),
  };
}

/** What the rows of a batch, and of the context, take of the regions' LoRAs. */
export function rowChanges(
  { adapters, of }: RegionLoras,
  batch: Batch,
  context: { rows: ReadonlyMap<PromptKey, { start: number; count: number }>; tokens: number },
): RowChanges {
  const strengthsOf = (text: PromptKey) =>
    adapters.map((adapter) => of(text).filter((l) => l.adapter === adapter).reduce((sum, { unet }) => sum + unet, 0));
  const sights = batch.entries.flatMap(({ sees }) => sees.map(({ prompt }) => strengthsOf(prompt)));
  const texts = [...context.rows];
  const ofContext = new Uint32Array(context.tokens);
  texts.forEach(([, { start, count }], i) => ofContext.fill(i, start, start + count));
  const rows = { get: () => ({ start: 0, count: 0 }) };
  return {
    ranks: (parts) => ranksOf(adapters, parts),
    kinds: (inContext, [, height, width]) =>
      inContext ? ofContext : Uint32Array.from(batch.map(height, width, rows).regionOfRow),
    strengths: (inContext) => inContext ? texts.map(([text]) => strengthsOf(text)) : sights,
  };
}

function ranksOf(adapters: readonly Adapter[], parts: readonly string[]): number[] {
  return parts.flatMap((part) => adapters.flatMap((adapter, i) => Array(adapter.rankOf("unet", part) ?? 0).fill(i)));
}

/**
 * All factors as tensors: `name.down.weight` of all parts that a layer joins, `part.up.weight` [out, ranks] with zeros
 * for the others'.
 */
function factorsOf(adapters: readonly Adapter[], base: TensorSource): TensorSource {
  const tensors = new Map<string, TensorInfo>();
  const made = new Map<string, () => Promise<Float32Array>>();
  const add = (name: string, shape: number[], make: () => Promise<Float32Array>) => {
    const bytes = shape.reduce((all, size) => all * size, 4);
    tensors.set(name, { name, dtype: "F32", shape, bytes, file: adapters[0].path });
    made.set(name, make);
  };
  const modules = new Set(adapters.flatMap((adapter) => adapter.modules("unet").filter(isRegional)));
  for (const module of modules) {
    const parts = joined(module);
    if (parts[0] !== module && modules.has(parts[0])) continue; // with the first
    const ranks = ranksOf(adapters, parts).length;
    const shape = base.tensors.get(`${parts[0]}.weight`)!.shape;
    const [, inner = 1, ...kernel] = shape;
    const columns = kernel.reduce((all, size) => all * size, inner);
    add(`${parts[0]}.down.weight`, [ranks, inner, ...kernel], async () => {
      const values = new Float32Array(ranks * columns);
      let at = 0;
      for (const part of parts) {
        for (const adapter of adapters) {
          const low = await adapter.lowRank("unet", part);
          if (!low) continue;
          values.set(low.down.values, at);
          at += low.down.values.length;
        }
      }
      return values;
    });
    for (const part of parts) {
      const out = base.tensors.get(`${part}.weight`)!.shape[0];
      add(`${part}.up.weight`, [out, ranks], async () => {
        const values = new Float32Array(out * ranks);
        let column = 0;
        for (const other of parts) {
          for (const adapter of adapters) {
            const rank = adapter.rankOf("unet", other) ?? 0;
            const low = other === part ? await adapter.lowRank("unet", part) : undefined;
            for (let r = 0; low && r < rank; r++) {
              for (let o = 0; o < out; o++) values[o * ranks + column + r] = low.up.values[o * rank + r] * low.scale;
            }
            column += rank;
          }
        }
        return values;
      });
    }
  }
  return {
    tensors,
    describe: adapters.map(({ path }) => path).join(", "),
    identity: adapters.map(({ hash }) => hash).join(),
    close() {},
    async read(name, into, start = 0) {
      rangeOf(tensors, name, start, into.length, this.describe);
      into.set(new Uint8Array((await made.get(name)!()).buffer).subarray(start, start + into.length));
    },
  };
}

/** The modules that a network joins in one layer: what looks at the picture itself, or at the prompts. */
function joined(module: string): string[] {
  const [, attention, which, part] = module.match(/^(.*\.attn([12]))\.to_([qkv])$/) ?? [];
  const parts = which === "1" ? ["q", "k", "v"] : ["k", "v"];
  return parts.includes(part) ? parts.map((each) => `${attention}.to_${each}`) : [module];
}
