/**
 * Byte-level byte-pair encoding, as CLIP uses it.
 * Source: Sennrich et al. 2016, arXiv 1508.07909; the table of bytes is GPT-2's.
 *
 * @module
 */

/** Printable stand-ins for the 256 bytes, by byte: printable Latin-1 is itself, the others follow from U+0100 on. */
export const BYTE_SYMBOLS: readonly string[] = byteSymbols();

function byteSymbols(): string[] {
  const symbols: string[] = [];
  let next = 256;
  for (let byte = 0; byte < 256; byte++) {
    const printable = (byte >= 33 && byte <= 126) || (byte >= 161 && byte <= 172) || byte >= 174;
    symbols.push(String.fromCodePoint(printable ? byte : next++));
  }
  return symbols;
}

/** Ends the last symbol of every word. */
export const WORD_END = "</w>";

/**
 * A function from a word to its symbols. Of the neighbours that `merges` lists ("left right", most important first) the
 * most important pair is joined, everywhere, until none is left. Results are remembered.
 */
export function wordSplitter(merges: readonly string[]): (word: string) => readonly string[] {
  const ranks = new Map(merges.map((pair, rank) => [pair, rank]));
  const known = new Map<string, readonly string[]>();
  return (word) => {
    const remembered = known.get(word);
    if (remembered) return remembered;
    const bytes = new TextEncoder().encode(word);
    const symbols = Array.from(bytes, (byte) => BYTE_SYMBOLS[byte]);
    symbols[symbols.length - 1] += WORD_END;
    const joined = join(symbols, ranks);
    if (known.size < 10_000) known.set(word, joined);
    return joined;
  };
}

function join(symbols: string[], ranks: ReadonlyMap<string, number>): string[] {
  while (symbols.length > 1) {
    let best = Infinity;
    let pair = "";
    for (let i = 0; i + 1 < symbols.length; i++) {
      const rank = ranks.get(`${symbols[i]} ${symbols[i + 1]}`);
      if (rank !== undefined && rank < best) {
        best = rank;
        pair = `${symbols[i]} ${symbols[i + 1]}`;
      }
    }
    if (best === Infinity) break;
    const next: string[] = [];
    for (let i = 0; i < symbols.length; i++) {
      const together = i + 1 < symbols.length && `${symbols[i]} ${symbols[i + 1]}` === pair;
      next.push(together ? symbols[i] + symbols[++i] : symbols[i]);
    }
    symbols = next;
  }
  return symbols;
}
