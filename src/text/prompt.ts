/**
 * The language of prompts, AUTOMATIC1111's with the regional-prompter extension's keywords, read once into a tree that
 * everything else works on. docs/prompts.md has the language in one table.
 *
 * Brackets that are closed but edit nothing stay in the list of nodes as marks, because A1111 lets `(` and `[` overlap:
 * `weigh` (weights.ts) pairs them. Prompt editing and alternation are nodes with children. A bracket without its
 * partner is text to the editor and, where it opens, emphasis to the end of the prompt.
 *
 * @module
 */
import { UsageError } from "../errors.ts";
import { readTag, type TagNode, tokenPattern } from "./tokens.ts";

/** A stretch of the source. `from` and `to` are offsets in `Prompt.source`. */
interface Span {
  from: number;
  to: number;
}

/** A word in capitals that parts prompts. */
export type Keyword = "BREAK" | "AND" | "ADDBASE" | "ADDCOMM" | "ADDCOL" | "ADDROW";

/** One thing in a prompt. */
export type Node =
  & Span
  & (
    | { kind: "text"; text: string }
    /** `(`, `[` and what closes them; `weight` is the number before a `)`. */
    | { kind: "mark"; text: string; weight?: number }
    | { kind: "keyword"; word: Keyword }
    | { kind: "embedding"; name: string; bare: boolean }
    | TagNode
    /** `[before:after:when]`; a `when` with a decimal point is a share of the steps, else a number of steps. */
    | { kind: "edit"; before: Node[]; after: Node[]; when: string; depth: number }
    /** `[a|b|…]`: the next one at every step. */
    | { kind: "alternate"; options: Node[][]; depth: number }
  );

/** A prompt and what it is made of. */
export interface Prompt {
  readonly source: string;
  readonly nodes: readonly Node[];
}

/**
 * Brackets within each other, at the most: beyond it emphasis has no meaning, and no stack should grow with a prompt.
 */
export const MAX_DEPTH = 100;

/** An open bracket: where it stands in the list of nodes, and where the colons and bars directly in it are. */
interface Frame {
  bracket: "(" | "[";
  at: number;
  colons: number[];
  bars: number[];
}

/**
 * Read a prompt, in time linear in its length. No text is an error of grammar: what is no construct is text.
 *
 * @param embeddings names that stand for embeddings also when they are written without `embedding:`
 * @throws UsageError for brackets more than `MAX_DEPTH` deep and for a `<lora:…>` that cannot be read
 */
export function parsePrompt(source: string, embeddings: Iterable<string> = []): Prompt {
  const nodes: Node[] = [];
  let frames: Frame[] = [];
  for (const match of source.matchAll(tokenPattern(embeddings))) {
    const [text] = match;
    const span = { from: match.index, to: match.index + text.length };
    const { tag, known, named, keyword, weight } = match.groups!;
    const frame = frames[frames.length - 1];
    if (tag !== undefined) nodes.push(readTag(text, span));
    else if (known !== undefined || named !== undefined) {
      const name = unquoted(known ?? named);
      nodes.push({ kind: "embedding", name, bare: named === undefined, ...span });
    } else if (keyword !== undefined) {
      nodes.push({ kind: "keyword", word: keyword.replace(/[\s_-]+/, "") as Keyword, ...span });
    } else if (text === "(" || text === "[") {
      if (frames.length === MAX_DEPTH) throw tooDeep(source, span.from);
      frames.push({ bracket: text, at: nodes.length, colons: [], bars: [] });
      nodes.push({ kind: "mark", text, ...span });
    } else if (text === ")" || text === "]" || weight !== undefined) {
      const partner = text === "]" ? "[" : "(";
      nodes.push({ kind: "mark", text, ...(weight === undefined ? {} : { weight: Number(weight) }), ...span });
      if (frame?.bracket !== partner) frames = []; // crossed or lonely brackets: nothing around them can be an edit
      else closeFrame(nodes, frames.pop()!, source);
    } else {
      if (text === ":") frame?.colons.push(nodes.length);
      if (text === "|") frame?.bars.push(nodes.length);
      nodes.push({ kind: "text", text: text[0] === "\\" ? text.slice(1) : text, ...span });
    }
  }
  return { source, nodes };
}

/** The prompt as it is written. */
export function format(nodes: readonly Node[], { source }: Prompt): string {
  return nodes.map(({ from, to }) => source.slice(from, to)).join("");
}

const NUMBER = /^\s*([+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?)\s*$/i;
/** A longer `when` is none. */
const LONGEST_NUMBER = 64;

/** Turns the nodes since an opening `[` into an edit or an alternation, if that is what they are. */
function closeFrame(nodes: Node[], { bracket, at, colons, bars }: Frame, source: string): void {
  if (bracket === "(") return;
  const last = colons[colons.length - 1];
  const end = nodes.length - 1;
  const written = last !== undefined && nodes[end].from - nodes[last].to <= LONGEST_NUMBER
    ? source.slice(nodes[last].to, nodes[end].from)
    : "";
  const when = NUMBER.exec(written)?.[1];
  const isEdit = when !== undefined && colons.length <= 2;
  if (!isEdit && bars.length === 0) return;
  const cuts = isEdit ? colons : bars;
  const all = nodes.splice(at);
  const span = { from: all[0].from, to: all[all.length - 1].to };
  const parts = [...cuts, end].map((cut, i) => all.slice((i === 0 ? at : cuts[i - 1]) + 1 - at, cut - at));
  const depth = 1 + all.reduce((most, node) => Math.max(most, "depth" in node ? node.depth : 0), 0);
  if (depth > MAX_DEPTH) throw tooDeep(source, span.from);
  if (!isEdit) nodes.push({ kind: "alternate", options: parts, depth, ...span });
  else {
    const [before, after] = cuts.length === 2 ? parts : [[], parts[0]];
    nodes.push({ kind: "edit", before, after, when, depth, ...span });
  }
}

/** An embedding's name without quotes and without the backslashes before brackets. */
function unquoted(name: string): string {
  return name.replace(/^"(.*)"$/s, "$1").replace(/\\(.)/gs, "$1").replace(/\s+/g, " ");
}

function tooDeep(source: string, at: number): UsageError {
  const place = source.slice(Math.max(0, at - 20), at + 20);
  return new UsageError(
    `The prompt opens more than ${MAX_DEPTH} brackets within each other (at "…${place}…"). Write \\( for a bracket that is text.`,
  );
}
