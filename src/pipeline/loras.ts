/**
 * Which LoRAs a drawing has, and where each holds: everywhere, or in one region.
 *
 * @module
 */
import type { Adapter } from "../adapter/adapter_file.ts";
import { nameOf } from "../adapter/shelf.ts";
import { UsageError } from "../errors.ts";
import { briefText } from "../brief.ts";
import { stepsIn } from "../model/preset.ts";
import { negativeOf, type Plan, regionsOf } from "../plan/plan.ts";
import type { FileInput, LoraInput } from "../settings/kinds.ts";
import type { PictureOptions, Settings } from "../settings.ts";
import { type Lora, lorasOf } from "../text/remarks.ts";
import type { Networks } from "./networks.ts";

/** A LoRA and its strengths. */
export interface AppliedLora {
  readonly adapter: Adapter;
  readonly unet: number;
  readonly textEncoder: number;
}

/** The LoRAs of a drawing. */
export interface PlacedLoras {
  /** Hold everywhere, so they are merged into the weights. */
  readonly whole: readonly AppliedLora[];
  /** Hold in one region each, by regions. */
  readonly regions: readonly (readonly AppliedLora[])[];
  /** What a recipe says of them. */
  readonly named: Pick<Settings, "lora" | "tagLoras">;
}

type Tag = Pick<Lora, "name" | "unet" | "textEncoder">;

/**
 * Opens what the options and the prompts name.
 *
 * @param plan with the LoRAs of its cells as tags (see `withTags`)
 * @throws UsageError where one is not found, ModelError where one does not fit the model
 */
export async function placeLoras(networks: Networks, plan: Plan, options: PictureOptions): Promise<PlacedLoras> {
  const { whole, regions } = placedTags(plan);
  for (const text of [negativeOf(plan, options.negativePrompt), ...regionsOf(plan).map((r) => r.negativePrompt)]) {
    const [lora] = lorasOf(text ?? "");
    if (!lora) continue;
    throw new UsageError(
      `${
        text!.slice(lora.from, lora.to)
      } stands in a negative prompt, where no LoRA can be avoided. Move it to the prompt.`,
    );
  }
  const { adapters } = networks;
  const files = options.tagLoras ?? [];
  const opened = new Map<string, Adapter>();
  const ofTag = async ({ name, unet, textEncoder }: Tag): Promise<AppliedLora> => {
    const known = files.find((file) => nameOf(typeof file === "string" ? file : file.name) === nameOf(name));
    const adapter = known === undefined ? await adapters.find(name) : await find(networks, known);
    opened.set(name, adapter);
    return { adapter, unet, textEncoder };
  };
  const given = (options.lora ?? []) as LoraInput[];
  const asked: AppliedLora[] = [];
  for (const { file, weight, textEncoder = weight } of given) {
    asked.push({ adapter: await find(networks, file), unet: weight, textEncoder });
  }
  const inWhole = await Promise.all(whole.map(ofTag));
  const inRegions = await Promise.all(regions.map((tags) => Promise.all(tags.map(ofTag))));
  const lora = given.map((input, i) => ({ ...input, file: asked[i].adapter.named }));
  const tagLoras = [...new Set(opened.values())].map(({ named }) => named);
  return {
    whole: [...asked, ...inWhole],
    regions: inRegions,
    named: { ...(lora.length ? { lora } : {}), ...(tagLoras.length ? { tagLoras } : {}) },
  };
}

async function find({ adapters }: Networks, file: FileInput): Promise<Adapter> {
  if (typeof file === "string") return await adapters.open(file);
  const adapter = await adapters.named(file);
  if (adapter.hash === file.hash) return adapter;
  throw new UsageError(
    `${adapter.path} is not the LoRA that was used: ${briefText(file.name)} has the hash ${
      file.hash.slice(0, 12)
    }, not ${adapter.hash.slice(0, 12)}. Name the right one with --lora or --lora-dir.`,
  );
}

