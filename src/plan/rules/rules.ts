import { formatSplitRatio } from "../../region/split_ratio.ts";
import { NOTHING } from "../nothing.ts";
import { plainPlan, type Plan, type Region } from "../plan.ts";
import { arrange, type SceneCell, sizesOf } from "./layout.ts";
import { repeatsClass } from "./noun.ts";
import { MOST_CHARACTERS, readScene } from "./reader.ts";
import { describe, type Scene } from "./scene.ts";

/** More regions than this make each of them too small for a 512-pixel picture. */
const MOST_REGIONS = 9;
const WAY_OUT =
  "A language model can plan it: --llm-url (or OPENAI_API_KEY), or write the regions yourself with BREAK.";
/** Conditions, alternatives and turns of events cannot be laid out by rules. */
const BEYOND =
  /\b(?:if|unless|except(?: for)?|instead of|rather than|because|although|either|whichever|until|(?:before|after) (?:the|an?|it|he|she|they)\b.* \w+(?:ed|s)|had \w+(?:ed|en))\b/i;

/**
 * Plan a picture without a language model: objects, their places and relations give the cells, and each region's prompt
 * carries the setting and the style so that the picture hangs together. One object (or none, or too many) is said in
 * the notes and drawn plainly, and so is a sentence that is beyond the rules. Takes some milliseconds.
 *
 * @param prompt in English (language.ts)
 */
export function planByRules(prompt: string): Plan {
  if (prompt.length > MOST_CHARACTERS) {
    return whole(prompt, `The prompt has ${prompt.length} characters and the rules read ${MOST_CHARACTERS}`, WAY_OUT);
  }
  const beyond = prompt.match(BEYOND)?.[0];
  if (beyond) return whole(prompt, `A sentence with "${beyond.split(" ")[0]}" is beyond the rules`, WAY_OUT);
  const scene = readScene(prompt);
  const { objects } = scene;
  let total = objects.reduce((sum, { count }) => sum + count, 0);
  if (total > MOST_REGIONS && objects.length > 1) {
    for (const object of objects) object.count = object.variants.length ? object.count : 1;
    total = objects.reduce((sum, { count }) => sum + count, 0);
  }
  const plain = (why: string, wayOut?: string): Plan => ({
    ...whole(prompt, why, wayOut),
    ...negatives(scene, true),
    regions: [{ prompt: withoutDenied(prompt, scene) }],
  });
  if (total === 0) return plain("No object that could have a region of its own was found");
  if (total === 1) return plain(`One object was found (${describe(objects[0])})`);
  if (total > MOST_REGIONS) {
    return plain(
      objects.length === 1
        ? `${describe(objects[0])} would be ${total} regions and ${MOST_REGIONS} are the most`
        : `${total > 20 ? "More than 20" : total} objects were found and ${MOST_REGIONS} regions are the most`,
      objects.length === 1 ? undefined : WAY_OUT,
    );
  }
  const rows = arrange(scene);
  const heads = rows.flat().flatMap((cell) => cell === "setting" ? [] : [objects[cell.object].thing.head]);
  const base = repeatsClass(heads) ? 0.5 : scene.encounter ? 0.2 : undefined;
  return {
    prompt,
    ...(base === undefined ? {} : { basePrompt: prompt, baseRatio: base }),
    ...negatives(scene),
    splitRatio: formatSplitRatio(sizesOf(rows, scene)),
    regions: rows.flat().map((cell) => regionOf(scene, cell)),
    planner: "rules",
  };
}

function whole(prompt: string, why: string, wayOut?: string): Plan {
  return plainPlan(
    prompt,
    "rules",
    `${why}: the picture is drawn as one whole, without regions.${wayOut ? ` ${wayOut}` : ""}`,
  );
}

function negatives({ negative, objects }: Scene, all = false): { negativePrompt?: string } {
  const list = [...negative, ...(all ? objects.flatMap((object) => object.negative) : [])];
  return list.length ? { negativePrompt: list.join(", ") } : {};
}

/** "an empty street without cars or people" → "an empty street": a text encoder would read cars. */
function withoutDenied(prompt: string, { negative, objects }: Scene): string {
  const denied = [...negative, ...objects.flatMap((object) => object.negative)];
  if (denied.length === 0) return prompt;
  const any = denied.map((text) => text.replace(/[^\p{L}\p{N} ]/gu, ".")).join("|");
  const phrase = new RegExp(
    `[,;]?\\s*(?:\\b(?:and|but|with) )?\\b(?:no|not|without|(?:do not|don['’]t|never) \\w+)(?: any)? (?:${any})(?:(?:,| or| and| nor)+ (?:${any}))*`,
    "giu",
  );
  return prompt.replace(phrase, "").replace(/^[\s,;.]+/, "") || prompt;
}

/** What a region shows, by itself: its object, where that stands, the setting and the style of the whole picture. */
function regionOf(scene: Scene, cell: SceneCell): Region {
  const shared = [...scene.background, ...scene.style];
  if (cell === "setting") {
    return { prompt: scene.background.length ? shared.join(", ") : [NOTHING, ...shared].join(", ") };
  }
  const object = scene.objects[cell.object];
  const brief = describe(object, cell.index);
  const prompt = [object.setting ? `${brief} ${object.setting}` : brief, ...shared].join(", ");
  const texts = prompt === brief ? { prompt } : { prompt, brief };
  const negative = [...object.negative, ...object.variants[cell.index ?? -1]?.negative ?? []];
  return negative.length ? { ...texts, negativePrompt: negative.join(", ") } : texts;
}
