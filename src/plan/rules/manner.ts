/**
 * What a prompt says about the picture itself, apart from what it shows: that one is wanted, its kind and style, how
 * its parts are ordered, and what it must not show.
 *
 * @module
 */
import { type Shares, takeShares } from "./shares.ts";
import { NUMBERS, STYLE } from "./words.ts";

/** A prompt with its manner taken off. */
export interface Manner {
  text: string;
  style: string[];
  background: string[];
  negative: string[];
  /** The prompt asks for one row ("from left to right") or one column ("from top to bottom"). */
  order?: "row" | "column";
  /** From the right, or from the bottom. */
  reversed?: boolean;
  /** How many panels, columns or the like it asks for. */
  panels?: number;
  /** How many stand in each row: "two rows of three chairs", "in X shape". */
  rows?: number[];
  /** How its two sides share the picture, where not in halves. */
  shares?: Shares;
}

const PICTURE = "(?:picture|image|photo|photograph|scene|painting|drawing|illustration|sketch|render|poster)";
const MAKE =
  "(?:draw|paint|make|create|generate|show|give|imagine|design|illustrate|depict|visuali[sz]e|sketch|see|have|get)";
const REQUEST = new RegExp(
  `^(?:(?:please|hi|hello|hey)[,!]? )*(?:(?:can|could|would|will) (?:you|i|we) (?:please )?${MAKE}` +
    `|i(?:'d| would)? (?:really )?(?:like|love|want|need)(?: you)?(?: to ${MAKE})?|${MAKE})(?: (?:me|us))? ` +
    `(?=(?:an?|the|some|one|two|three|four|five|six|seven|eight|nine|ten|\\d|${PICTURE}s?|\\w+ing)\\b)`,
  "i",
);
/** "an oil painting of …", "a picture where …". Group 1 is the kind. */
const MEDIUM = new RegExp(
  "^(?:an? |the )?((?:[\\w-]+ ){0,3}?(?:picture|image|photo|photograph|painting|drawing|sketch|illustration|render(?:ing)?|" +
    "portrait|poster|cartoon|icon|watercolou?r|art|shot|scene|still life|close-up|view))" +
    "(?: of| showing| depicting| with| that shows| where| in which) (?=\\w)|^(photo|photograph|picture|image): ",
  "i",
);
const POLITE = /[,;]?\s*\b(?:please|thanks|thank you)\b(?=[.!?,;]|$)/gi;
const N = `(${[...NUMBERS.keys()].join("|")}|\\d{1,2})`;
const BANNED =
  /(?:^|[,;.]\s*|\band |\bbut )(?:do not|never|avoid|exclude|please no)(?: (?:show|showing|include|draw|add|have|put|use|want|be))?(?: any)? ([^,;.!?]+)/gi;
const LATE_STYLE =
  /,?\s+(in the style of [^,;.?!]+|in (?:an? )?[\w-]+(?: [\w-]+)? style\b|(?:\w+ painting |painted |drawn |art |illustration )?by [A-Z]\w+(?: [A-Z]\w+)*)/g;
const HOW = "(?:arranged |standing |sitting |lined up |stacked |placed |laid out |all )*";
const ROW = new RegExp(
  `[,;(]?\\s*\\b${HOW}(?:(?:from )?(?:left to right|right to left)|in a (?:row|line)|side by side(?! with))\\)?(?=[,;:. ]|$)`,
  "i",
);
const COLUMN = new RegExp(
  `[,;(]?\\s*\\b${HOW}(?:(?:from )?(?:top to bottom|bottom to top)|stacked vertically|in a column|one above the other)\\)?`,
  "i",
);
const PANELS = new RegExp(
  `,?\\s*\\b(?:in|into|as|with|on)? ?${N} (?:different |equal |separate |vertical |horizontal )?(rows|columns|panels|regions|parts|sections|tiles|frames|strips)\\b(?! of)`,
  "i",
);
const POLYPTYCH =
  /(?:\ban? )?\b(?:(diptych|split[- ]screen|two-panel(?: \w+)?)|(triptych|three-panel(?: \w+)?))(?: of| showing)?(?=[ :,])/i;
const GRID = new RegExp(`(?:\\b(?:in |as )?an? )?${N} ?(?:[x×]|by) ?${N} grid(?: of(?: \\w+(?=:))?)?`, "i");
const ROWS_OF = new RegExp(`\\b${N} rows of ${N}\\b`, "i");
const SHAPE_NAME = "(x|v|cross|plus|triangle|pyramid|diamond|circle|ring|square)";
const SHAPE = new RegExp(
  `,?\\s*(?:(?:arranged|placed|laid out|lined up)? ?in (?:an? )?["']?${SHAPE_NAME}["']?[- ](?:shape|formation|pattern)` +
    `|(?:arranged|placed|laid out) in (?:an? )?${SHAPE_NAME}|(?:arranged )?in the shape of an? ${SHAPE_NAME})\\b`,
  "i",
);