/**
 * Where the tags of a plan hold: those of the base prompt everywhere, those of the whole prompt as well, unless a
 * region repeats them; those of a region there, unless all regions have them.
 */
function placedTags(plan: Plan): { whole: Tag[]; regions: Tag[][] } {
  const regions = regionsOf(plan).map(({ prompt, loras = {} }) => {
    const listed = Object.entries(loras).map(([name, weight]): Tag => ({ name, unet: weight, textEncoder: weight }));
    return summed([...lorasOf(prompt), ...listed]);
  });
  const base = summed(lorasOf(plan.basePrompt ?? ""));
  const elsewhere = new Set([...base, ...regions.flat()].map(({ name }) => name));
  const prompt = summed(lorasOf(plan.prompt)).filter(({ name }) => !elsewhere.has(name));
  const same = (a: Tag, b: Tag) => a.name === b.name && a.unet === b.unet && a.textEncoder === b.textEncoder;
  const everywhere = regions[0].filter((tag) => regions.every((tags) => tags.some((other) => same(tag, other))));
  const own = regions.map((tags) => tags.filter((tag) => !everywhere.some((other) => same(tag, other))));
  return { whole: summed([...base, ...prompt, ...everywhere]), regions: own };
}

/** Tags of the same name as one: strengths add up. */
function summed(tags: readonly Tag[]): Tag[] {
  const sums = new Map<string, Tag>();
  for (const { name, unet, textEncoder } of tags) {
    const before = sums.get(name) ?? { unet: 0, textEncoder: 0 };
    sums.set(name, { name, unet: before.unet + unet, textEncoder: before.textEncoder + textEncoder });
  }
  return [...sums.values()];
}

/** How distilled LoRAs want to be sampled, by their names. */
const DISTILLED: [RegExp, string, (name: string) => Partial<PictureOptions>][] = [
  [/(^|[^a-z])lcm([^a-z]|$)/i, "an LCM-LoRA", () => ({ samplingMethod: "lcm", steps: 4, cfgScale: 1 })],
  [
    /lightning/i,
    "a Lightning-LoRA",
    (name) => ({ samplingMethod: "euler", scheduler: "trailing", steps: stepsIn(name) ?? 4, cfgScale: 1 }),
  ],
  [
    /hyper-?sd/i,
    "a Hyper-SD-LoRA",
    (name) => ({
      samplingMethod: "ddim",
      scheduler: "trailing",
      steps: stepsIn(name) ?? 8,
      ...(/cfg/i.test(name) ? {} : { cfgScale: 1 }), // those called CFG were distilled to be guided as the model is
    }),
  ],
];

/**
 * What a distilled LoRA among those of the whole picture asks for and the options leave open, and a sentence about it.
 */
export function wishesOf({ whole }: PlacedLoras, options: PictureOptions): { wishes: PictureOptions; said?: string } {
  for (const { adapter: { name }, unet } of whole) {
    const found = unet > 0 && DISTILLED.find(([pattern]) => pattern.test(name));
    if (!found) continue;
    const [, what, wish] = found;
    const sampled = options.samplingMethod !== undefined || options.scheduler !== undefined;
    const wishes = Object.fromEntries(
      Object.entries(wish(name)).filter(([key]) =>
        options[key as keyof PictureOptions] === undefined &&
        !(sampled && (key === "samplingMethod" || key === "scheduler"))
      ),
    ) as PictureOptions;
    const list = Object.entries(wishes).map(([key, value]) => `${WORDS[key]} ${value}`).join(", ");
    return { wishes, ...(list ? { said: `${name} is ${what}: drawn with ${list}, unless flags say otherwise.` } : {}) };
  }
  return { wishes: {} };
}

const WORDS: Record<string, string> = {
  samplingMethod: "the sampler",
  scheduler: "the schedule",
  steps: "steps",
  cfgScale: "guidance",
};
