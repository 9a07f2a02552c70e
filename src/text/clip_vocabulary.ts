/**
 * The vocabulary that CLIP was trained with, for single files, which hold none. clip_merges.txt has the 48,894 merges
 * CLIP uses, taken from bpe_simple_vocab_16e6.txt.gz of open_clip_torch 3.3.0 (MIT licence, © 2012–2021 Gabriel Ilharco
 * and others; see clip_merges.LICENSE).
 *
 * @module
 */
import text from "./clip_merges.txt" with { type: "text" };
import { BYTE_SYMBOLS, WORD_END } from "./bpe.ts";
import type { Vocabulary } from "./tokenizer.ts";

const BOS = "<|startoftext|>";
const EOS = "<|endoftext|>";

/**
 * CLIP's 49,408 tokens: 256 bytes, 256 bytes that end a word, the merges, begin (49406) and end (49407).
 * @param pad fills up behind the end: the end token itself for ViT-L, "!" (0) for OpenCLIP's ViT-H and bigG
 */
export function clipVocabulary(pad: "<|endoftext|>" | "!" = EOS): Vocabulary {
  const merges = text.trimEnd().split("\n");
  const inOrder = [...BYTE_SYMBOLS].sort((a, b) => rank(a) - rank(b));
  const tokens = [...inOrder, ...inOrder.map((s) => s + WORD_END), ...merges.map((m) => m.replace(" ", "")), BOS, EOS];
  // As the published tokenizers have it: the token that pads is found in its exact spelling, the others in any case.
  const added = [...new Set([BOS, EOS, pad])].map((content) => ({ content, normalized: content !== pad }));
  return {
    ids: new Map(tokens.map((token, id) => [token, id])),
    merges,
    added,
    bos: BOS,
    eos: EOS,
    pad,
    unk: EOS,
    maxLength: 77,
  };
}

/** CLIP numbers the bytes that are printable first, in their order, then the stand-ins. */
function rank(symbol: string): number {
  return symbol.codePointAt(0)!;
}
