/**
 * The judge of the bundled model: its detector and its words. It needs no language model and answers the same every
 * time.
 *
 * @module
 */
import { BUNDLED_MODEL } from "../assets.ts";
import { readKnownWords } from "../model/known_words.ts";
import { Detector, type Found } from "./detector.ts";
import type { Check, Judge, Mark } from "./judge.ts";

/** What the detector understands of an item. */
export interface Reading {
  name: string;
  /** Absent: any. */
  colour?: string;
  /** More than one is asked for. */
  many?: true;
}

/**
 * Loads the detector. What an item asks for is right where one find has its name, its colour and, of all places asked
 * for, its place nearest.
 */
export async function miniJudge(): Promise<Judge> {
  const [detector, read] = await Promise.all([Detector.load(), miniReader()]);
  return (picture, checklist) =>
    Promise.resolve(markAll(checklist, checklist.map(({ words }) => read(words)), detector.look(picture)));
}

/**
 * Reads words as the bundled model, or that of another folder, knows them; undefined where they name none of its
 * things.
 */
export async function miniReader(folder: string = BUNDLED_MODEL): Promise<(words: string) => Reading | undefined> {
  const known = (await readKnownWords(folder))!;
  const names = Object.entries(known.concepts).flatMap(([name, others]) =>
    [name, ...others].map((spelling) => [spelling, name] as const)
  );
  // A person's colour is that of the clothes: "a girl in a red dress".
  const { clothes = {} } = known;
  const dressed = new RegExp(
    `^(?:e?s)? (?:in|with|wearing) (?:an? )?(${known.colours.join("|")}) (?:${Object.values(clothes).join("|")})`,
  );
  return (words) => {
    const text = words.toLowerCase();
    const hits = names.flatMap(([spelling, name]) => {
      const found = new RegExp(`(?<![\\p{L}-])${spelling}(?:e?s)?(?![\\p{L}-])`, "u").exec(text);
      return found ? [{ name, at: found.index, length: spelling.length, many: found[0] !== spelling }] : [];
    });
    const [first] = hits.sort((a, b) => a.at - b.at || b.length - a.length);
    if (!first) return undefined;
    const before = text.slice(0, first.at).split(/[^\p{L}]+/u).filter(Boolean).slice(-3);
    const worn = first.name in clothes ? dressed.exec(text.slice(first.at + first.length))?.[1] : undefined;
    const colour = worn ?? known.colours.find((colour) => before.includes(colour));
    return { name: first.name, colour, ...(first.many ? { many: true } : {}) };
  };
}

/** Each find answers for one item: those that are right take theirs first. */
function markAll(
  checks: readonly Check[],
  asked: readonly (Reading | undefined)[],
  found: readonly Found[],
): Mark[] {
  const marks: (Mark | undefined)[] = asked.map((reading, i) =>
    reading === undefined ? { verdict: "unknown" } : checks[i].absent ? absent(checks[i], reading, found) : undefined
  );
  const taken = new Set<Found>();
  const isHere = (f: Found, i: number) => checks[i].box === undefined || nearest(checks, f) === i;
  const give = (fits: (f: Found, i: number) => boolean, mark: (f: Found) => Mark) => {
    for (const i of checks.keys()) {
      if (marks[i]) continue;
      const hit = found.find((f) => !taken.has(f) && f.name === asked[i]!.name && fits(f, i));
      if (!hit) continue;
      taken.add(hit);
      marks[i] = mark(hit);
    }
  };
  const isHued = (f: Found, i: number) => hasColour(f, asked[i]!);
  const hue = ({ colour = "its own colour" }: Found) => colour;
  give((f, i) => isHued(f, i) && isHere(f, i), ({ box }) => ({ verdict: "right", box }));
  give(isHere, (f) => ({ verdict: "wrong", box: f.box, note: hue(f) }));
  give(isHued, ({ box }) => ({ verdict: "misplaced", box }));
  give(() => true, (f) => ({ verdict: "wrong", box: f.box, note: `${hue(f)}, elsewhere` }));
  // What came more often than it was asked for spoils the place where it lies.
  for (const f of found) {
    const same = asked.filter((reading, i) => reading?.name === f.name && !checks[i].absent);
    if (taken.has(f) || same.length === 0 || same.some((reading) => reading!.many)) continue;
    const here = nearest(checks, f);
    const i = here < 0 ? asked.findIndex((reading) => reading?.name === f.name) : here;
    if (marks[i]?.verdict === "right") marks[i] = { verdict: "wrong", box: f.box, note: `one ${f.name} too many` };
  }
  return marks.map((mark) => mark ?? { verdict: "missing" });
}

function hasColour(f: Found, { colour }: Reading): boolean {
  return colour === undefined || colour === f.colour;
}

/** A thing that must not be there, or not within a box. */
function absent({ box }: Check, reading: Reading, found: readonly Found[]): Mark {
  const inside = ({ x, y }: Found) => !box || (x >= box.x0 && x < box.x1 && y >= box.y0 && y < box.y1);
  const hit = found.find((f) => f.name === reading.name && hasColour(f, reading) && inside(f));
  return hit ? { verdict: "wrong", box: hit.box, note: "still there" } : { verdict: "right" };
}

/** The item whose middle is nearest to a find's; −1 where no item has a place. */
function nearest(checks: readonly Check[], { x, y }: Found): number {
  const distances = checks.map(({ box, absent }) =>
    box && !absent ? Math.hypot((box.x0 + box.x1) / 2 - x, (box.y0 + box.y1) / 2 - y) : Infinity
  );
  const least = Math.min(...distances);
  return least === Infinity ? -1 : distances.indexOf(least);
}
