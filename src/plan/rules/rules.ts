import { plainPlan, type Plan, type Region } from "../plan.ts";
import { arrange, type SceneCell } from "./layout.ts";
import { oneOf } from "./phrase.ts";
import { readScene } from "./reader.ts";
import type { Scene } from "./scene.ts";
import { formatSplitRatio } from "../../region/split_ratio.ts";

/** More regions than this make each of them too small for a 512-pixel picture. */
const MOST_REGIONS = 9;

/**
 * Plan a picture without a language model: objects, their places and relations give the cells, and each region's prompt
 * carries the setting and the style so that the picture hangs together. One object (or none, or too many) is said in the
 * notes and drawn plainly. Takes about a millisecond and never fails.
 */
export function planByRules(prompt: string): Plan {
  const scene = readScene(prompt);
  const total = scene.objects.reduce((sum, object) => sum + object.count, 0);
  if (total > MOST_REGIONS) {
    for (const object of scene.objects) object.count = 1;
  }
  const plain = (why: string) =>
    plainPlan(prompt, "rules", `${why}: the picture is generated plainly, without regions.`);
  if (total === 0) return plain("No object that could have a region of its own was found");
  if (total === 1) return plain(`One object was found (${withSetting(scene.objects[0])})`);
  if (scene.objects.length === 1 && total > MOST_REGIONS) {
    return plain(`${scene.objects[0].text} would be ${total} regions and ${MOST_REGIONS} are the most`);
  }
  if (scene.objects.length > MOST_REGIONS) {
    return plain(`${scene.objects.length} objects were found and ${MOST_REGIONS} regions are the most`);
  }
  const rows = arrange(scene);
  const alike = repeatsClass(scene.objects.flatMap((object) => Array(object.count).fill(object.head)));
  const base = alike ? 0.5 : scene.encounter ? 0.2 : undefined;
  return {
    prompt,
    ...(base === undefined ? {} : { basePrompt: prompt, baseRatio: base }),
    splitRatio: formatSplitRatio(rows.map((row) => ({ height: 1, widths: row.map(() => 1) }))),
    regions: rows.flat().map((cell): Region => ({ prompt: recaption(scene, cell) })),
    planner: "rules",
  };
}

/** Whether two of these nouns are of one class, so that a base prompt helps to keep them apart as well as together. */
export function repeatsClass(heads: string[]): boolean {
  const classes = heads.map((head) =>
    /^(?:boy|guy|gentleman)$/.test(head) ? "man" : /^(?:girl|lady)$/.test(head) ? "woman" : head
  );
  return new Set(classes).size < classes.length;
}

/** What a region shows, by itself: its object, where that stands, the setting and the style of the whole picture. */
function recaption(scene: Scene, cell: SceneCell): string {
  const shared = [...scene.background, ...scene.style];
  if (cell === "setting") {
    return scene.background.length ? shared.join(", ") : ["empty background", ...shared].join(", ");
  }
  const object = scene.objects[cell.object];
  const counted = object.count > 1 ? oneOf(object.text) : object.text;
  const variant = object.variants[cell.variant]?.text;
  const named = variant
    ? counted.replace(new RegExp(`^(an?) (.*\\b${object.head}\\b)`), (_, __, noun) => describe(variant, noun))
    : counted;
  return [withSetting({ ...object, text: named }), ...shared].join(", ");
}

function withSetting({ text, setting }: { text: string; setting?: string }): string {
  return setting ? `${text} ${setting}` : text;
}

/** "black" and "cat" → "a black cat". */
function describe(adjective: string, noun: string): string {
  return `${/^[aeiou]/i.test(adjective) ? "an" : "a"} ${adjective} ${noun}`;
}