/** Take off what is said about the picture. */
export function readManner(prompt: string): Manner {
  const manner: Manner = { text: "", style: [], background: [], negative: [] };
  const { style, negative } = manner;
  const number = (word: string) => NUMBERS.get(word.toLowerCase()) ?? Number(word);
  let text = prompt.replace(/\s+/g, " ").replace(/[’]/g, "'").trim()
    .replace(/\b(there|it|that|he|she)'s\b/gi, "$1 is").replace(/n't\b/gi, " not").replace(/\bcan not\b/gi, "cannot")
    .replace(/^no ([\w ]+?)[,;.] /i, (_, what: string) => (negative.push(what), ""))
    .replace(/^(?:an? |the )?(\w+)'s portrait\b/i, "portrait of a $1")
    .replace(POLITE, "").replace(REQUEST, "").replace(/^(?:an? )?(?:nice |beautiful )?(?=logo-style)/i, "")
    .replace(/\b(?:there (?:is|are)|we (?:can )?see|i see) (?!no\b)/gi, "")
    .replace(MEDIUM, (_, of: string | undefined, label: string | undefined) => {
      const kind = of ?? label!;
      if (!/^(?:picture|image|scene|shot|view)$/i.test(kind)) style.push(kind);
      return "";
    })
    .replace(BANNED, (_, what: string) => (negative.push(what.trim()), ""))
    .replace(
      /\ba (?:couple|pair) of (?!(?:\w+ )?(?:shoes|glasses|boots|socks|gloves|jeans|trousers|eyes|wings)\b)/gi,
      "two ",
    )
    .replace(/\ba dozen (?:of )?/gi, "twelve ").replace(/\ba group of (?=two|three|four|five|six|\d)/gi, "")
    .replace(LATE_STYLE, (_, words: string) => (style.push(words), ""))
    .replace(ROWS_OF, (_, rows: string, columns: string) => {
      manner.rows = Array(Math.min(number(rows), 12)).fill(number(columns));
      return String(number(rows) * number(columns));
    })
    .replace(GRID, (_, columns: string, rows: string) => {
      manner.rows = Array(Math.min(number(rows), 12)).fill(number(columns));
      return "";
    })
    .replace(POLYPTYCH, (_, two: string | undefined) => {
      manner.panels = two ? 2 : 3;
      return "";
    })
    .replace(PANELS, (_, count: string, kind: string) => {
      manner.panels = number(count);
      if (/rows/i.test(kind)) manner.order = "column";
      return "";
    });
  const ordered = (order: Manner["order"], said: string) => {
    manner.order = order;
    manner.reversed = /right to left|bottom to top/i.test(said);
    return ",";
  };
  text = text
    .replace(ROW, (said) => ordered("row", said))
    .replace(COLUMN, (said) => ordered("column", said))
    .replace(SHAPE, (_, ...names: (string | undefined)[]) => {
      manner.rows = SHAPES[names.slice(0, 3).find(Boolean)!.toLowerCase()];
      return "";
    });
  ({ text, shares: manner.shares } = takeShares(text));
  manner.text = takeHeading(text.replace(/^[\s,;:.]+/, "").replace(/^of /, ""), manner);
  return manner;
}

const SHAPES: Record<string, number[]> = {
  x: [2, 1, 2],
  v: [2, 2, 1],
  cross: [1, 3, 1],
  plus: [1, 3, 1],
  triangle: [1, 2, 3],
  pyramid: [1, 2, 3],
  diamond: [1, 2, 1],
};

/** "four cards: …" is no setting. */
const SEVERAL = new RegExp(`^${N}(?<!one) `, "i");

/** "A cosy living room: …" names the setting, "Watercolour: …" the style. */
function takeHeading(text: string, { style, background }: Manner): string {
  const match = text.match(/^([^:;,.!?([]{2,60}?) ?: +(?=\S)/);
  if (
    !match || /^(?:one|the (?:one|first|left|man|woman))\b/i.test(text.slice(match[0].length)) ||
    /\b(?:left|right|top|bottom|middle|upper|lower|cent(?:er|re)|half|each|panel)\b/i.test(match[1]) ||
    SEVERAL.test(match[1])
  ) return text;
  (STYLE.test(match[1]) && !/\bseen from\b/i.test(match[1]) ? style : background).push(match[1].trim());
  return text.slice(match[0].length);
}
