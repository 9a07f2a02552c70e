/**
 * What the rules planner understands of a prompt: objects, how they lie to each other, the setting and the style.
 *
 * @module
 */
import type { Place, Relation, Thing } from "./parts.ts";
import type { Shares } from "./shares.ts";
import { article, COLOURS, PAIRS } from "./words.ts";

/** One of several: "one black and one white", or a part: "left half of his face is human". */
export interface Variant {
  text: string;
  place: Place;
  /** What it is called instead: one of two people is "the man". */
  thing?: Thing;
  /** What it must not show: "one without a hat". */
  negative?: string[];
}

/**
 * Something that can have a region. `count` of them are alike but for `variants`: "two cats, one black and one white".
 */
export interface SceneObject {
  thing: Thing;
  count: number;
  place: Place;
  /** It has a part of the picture for itself: "the left half shows a city at night". */
  apart: boolean;
  /** What was said of it later: "the moon is purple". */
  adjectives: string[];
  /** What follows its noun: " wearing a hat". */
  more: string;
  /** Where it alone stands: "on a chair". */
  setting?: string;
  variants: Variant[];
  /** What the variants are parts of: "face"; "" where they are the object itself, seen in halves. */
  whole?: string;
  negative: string[];
  /** 2 where it is said to be the larger one. */
  size: number;
}

/** "between": subjects between targets; "left" and "above": subjects left of or above targets; indices of objects. */
export interface Link {
  relation: "left" | "above" | "beside" | "between";
  subjects: number[];
  targets: number[];
}

/** A prompt taken apart. */
export interface Scene {
  objects: SceneObject[];
  links: Link[];
  background: string[];
  style: string[];
  negative: string[];
  /** One row ("from left to right") or one column ("from top to bottom") was asked for. */
  order?: "row" | "column";
  /** From the right, or from the bottom. */
  reversed?: boolean;
  /** How many stand in each row, where the prompt says so. */
  rows?: number[];
  /** How its two sides share the picture, where not in halves. */
  shares?: Shares;
  /** Objects act on each other ("a cat chasing a mouse"), which no region shows by itself. */
  encounter: boolean;
}

/** Record that subjects lie so to targets, in the two directions that a link knows. */
export function addLink(scene: Scene, relation: Relation, subjects: number[], targets: number[]): void {
  if (subjects.length === 0 || targets.length === 0) return;
  switch (relation) {
    case "larger":
    case "smaller":
      for (const i of relation === "larger" ? subjects : targets) scene.objects[i].size = 2;
      scene.links.push({ relation: "beside", subjects, targets });
      break;
    case "right":
      scene.links.push({ relation: "left", subjects: targets, targets: subjects });
      break;
    case "below":
      scene.links.push({ relation: "above", subjects: targets, targets: subjects });
      break;
    case "on":
      scene.links.push({ relation: "above", subjects, targets });
      break;
    default:
      scene.links.push({ relation, subjects, targets });
  }
}

const GROUPS = /^(?:row|line|column|layer|bunch|bouquet|pile|stack|field|group|herd|flock)$/;

/** An object or one of several, in words: "a black cat wearing a hat". Without its setting. */
export function describe(object: SceneObject, index?: number): string {
  const variant = index === undefined ? undefined : object.variants[index];
  const thing = variant?.thing ?? object.thing;
  const said = (variant?.text ?? "").trim().replace(/^is /, "").replace(/^, /, "");
  const single = index !== undefined && object.count > 1 && object.whole === undefined;
  if (object.whole !== undefined && variant) {
    const whole = describe({ ...object, whole: undefined, variants: [] });
    if (/ /.test(said)) return `${whole}, ${object.whole} ${said}`.replace(/ {2,}/g, " ");
    return object.whole ? `${said} ${object.whole} of ${whole}` : `${said} half of ${whole}`;
  }
  const before = [...object.adjectives, ...(isAdjective(said) ? [said] : [])];
  const after = said && !isAdjective(said) ? ` ${said}` : "";
  const noun = single ? singularNoun(thing) : thing.noun;
  const adjectives = variant?.thing ? "" : thing.adjectives;
  // The tulips of a red row are red.
  const [group, members] = before.length && GROUPS.test(thing.head) ? noun.split(/ of (.*)/) : [noun];
  const words = (members ? [adjectives, group, "of", ...before, members] : [...before, adjectives, noun])
    .filter(Boolean).join(" ");
  const joined = /^\d/.test(noun);
  const opening =
    single || /^(?:his|her|its|their|my)$/i.test(thing.opening) || before.length > 0 && /^an?$/i.test(thing.opening)
      ? joined ? "" : article(words) + " "
      : thing.opening && lower(thing.opening) + " ";
  const more = single ? singleMore(object.more) : object.more;
  return balanced(opening + (opening || single ? words : lower(words)) + more + after).replace(
    /(?: (?:out|of|to|at|from|with|into))+$/,
    "",
  );
}

/** A few plain words that may stand before the noun. */
function isAdjective(text: string): boolean {
  return COLOURS.has(text) || (/^(?:\p{L}|-)+$/u.test(text) && !/ing$/.test(text) && text !== "");
}

function singularNoun({ noun, head }: Thing): string {
  const words = noun.split(" ");
  const of = words.indexOf("of");
  const at = (of < 0 ? words.length : of) - 1;
  words[at] = /^\d/.test(words[at]) ? `1${head}` : words[at].toLowerCase() === head ? words[at] : head;
  return words.join(" ");
}

/** "in red dresses" → "in a red dress" */
function singleMore(more: string): string {
  return more.replace(
    /\b(with|in|wearing|holding|carrying|riding) ((?:[\w-]+ )*?)([\w-]+[^s\W]s|dresses|glasses)\b(?! \w)/g,
    (all, verb: string, before: string, plural: string) =>
      PAIRS.has(plural.toLowerCase()) || /\b(?:an?|the|his|her|its|their|two|three)\b/.test(before)
        ? all
        : `${verb} ${article(before || plural)} ${before}${plural.replace(/(?<=ss|x|ch|sh)es$|s$/, "")}`,
  );
}

function lower(text: string): string {
  return text.replace(
    /^(?:An?|The|Two|Three|Four|Five|Six|Seven|Eight|Nine|One|Some|His|Her|Its)(?= |$)/,
    (word) => word.toLowerCase(),
  );
}

/** Brackets of emphasis that were torn apart are left out. */
function balanced(text: string): string {
  const count = (sign: string) => text.split(sign).length;
  return count("(") === count(")") && count("[") === count("]")
    ? text
    : text.replace(/:\d(?:\.\d+)?(?=\))|[()[\]]/g, "");
}
