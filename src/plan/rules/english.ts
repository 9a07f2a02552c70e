/**
 * English for wink-nlp's tagger. The model's own loader copies its three megabytes and prepares what finds names and
 * sentiments; this one prepares words and parts of speech, in a fifth of the time.
 *
 * How the model lies in its package, and what wink-nlp wants of it, is no public interface of theirs: both versions are
 * pinned to the digit (src/deps/wink.ts), and a new one has to pass tests/plan/rules.
 *
 * @module
 */
import { core, featureFn, lemmatize, pos, sbd, winkNLP } from "../../deps/wink.ts";

/** A list of words of the model, with the place of each. */
interface Words {
  list: string[];
  hash?: Record<string, number>;
  intrinsicSize?: number;
  index?: number;
  maxIndex?: number;
}

/** Of a field that is packed into words of 32 bits: which word, its mask, its first bit, and what it is. */
type Field = [word: number, mask: number, shift: number, isNumber: 0 | 1, isExtractable: 0 | 1, isListed: 0 | 1];

/** How many searches of the dictionary take as long as making a map of its 88,000 words. */
const SEARCHES = 128;

/** The place of each word in a list that may grow: searched for at first, since most prompts are short. */
class Places {
  readonly #known = new Map<string, number | undefined>();
  #searches = 0;

  constructor(private readonly list: readonly string[]) {}

  /** The last of them, where a word stands twice. */
  of(word: string): number | undefined {
    if (this.#known.has(word) || this.#searches > SEARCHES) return this.#known.get(word);
    if (++this.#searches > SEARCHES) this.list.forEach((word, place) => this.#known.set(word, place));
    else {
      const place = this.list.lastIndexOf(word);
      this.#known.set(word, place < 0 ? undefined : place);
    }
    return this.#known.get(word);
  }

  /** As an object that the tagger asks and adds to. */
  get asObject(): Record<string, number> {
    return new Proxy(Object.create(null), {
      get: (_, word) => this.of(word as string),
      set: (_, word, place) => (this.#known.set(word as string, place), true),
    });
  }
}

const { features: { lexeme: { list: lexemes } } } = core as unknown as { features: { lexeme: { list: string[] } } };
const WORDS = lexemes.length;
const places = new Places(lexemes);

/** Whether the dictionary has a word, in lower case. */
export function isEnglish(word: string): boolean {
  return (places.of(word) ?? WORDS) < WORDS; // beyond are words of the texts that were read so far
}

/** The model as wink-nlp takes it. */
function prepared() {
  const { features, packing, lexicon, xpansions, pos: parts, ...rest } = core as unknown as {
    features: Record<string, Words> & { posClusters: { list: (string | Set<number>)[] } };
    packing: { layout: Record<string, Field>; efList?: string[] };
    lexicon: string;
    xpansions: string;
    pos: { hash: Record<string, number> };
  };
  const numbers = (base64: string) => new Uint32Array(Uint8Array.fromBase64(base64).buffer);
  const index = (words: Words, places = new Places(words.list)) => {
    words.hash = places.asObject;
    words.intrinsicSize = words.index = words.list.length;
  };
  const fields = Object.entries(packing.layout);
  for (const [name, [, mask, shift, isNumber]] of fields) {
    if (isNumber) continue;
    index(features[name]);
    features[name].maxIndex = mask >>> shift;
  }
  index(features.lexeme, places);
  const { posClusters } = features;
  posClusters.list = posClusters.list.map((names) =>
    new Set((names as string).split("_").map((name) => parts.hash[name] || 0))
  );
  packing.efList = fields.filter(([, field]) => field[4] === 1).map(([name]) => name);
  return { ...rest, pos: parts, features, packing, lexicon: numbers(lexicon), xpansions: numbers(xpansions) };
}

/** Finds nothing. */
const nothing = () => ({ machines: ["[0,0,{},{},{},{}]"], transformers: [], setter: () => {} });

/** Tags and lemmatises English. */
export const nlp: ReturnType<typeof winkNLP> = winkNLP(
  {
    core: prepared,
    featureFn,
    sbd,
    pos,
    ner: nothing,
    negation: nothing,
    sa: nothing,
    metaCER: nothing,
    addons: { lemmatize },
  },
  ["sbd", "pos"],
);
