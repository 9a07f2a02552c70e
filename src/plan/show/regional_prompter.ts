/**
 * Plans as AUTOMATIC1111's regional-prompter extension writes and reads them in a picture's `parameters`.
 *
 * @module
 */
import { baseRatiosOf, layoutOf } from "../layout_of.ts";
import { type Plan, type Region, regionsOf } from "../plan.ts";

/** The extension's names of modes; it has no canvases, and binds nothing. */
const CALCULATIONS: Record<string, string> = { attention: "Attention", latent: "Latent" };

/** What a picture says of its regions. */
export interface RegionParameters {
  prompt: string;
  negativePrompt?: string;
  fields: Record<string, string>;
}

/**
 * Prompts between BREAKs, the base prompt before ADDBASE, and the extension's own fields. A plan that it cannot express
 * (boxes, masks, cells within cells) keeps its prompt, and lists its regions in a field of ours.
 *
 * @param negativePrompt of the whole picture
 * @param tags of what holds in the whole picture, `<lora:name:weight>`
 */
export function regionParameters(plan: Plan, negativePrompt: string | undefined, tags: string): RegionParameters {
  const regions = regionsOf(plan);
  if (regions.length < 2) return { prompt: withTags(plan.prompt, tags), negativePrompt, fields: {} };
  const mode: Record<string, string> = plan.phases ? {} : plan.mode ? { "Region mode": plan.mode } : {};
  if (!isExpressible(plan, regions)) {
    return {
      prompt: withTags(plan.prompt, tags),
      negativePrompt,
      fields: { "Split ratio": plan.splitRatio, Regions: listed(plan, regions), ...mode },
    };
  }
  const { basePrompt, splitRatio } = plan;
  const common = tags === "" ? "" : `${tags} ADDCOMM `;
  const base = basePrompt ? `${basePrompt} ADDBASE ` : "";
  const negatives = regions.map(({ negativePrompt = "" }) => negativePrompt);
  const own = negatives.some((text) => text !== "");
  const each = baseRatiosOf(plan);
  const ratios = new Set(each).size === 1 ? [each[0]] : each;
  const calculation = plan.phases ? undefined : CALCULATIONS[plan.mode ?? "attention"];
  return {
    prompt: common + base + regions.map(promptOf).join(" BREAK "),
    negativePrompt: own ? [negativePrompt ?? "", ...negatives].join(" BREAK ").trim() : negativePrompt,
    fields: {
      "RP Active": "True",
      "RP Divide mode": "Matrix",
      "RP Matrix submode": "Columns", // rows of columns, as a split ratio is read here
      ...(calculation ? { "RP Calc Mode": calculation } : {}),
      "RP Ratios": splitRatio,
      "RP Base Ratios": basePrompt ? ratios.join(",") : "0",
      "RP Use Base": flag(basePrompt),
      "RP Use Common": flag(common),
      "RP Use Ncommon": flag(own),
      "RP Flip": "False",
      ...mode,
      "Planned from": plan.prompt,
    },
  };
}

function isExpressible(plan: Plan, regions: readonly Region[]): boolean {
  if (plan.regions.length !== regions.length) return false; // cells within cells
  const texts = regions.flatMap(({ prompt, negativePrompt = "" }) => [prompt, negativePrompt]);
  const parted = [plan.basePrompt ?? "", ...texts].some((text) => /\b(BREAK|ADD(?:BASE|COMM|COL|ROW))\b/.test(text));
  return !parted && regions.every(({ box, mask }) => box === undefined && mask === undefined);
}

function promptOf({ prompt, loras = {} }: Region): string {
  return withTags(prompt, Object.entries(loras).map(([name, weight]) => `<lora:${name}:${weight}>`).join(" "));
}

function withTags(prompt: string, tags: string): string {
  return [prompt, tags].filter(Boolean).join(" ");
}

function flag(value: unknown): string {
  return value ? "True" : "False";
}

/** Each with its place in percent: left, top, right, bottom. */
function listed(plan: Plan, regions: readonly Region[]): string {
  const { cells } = layoutOf(plan);
  return regions.map((region, i) => {
    const { x0, y0, x1, y1 } = cells[i].rect;
    const place = [x0, y0, x1, y1].map((share) => Math.round(share * 100)).join(" ");
    return `${i + 1} (${place}${region.mask === undefined ? "" : `, ${region.mask}`}) ${promptOf(region)}`;
  }).join("; ");
}
