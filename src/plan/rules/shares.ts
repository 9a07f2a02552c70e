/**
 * Two unequal parts of a picture: "the left third is a lighthouse, the other two thirds are a stormy sea".
 *
 * @module
 */
import { NUMBERS } from "./words.ts";

/** How two parts share the picture: side by side, or one above the other. */
export interface Shares {
  axis: "x" | "y";
  /** Of left and right, or of top and bottom. */
  sizes: [number, number];
}

const FILLS = "(?:fill(?:s|ing)?|cover(?:s|ing)?|tak(?:es?|ing) up|occup(?:y|ies|ying))";
const SPOT = "left|right|top|upper|bottom|lower";
const N = [...NUMBERS.keys()].slice(0, 4).join("|");
/** Groups: what leads to it, its side, how many parts, their kind or "rest", and a verb after it. */
const PART = new RegExp(
  `\\b(?:(on|in|at|over|across|${FILLS}) )?(?:the |its )?(?:(${SPOT}) |other |remaining )?` +
    `(?:(?:(${N}|a|\\d) )?(third|quarter|fifth)s?|(?<=the )(rest|remainder))` +
    `(?: of (?:the|this) (?:picture|image|photo|frame|canvas|screen|scene|it))?\\b(?! (?:of|one|cat|dog|man|woman)\\b)` +
    `(?: (?:is|are|shows?|has|have|holds?|contains?|depicts?)\\b)?`,
  "gi",
);
const PARTS_OF: Record<string, number> = { third: 3, quarter: 4, fifth: 5 };
const OTHER: Record<string, string> = { left: "right", right: "left", top: "bottom", bottom: "top" };

/**
 * Writes the two parts as sides ("the left side is a lighthouse, the right side is a stormy sea"), where there are two
 * that make up the picture and are not equal.
 */
export function takeShares(text: string): { text: string; shares?: Shares } {
  const parts = [...text.matchAll(PART)];
  if (parts.length !== 2) return { text };
  const counts = parts.map(([, , , count = "a", kind]) =>
    kind ? NUMBERS.get(count.toLowerCase()) ?? (Number(count) || 1) : undefined
  );
  const [all, ...others] = new Set(parts.flatMap(([, , , , kind]) => kind ? PARTS_OF[kind.toLowerCase()] : []));
  const [first = all - counts[1]!, second = all - counts[0]!] = counts;
  if (others.length || first + second !== all || Math.min(first, second) < 1) return { text };
  const said = parts.map(([, , spot]) => spot?.toLowerCase().replace("upper", "top").replace("lower", "bottom"));
  const skyFirst = /\bsky\b/i.test(text.slice(parts[0].index, parts[1].index));
  const natural = /\bsky\b/i.test(text) ? skyFirst ? "top" : "bottom" : "left";
  const side = said[0] ?? OTHER[said[1]] ?? natural;
  const sides = [side, OTHER[side]];
  if (said[1] !== undefined && said[1] !== sides[1]) return { text };
  const inOrder = side === "left" || side === "top";
  let k = 0;
  const written = text.replace(PART, () => {
    const before = text.slice(0, parts[k].index).trimEnd();
    const opens = before === "" || /[,;.:]$|\b(?:and|while|but|with)$/i.test(before);
    return `${opens ? "the" : "on the"} ${sides[k++]} side${opens ? " is" : ""}`;
  });
  return {
    text: written,
    shares: { axis: /left|right/.test(side) ? "x" : "y", sizes: inOrder ? [first, second] : [second, first] },
  };
}
