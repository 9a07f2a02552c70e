/**
 * Emphasis in prompts, in the notation of AUTOMATIC1111's web UI: `(word)` × 1.1, `[word]` ÷ 1.1, `(word:1.3)` × 1.3, nested at
 * will; a backslash makes the next bracket or backslash plain text.
 *
 * @module
 */

/** A stretch of a prompt with one weight. */
export interface Weighted {
  text: string;
  weight: number;
}

const STEP = 1.1;
const MARKS = /\\[\\()[\]]|[()[\]]|:\s*([+-]?(?:\d+\.?\d*|\.\d+))\s*\)|[^\\()[\]:]+|[\\:]/g;

/**
 * Takes a prompt apart. A bracket that is never closed counts to the end of the prompt; one that was never opened is text.
 * Neighbours of equal weight are joined, so a prompt without emphasis is one piece.
 */
export function parseWeights(prompt: string): Weighted[] {
  const pieces: Weighted[] = [];
  const round: number[] = []; // where the open brackets stand, as indices into pieces
  const square: number[] = [];
  const scale = (from: number, factor: number) => {
    for (let i = from; i < pieces.length; i++) pieces[i].weight *= factor;
  };
  for (const [mark, number] of prompt.matchAll(MARKS)) {
    const plain = () => pieces.push({ text: mark, weight: 1 });
    if (mark.length === 2 && mark[0] === "\\") pieces.push({ text: mark[1], weight: 1 });
    else if (mark === "(") round.push(pieces.length);
    else if (mark === "[") square.push(pieces.length);
    else if (number !== undefined && round.length) scale(round.pop()!, Number(number));
    else if (mark === ")" && round.length) scale(round.pop()!, STEP);
    else if (mark === "]" && square.length) scale(square.pop()!, 1 / STEP);
    else plain();
  }
  for (const from of round) scale(from, STEP);
  for (const from of square) scale(from, 1 / STEP);
  return joinEqual(pieces);
}

function joinEqual(pieces: Weighted[]): Weighted[] {
  const joined: Weighted[] = [];
  for (const piece of pieces) {
    const last = joined[joined.length - 1];
    if (last?.weight === piece.weight) last.text += piece.text;
    else joined.push(piece);
  }
  return joined;
}
