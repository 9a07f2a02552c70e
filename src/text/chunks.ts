/**
 * A prompt as the chunks of 77 tokens that a CLIP encoder takes.
 *
 * @module
 */
import { didYouMean } from "../did_you_mean.ts";
import { brief } from "../brief.ts";
import { UsageError } from "../errors.ts";
import { parsePrompt } from "./prompt.ts";
import { scheduleOf } from "./schedule.ts";
import type { Tokenizer } from "./tokenizer.ts";
import { weigh } from "./weights.ts";

/** Begin token, up to 75 tokens of the prompt, end token, padding. */
export interface TokenChunk {
  /** `maxLength` (77) token ids. */
  ids: Int32Array;
  /** Emphasis of each position, 1 where the prompt says nothing. */
  weights: Float32Array;
  /** Position of the end token, where the pooled embedding is read. */
  eosIndex: number;
}

/** How a prompt is cut into chunks. */
export interface ChunkOptions {
  /**
   * Whether a chunk that is full ends behind the last comma of its last 20 tokens, so that no phrase is torn (the web
   * UI's default); else every chunk but the last is full. Default true.
   */
  atComma?: boolean;
}

/** A1111's comma_padding_backtrack. */
const NEAR = 20;

interface Token {
  id: number;
  weight: number;
}

/**
 * Token chunks of a prompt; of one that is edited, as it ends. Nothing is cut off: BREAK begins a new chunk, and so
 * does what no longer fits, which a warning tells of. An embedding stands in one chunk as a whole.
 * @throws UsageError for an embedding that was not loaded or fits no chunk, and for emphasis beyond all numbers
 */
export function tokenize(
  tokenizer: Tokenizer,
  prompt: string,
  { atComma = true }: ChunkOptions = {},
): { chunks: TokenChunk[]; warnings: string[] } {
  const { variants: [{ nodes }] } = scheduleOf(parsePrompt(prompt, tokenizer.embeddings.keys()), 1);
  const bare = nodes.flatMap((node) => node.kind === "embedding" && node.bare ? node.name : []);
  const room = tokenizer.maxLength - 2;
  const comma = tokenizer.encode(",")[0];
  const full: Token[][] = [];
  let current: Token[] = [];
  let lastComma = -1;
  const next = (tokens: Token[] = []) => {
    full.push(current);
    current = tokens;
    lastComma = -1;
  };
  let total = 0;
  let breaks = 0;
  for (const piece of weigh(nodes)) {
    if (piece.kind === "break") {
      breaks++;
      next();
      continue;
    }
    const { weight } = piece;
    if (!Number.isFinite(weight)) throw tooStrong(piece.kind === "text" ? piece.text : piece.name);
    if (piece.kind === "embedding") {
      const ids = embeddingIds(tokenizer, piece.name);
      if (ids.length > room) {
        throw new UsageError(`The embedding ${brief(piece.name)} is ${ids.length} tokens long; ${room} fit a chunk.`);
      }
      if (current.length + ids.length > room) next();
      for (const id of ids) current.push({ id, weight });
      total += ids.length;
      continue;
    }
    for (const id of tokenizer.encode(piece.text)) {
      if (id === comma) lastComma = current.length;
      else if (atComma && current.length === room && lastComma >= 0 && room - lastComma <= NEAR) {
        next(current.splice(lastComma + 1));
      }
      if (current.length === room) next();
      current.push({ id, weight });
      total++;
    }
  }
  if (current.length || full.length === 0) full.push(current);
  const warnings = [
    ...[...new Set(bare)].map((name) => `"${name}" is taken for the embedding of that name.`),
    ...(full.length > 1 + breaks
      ? [`The prompt has ${total} tokens, more than ${room}: it is encoded in ${full.length} chunks.`]
      : []),
  ];
  return { chunks: full.map((tokens) => chunk(tokenizer, tokens)), warnings };
}

function tooStrong(text: string): UsageError {
  return new UsageError(
    `The emphasis of "${text.trim().slice(0, 40)}" is beyond all numbers. Write a weight such as 1.3.`,
  );
}

function embeddingIds(tokenizer: Tokenizer, name: string): readonly number[] {
  const bare = name.replace(/\.(safetensors|pt|bin|ckpt)$/i, "");
  const { embeddings } = tokenizer;
  const ids = embeddings.get(name) ?? embeddings.get(bare) ??
    [...embeddings].find(([known]) => known.toLowerCase() === bare.toLowerCase())?.[1];
  if (ids) return ids;
  const known = [...embeddings.keys()];
  const help = known.length === 0
    ? " No embeddings are loaded: give their folder with --embeddings."
    : didYouMean(bare, known) || ` Loaded are: ${known.join(", ")}.`;
  throw new UsageError(`The prompt names the embedding ${brief(bare)}, which is not loaded.${help}`);
}

function chunk(tokenizer: Tokenizer, tokens: readonly Token[]): TokenChunk {
  const ids = new Int32Array(tokenizer.maxLength).fill(tokenizer.pad);
  const weights = new Float32Array(tokenizer.maxLength).fill(1);
  ids[0] = tokenizer.bos;
  tokens.forEach(({ id, weight }, i) => {
    ids[i + 1] = id;
    weights[i + 1] = weight;
  });
  ids[tokens.length + 1] = tokenizer.eos;
  return { ids, weights, eosIndex: ids.indexOf(tokenizer.eos) }; // the first one: a prompt may spell the end token
}
