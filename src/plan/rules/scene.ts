/**
 * What the rules planner understands of a prompt: objects, how they lie to each other, the setting and the style.
 *
 * @module
 */
import type { Place, Relation } from "./scan.ts";

/** Something that can have a region. `count` of them are alike but for `variants`: "two cats, one black and one white". */
export interface SceneObject {
  text: string;
  /** Its noun, in the singular and lower case. */
  head: string;
  count: number;
  place: Place;
  /** Where it alone stands: "on a chair". */
  setting?: string;
  variants: { text: string; place: Place }[];
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
  /** The prompt asks for one row ("from left to right") or one column ("from top to bottom"). */
  order?: "row" | "column";
  /** Objects act on each other ("a cat chasing a mouse"), which no region shows by itself. */
  encounter: boolean;
}

/** Record that subjects lie so to targets, in the two directions that a link knows. */
export function addLink(scene: Scene, relation: Relation, subjects: number[], targets: number[]): void {
  if (subjects.length === 0 || targets.length === 0) return;
  switch (relation) {
    case "beside":
    case "between":
    case "left":
      scene.links.push({ relation, subjects, targets });
      break;
    case "right":
      scene.links.push({ relation: "left", subjects: targets, targets: subjects });
      break;
    case "below":
    case "under":
    case "front": // what stands in front is nearer and so lower in the picture
      scene.links.push({ relation: "above", subjects: targets, targets: subjects });
      break;
    default:
      scene.links.push({ relation: "above", subjects, targets });
  }
}

/** A setting named once, after the last of several objects, is that of all: "two cats and a dog on the grass". */
export function shareSetting({ objects, background }: Scene): void {
  const last = objects.at(-1);
  const several = objects.length > 1 || (last !== undefined && last.count > 1);
  if (last?.setting && several && objects.slice(0, -1).every((object) => !object.setting)) {
    background.unshift(last.setting);
    last.setting = undefined;
  }
}

/** "A cat is sitting" → "a cat sitting": a phrase that a text encoder can use. */
export function tidy(text: string): string {
  return text.replace(/^(?:An?|The|Two|Three|Four|Five|One|Some|In|On|At|Under|With) /, (word) => word.toLowerCase())
    .replace(/ (?:is|are|was|were) (?=\w+ing\b)/gi, " ")
    .replace(/ (sit|stand)s?$/i, (_, verb: string) => ` ${verb.toLowerCase().replace(/t$/, "tt")}ing`)
    .replace(/ lies?$/i, " lying")
    .replace(/ (?:is|are|was|were)$/i, "");
}
