/**
 * What can be pointed at in a picture: some four thousand nouns as an outline of kinds, so that a plan may call a thing
 * by another of its names. things.txt is derived from WordNet 3.1 (Princeton University; see things.LICENSE) by
 * scripts/things.ts.
 *
 * @module
 */
import lines from "./things.txt" with { type: "text" };

/** Lines of the outline: a kind spans from its own line to the first that is no kind of it. */
interface Kind {
  start: number;
  end: number;
  /** How many words name it or one of its kinds. */
  size: number;
  parent?: Kind;
}

interface Outline {
  kinds: Map<string, Kind[]>;
  /** The nouns that are things in a prompt; others of the outline mostly mean something else. */
  asked: Set<string>;
}

let read: Outline | undefined;

/** Read by the first who asks. */
function outline(): Outline {
  if (read) return read;
  const kinds = new Map<string, Kind[]>();
  const asked = new Set(["people"]);
  const open: Kind[] = []; // the kinds around the line at hand
  for (const [line, text] of lines.trimEnd().split("\n").entries()) {
    open.length = text.search(/\S/);
    const kind: Kind = { start: line, end: line, size: 0, parent: open.at(-1) };
    open.push(kind);
    const words = text.trim().split(" ").filter((word) => word !== "-");
    for (const around of open) {
      around.end = line + 1;
      around.size += words.length;
    }
    for (const word of words) {
      const bare = word.replace("~", "");
      if (bare === word) asked.add(word);
      kinds.set(bare, [...kinds.get(bare) ?? [], kind]);
    }
  }
  return read = { kinds, asked };
}

const IRREGULAR: Record<string, string> = {
  men: "man",
  women: "woman",
  children: "child",
  mice: "mouse",
  geese: "goose",
  wolves: "wolf",
  knives: "knife",
  leaves: "leaf",
  calves: "calf",
  elves: "elf",
  shelves: "shelf",
  scarves: "scarf",
  loaves: "loaf",
};

/** The words of a text in lower case, without possessive endings. */
export function wordsOf(text: string): string[] {
  return text.toLowerCase().match(/\p{L}[\p{L}\p{N}]*|\p{N}+/gu) ?? [];
}

/** The noun of the outline that a word is, in the singular; undefined where it is none. */
export function nounOf(word: string): string | undefined {
  const ends: [RegExp, string][] = [[/men$/, "man"], [/ies$/, "y"], [/s$/, ""], [/es$/, ""]];
  const forms = ends.filter(([end]) => end.test(word)).map(([end, to]) => word.replace(end, to));
  // "roses" is "rose" before it is "ros", "glasses" is "glass": what the outline has decides.
  return [IRREGULAR[word] ?? "", ...forms, word].find((form) => outline().kinds.has(form));
}

/** The thing that a word of a prompt asks for, if it asks for one. */
export function thingOf(word: string): string | undefined {
  const noun = nounOf(word);
  return noun !== undefined && outline().asked.has(noun) ? noun : undefined;
}

/**
 * A kind of so many names is narrow enough that a word for one of its things may stand for another: a sedan for a taxi.
 */
const NARROW = 25;

/** Whether a noun means the other or a kind of it: a taxi is a car. */
export function isKindOf(noun: string, other: string): boolean {
  return noun === other || pairs(noun, other).some(([a, b]) => contains(b, a));
}

/**
 * Whether one noun may be another name for the other: the wider for the narrower, or both for a thing of one narrow
 * kind.
 */
export function isAkin(one: string, other: string): boolean {
  return isKindOf(one, other) || isKindOf(other, one) || (isPerson(one) && isPerson(other)) ||
    pairs(one, other).some(([a, b]) => {
      let common: Kind | undefined = a;
      while (common && !contains(common, b)) common = common.parent;
      return common !== undefined && common.size <= NARROW;
    });
}

/**
 * Whether both are made things, both food or both plants: there a pitcher may be a jug, while no cat is ever called a
 * dog.
 */
export function areOfOneClass(one: string, other: string): boolean {
  return ["artifact", "food", "plant"].some((root) => isKindOf(one, root) && isKindOf(other, root));
}

/** Whether a noun means people. */
export function isPerson(noun: string): boolean {
  return isKindOf(noun, "person");
}

function pairs(one: string, other: string): [Kind, Kind][] {
  const { kinds } = outline();
  return (kinds.get(one) ?? []).flatMap((a) => (kinds.get(other) ?? []).map((b): [Kind, Kind] => [a, b]));
}

function contains(kind: Kind, other: Kind): boolean {
  return kind.start <= other.start && other.end <= kind.end;
}
