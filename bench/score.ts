/**
 * How well a picture obeys its prompt: what was asked against what the judge found.
 *
 * @module
 */
import type { Found } from "../src/judge/detector.ts";

/** One object that a prompt asks for. */
export interface Asked {
  name: string;
  /** null: no colour was asked for, any is right. */
  colour: string | null;
  /** Where it should be, as fractions of the picture; absent: anywhere, as one of so many that are alike. */
  x?: number;
  y?: number;
}

/** One that has its place. */
export type Placed = Required<Asked>;

/** What was right: counts of objects, and whether the whole picture was. */
export interface Score {
  objects: number;
  object: number;
  coloured: number;
  colour: number;
  place: number;
  /** Objects of which more came than were asked for. */
  twice: number;
  allRight: boolean;
}

/**
 * Scores one picture. An object is right where the judge found one of that name; its colour, where asked, and its place
 * are right where one of that name has them; a place where it is the nearest of the prompt's places. The picture is all
 * right where every object has one find with name, colour and place, and none came twice. Of several that are alike
 * each needs a find of its own.
 */
export function score(asked: readonly Asked[], found: readonly Found[]): Score {
  const nearest = (f: Found) => asked.reduce((best, a) => distance(a, f) < distance(best, f) ? a : best);
  const total: Score = { objects: 0, object: 0, coloured: 0, colour: 0, place: 0, twice: 0, allRight: true };
  asked.forEach((want, i) => {
    const earlier = asked.slice(0, i).filter(({ name }) => name === want.name);
    const alike = earlier.filter(({ colour }) => colour === want.colour).length;
    const named = found.filter((f) => f.name === want.name);
    const hued = named.filter((f) => want.colour === null || f.colour === want.colour);
    const isPlaced = (list: Found[], before: number) =>
      want.x === undefined ? list.length > before : list.some((f) => nearest(f) === want);
    total.objects++;
    total.object += Number(named.length > earlier.length);
    total.coloured += Number(want.colour !== null);
    total.colour += Number(want.colour !== null && hued.length > alike);
    total.place += Number(isPlaced(named, earlier.length));
    const twice = named.length > asked.filter(({ name }) => name === want.name).length;
    total.twice += Number(twice);
    total.allRight &&= !twice && isPlaced(hued, alike);
  });
  return total;
}

function distance({ x = 0, y = 0 }: Asked, f: Found): number {
  return Math.hypot(x - f.x, y - f.y);
}

/** A share with Wilson's 95 % interval, all in per cent. */
export function interval(hits: number, total: number): { share: number; low: number; high: number } {
  const z = 1.96;
  const share = hits / total;
  const middle = share + z * z / (2 * total);
  const half = z * Math.sqrt(share * (1 - share) / total + z * z / (4 * total * total));
  const scale = 100 / (1 + z * z / total);
  return { share: 100 * share, low: Math.max(0, middle - half) * scale, high: (middle + half) * scale };
}
