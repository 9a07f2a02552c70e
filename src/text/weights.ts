/**
 * Emphasis: `(word)` × 1.1, `[word]` ÷ 1.1, `(word:1.3)` × 1.3, nested at will.
 *
 * @module
 */
import type { Node } from "./prompt.ts";

/** A stretch of a prompt with one weight; or where a new chunk of tokens begins. */
export type Piece =
  | { kind: "text"; text: string; weight: number }
  | { kind: "embedding"; name: string; weight: number }
  | { kind: "break" };

/** What one level of brackets multiplies with. */
const STEP = 1.1;

/**
 * For each node that opens a bracket the place of the one that closes it, and the other way round. Round and square
 * brackets may cross; one that is never closed has no partner.
 */
export function pairMarks(nodes: readonly Node[]): Map<number, number> {
  const partners = new Map<number, number>();
  const open: Record<string, number[]> = { "(": [], "[": [] };
  nodes.forEach((node, i) => {
    if (node.kind !== "mark") return;
    if (node.text in open) return void open[node.text].push(i);
    const opened = open[node.text === "]" ? "[" : "("].pop();
    if (opened === undefined) return;
    partners.set(opened, i);
    partners.set(i, opened);
  });
  return partners;
}

/**
 * The pieces of a prompt whose editing is settled (`settle` in schedule.ts). A bracket that is never closed counts to
 * the end of the prompt; one that was never opened is text. Neighbours of equal weight are joined, so a prompt without
 * emphasis is one piece.
 */
export function weigh(nodes: readonly Node[]): Piece[] {
  const partners = pairMarks(nodes);
  const pieces: Piece[] = [];
  const products: Record<string, number[]> = { "(": [1], "[": [1] };
  const add = (text: string) => {
    const weight = products["("].at(-1)! * products["["].at(-1)!;
    const last = pieces[pieces.length - 1];
    if (last?.kind === "text" && last.weight === weight) last.text += text;
    else pieces.push({ kind: "text", text, weight });
  };
  nodes.forEach((node, i) => {
    if (node.kind === "mark" && node.text in products) {
      const closing = nodes[partners.get(i) ?? -1];
      const given = closing?.kind === "mark" ? closing.weight : undefined;
      const factor = given ?? (node.text === "(" ? STEP : 1 / STEP);
      products[node.text].push(products[node.text].at(-1)! * factor);
    } else if (node.kind === "mark" && partners.has(i)) products[node.text === "]" ? "[" : "("].pop();
    else if (node.kind === "mark" || node.kind === "text") add(node.text);
    else if (node.kind === "embedding") {
      pieces.push({ kind: "embedding", name: node.name, weight: products["("].at(-1)! * products["["].at(-1)! });
    } else if (node.kind === "keyword" && node.word === "BREAK") pieces.push({ kind: "break" });
    else if (node.kind === "keyword") add(node.word);
  });
  return pieces;
}
