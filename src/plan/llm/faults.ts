/**
 * What is wrong with a plan that can be read: things of the prompt that nothing shows, a region that must carry too
 * many of them, a region of nothing but style. Only what is beyond doubt counts: a false alarm costs a request and
 * spoils a good plan.
 *
 * @module
 */
import { type Plan, regionsOf } from "../plan.ts";
import { type Asked, thingsAsked } from "./asked.ts";
import { areOfOneClass, isAkin, isKindOf, nounOf, wordsOf } from "./things.ts";

/** Regions are numbered from 0 in reading order. */
export interface Faults {
  missing: Asked[];
  crowded: { region: number; things: Asked[] }[];
  empty: number[];
}

/** Hold a plan against its prompt. */
export function findFaults(plan: Plan): Faults {
  const asked = thingsAsked(plan.prompt);
  const texts = regionsOf(plan).map(({ prompt }) => prompt);
  const empty = texts.length > 1 && asked.length > 0 ? [...texts.keys()].filter((i) => isStyleOnly(texts[i])) : [];
  const missing = notNamed(asked, wordsOf([...texts, plan.basePrompt ?? ""].join(" ")));
  // A region without any thing of the prompt may well show what seems to be missing, under another name.
  const free = texts.filter((text, i) => {
    const own = wordsOf(text);
    if (empty.includes(i) || asked.some((thing) => own.some((word) => mayName(word, thing, asked)))) return false;
    const nouns = own.flatMap((word) => nounOf(word) ?? []);
    return nouns.length === 0 || nouns.some((noun) => missing.some((thing) => areOfOneClass(noun, thing.noun)));
  });
  const most = texts.length === 1 ? 2 : 3;
  return {
    missing: missing.length > free.length ? missing : [],
    crowded: texts.flatMap((text, region) => {
      const things = asked.filter(({ noun, determined }) =>
        determined && wordsOf(text).some((word) => nounOf(word) === noun)
      );
      return things.length > most ? [{ region, things }] : [];
    }),
    empty,
  };
}

/** How many faults there are; 0 for a plan to be drawn as it is. */
export function countFaults({ missing, crowded, empty }: Faults): number {
  return missing.length + crowded.length + empty.length;
}

/** The faults in words for whoever made the plan. */
export function describeFaults({ missing, crowded, empty }: Faults): string {
  const list = (things: Asked[]) => things.map(({ text }) => `"${text}"`).join(", ");
  return [
    ...(missing.length ? [`No region shows ${list(missing)}.`] : []),
    ...crowded.map(({ region, things }) =>
      `Region ${region + 1} must show ${list(things)} all at once; give each a region of its own.`
    ),
    ...empty.map((region) => `Region ${region + 1} names only style, light or mood; say what is to be seen there.`),
  ].join(" ");
}

/**
 * The things that no word names. A word for something wider or alike stands for one thing, its plural for any number.
 */
function notNamed(asked: Asked[], words: string[]): Asked[] {
  const left = words.map((word) => ({ word, free: true }));
  return asked.filter((thing) => !words.some((word) => names(word, thing))).filter((thing) => {
    const other = left.find(({ word, free }) => free && mayName(word, thing, asked));
    if (other && nounOf(other.word) === other.word) other.free = false;
    return other === undefined;
  });
}

/** Whether a word is the thing's noun, or one for a kind of it. */
function names(word: string, thing: Asked): boolean {
  if (sharesStem(word, thing.noun) || thing.of.some((content) => sharesStem(word, content))) return true;
  const noun = nounOf(word);
  return noun !== undefined && isKindOf(noun, thing.noun);
}

/** Whether a word may name the thing. A word that names another thing of the prompt does not. */
function mayName(word: string, thing: Asked, asked: Asked[]): boolean {
  if (names(word, thing)) return true;
  const noun = nounOf(word);
  return noun !== undefined && isAkin(noun, thing.noun) && !asked.some((other) => other.noun === noun);
}

/** "watermelon" and "melons", "sailing" and "sailboat": the same word, or so much of it that it may be. */
function sharesStem(word: string, noun: string): boolean {
  if (nounOf(word) === noun || word === noun) return true;
  const [short, long] = word.length < noun.length ? [word, noun] : [noun, word];
  if (short.length >= 4 && (long.startsWith(short) || long.endsWith(short))) return true;
  return short.length >= 5 && long.startsWith(short.slice(0, 5));
}

/** Style, light, quality and mood, and the words between them. */
const STYLE = new Set(
  `a an the of in with and by on at to very highly ultra extremely all around everywhere style styled stylized art
  artwork artistic painting oil acrylic watercolor watercolour gouache ink pencil charcoal pastel pastels sketch drawing illustration
  photo photograph photography photorealistic photorealism photographic realistic realism hyperrealistic hyperrealism surreal surrealism
  impressionist impressionism impressionistic expressionist baroque rococo minimalist minimalism vintage retro cinematic film filmic grain
  analog digital render rendering rendered octane unreal engine cgi 3d 2d 4k 8k hd uhd hdr 16k anime manga cartoon comic concept matte
  masterpiece quality best high highest detail details detailed intricate sharp crisp focus focused bokeh blur blurred blurry depth
  field shallow deep lens mm 35mm 50mm 85mm shot view angle wide close up closeup macro top down composition symmetrical palette muted
  vivid vibrant saturated color colors colour colours colorful colourful tone tones tonal contrast texture textures textured brush strokes
  brushstrokes visible light lighting lights lit soft hard warm cool cold bright dim dark low key golden hour morning evening afternoon
  ambient natural studio dramatic volumetric rays glow glowing glows shadows shadow reflections mood moody atmosphere atmospheric
  ambience vibe vibes aesthetic aesthetics serene serenity peaceful peace tranquil calm cozy cosy dreamy ethereal magical mysterious
  romantic nostalgic melancholy melancholic whimsical epic beautiful beauty gorgeous stunning elegant lovely pretty harmonious harmony
  award winning trending artstation professional smooth clean simple modern overall whole scene picture image feeling feel sense of
  joy happiness blissful bliss gentle delicate`.split(/\s+/),
);

/** Whether a text speaks of style, light, quality and mood alone. */
export function isStyleOnly(text: string): boolean {
  return wordsOf(text).every((word) => STYLE.has(word) || /^\d/.test(word));
}
