/**
 * Prompts taken apart at keywords. Emphasis around a keyword holds on both of its sides: `(a BREAK b:1.3)` is `(a:1.3)`
 * and `(b:1.3)`.
 *
 * @module
 */
import { format, type Keyword, type Node, parsePrompt, type Prompt } from "./prompt.ts";
import { pairMarks } from "./weights.ts";

/** What stands before a keyword, or behind the last one. */
export interface Part {
  /** Without white space and commas at its ends, except within brackets that the keyword tore apart. */
  text: string;
  /** The keyword behind it. */
  before?: Keyword;
  /** `a :1.2 AND …`: the number, which is no part of `text`. Only where weights were asked for. */
  weight?: number;
}

const WEIGHT = /(?<![\d\s:])\s*:\s*([+-]?(?:\d+\.?\d*|\.\d+))$|^:\s*([+-]?(?:\d+\.?\d*|\.\d+))$/;

/** The parts of a prompt between `words`, in order. Keywords within `[a:b:0.5]` and `[a|b]` part nothing. */
export function splitPrompt(prompt: Prompt, words: readonly Keyword[], weights = false): Part[] {
  const partners = pairMarks(prompt.nodes);
  const parts: Part[] = [];
  const open: number[] = []; // places of brackets that are open here
  let openers: number[] = []; // those that were open where the part began
  let from = 0;
  const finish = (to: number, before?: Keyword) => {
    const closers = open.map((at) => partners.get(at)!).reverse();
    const body = prompt.nodes.slice(from, to);
    const start = body.findIndex((node) => !isBlank(node));
    // A bracket around nothing but the keyword: `[BREAK]`.
    if (start >= 0 && openers.length && partners.get(openers.at(-1)!) === from + start) {
      openers.pop();
      body.splice(0, start + 1);
    }
    const end = body.findLastIndex((node) => !isBlank(node));
    if (end >= 0 && open.length && body[end] === prompt.nodes[open.at(-1)!]) {
      body.splice(end);
      closers.shift();
    }
    const written = (places: number[]) => format(places.map((at) => prompt.nodes[at]), prompt);
    let text = trimmed(format(body, prompt));
    const weight = weights ? WEIGHT.exec(text.slice(-80)) : null;
    if (weight) text = trimmed(text.slice(0, text.length - weight[0].length));
    parts.push({
      text: text && written(openers) + text + written(closers),
      ...(before ? { before } : {}),
      ...(weight ? { weight: Number(weight[1] ?? weight[2]) } : {}),
    });
    openers = [...open];
    from = to + 1;
  };
  prompt.nodes.forEach((node, i) => {
    if (node.kind === "keyword" && words.includes(node.word)) finish(i, node.word);
    else if (node.kind !== "mark" || !partners.has(i)) return; // a bracket that is never closed ends with its part
    else if (node.text === "(" || node.text === "[") open.push(i);
    else open.splice(open.lastIndexOf(partners.get(i)!), 1);
  });
  finish(prompt.nodes.length);
  return parts;
}

/** One of several prompts whose predictions are added up. */
export interface Weighted {
  text: string;
  weight: number;
}

/**
 * The prompts that AND joins, with their weights (Liu et al. 2022, arXiv 2206.01714, as A1111 writes it): ε is
 * ε∅ + s · Σ wᵢ (εᵢ − ε∅). A single prompt may have a weight, too. In a prompt all in capitals AND is a word like any
 * other.
 */
export function composed(text: string): Weighted[] {
  const prompt = parsePrompt(text);
  const parts = splitPrompt(prompt, isShouted(text) ? [] : ["AND"], true).map(({ text, weight = 1 }) => ({
    text,
    weight,
  }));
  if (parts.length > 1) return parts;
  // Alone, a number counts only with a space before its colon: "Chapter: 3" is a title.
  return /\s:[^:]*$/.test(text) ? parts : [{ text, weight: 1 }];
}

/** Whether a keyword stands in a prompt outside edits and alternations. */
export function hasKeyword(prompt: Prompt, ...words: Keyword[]): boolean {
  return prompt.nodes.some((node) => node.kind === "keyword" && words.includes(node.word));
}

/** Whether a text is all in capitals, so that capitals mean nothing in it. */
export function isShouted(text: string): boolean {
  const others = text.replace(
    /(?<![\p{L}\p{N}_-])(?:AND|BREAK|ADD[\s_-]*(?:BASE|COMM|COL|ROW))(?![\p{L}\p{N}_-])/gu,
    "",
  );
  return /\p{Lu}/u.test(others) && !/\p{Ll}/u.test(others);
}

function isBlank(node: Node): boolean {
  return node.kind === "text" && node.text.trim() === "";
}

/** A prompt without white space and commas at its ends. */
export function trimmed(text: string): string {
  return text.trim().replace(/^(?:,\s*)+|(?:\s*,)+$/g, "").trim();
}
