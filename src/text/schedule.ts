/**
 * Prompts that change while a picture is drawn: which words hold at which step.
 *
 * @module
 */
import { format, type Node, parsePrompt, type Prompt } from "./prompt.ts";

/** A prompt with its editing settled, and its text, by which equal ones are told. */
export interface Variant {
  text: string;
  nodes: readonly Node[];
}

/** The variants of a prompt over a run. */
export interface Schedule {
  /** Each distinct one once. */
  variants: Variant[];
  /** For each step, from 0, the index of its variant [steps]. */
  at: number[];
}

/**
 * What a prompt says at each of `steps` steps, as A1111 defines it. With steps counted from 1, `[a:b:when]` is a up to
 * step `when` and b after it; a `when` with a decimal point is a share of the steps, rounded down. `[a|b]` takes turns,
 * a first.
 */
export function scheduleOf(prompt: Prompt, steps: number): Schedule {
  if (!prompt.nodes.some(changes)) {
    return { variants: [{ text: prompt.source, nodes: prompt.nodes }], at: Array(steps).fill(0) };
  }
  const borders = new Set<number>([1]);
  for (const node of prompt.nodes) collectBorders(node, steps, borders);
  const variants: Variant[] = [];
  const known = new Map<string, number>();
  const at: number[] = [];
  for (let step = 1; step <= steps; step++) {
    if (!borders.has(step)) {
      at.push(at[at.length - 1]);
      continue;
    }
    const nodes = settle(prompt.nodes, step, steps);
    const text = format(nodes, prompt);
    if (!known.has(text)) known.set(text, variants.push({ text, nodes }) - 1);
    at.push(known.get(text)!);
  }
  return { variants, at };
}

function changes({ kind }: Node): boolean {
  return kind === "edit" || kind === "alternate";
}

/** Steps, from 1, at which a node begins to say something else. */
function collectBorders(node: Node, steps: number, borders: Set<number>): void {
  if (node.kind === "edit") {
    borders.add(lastOf(node.when, steps) + 1);
    for (const part of [...node.before, ...node.after]) collectBorders(part, steps, borders);
  } else if (node.kind === "alternate") { for (let step = 1; step <= steps; step++) borders.add(step); }
}

/** The last step, from 1, of what stands before `when`. */
function lastOf(when: string, steps: number): number {
  const value = when.includes(".") ? Number(when) * steps : Number(when);
  return Math.min(steps, Math.trunc(value));
}

/** The nodes that hold at `step`, from 1: what edits and alternations choose then. */
function settle(nodes: readonly Node[], step: number, steps: number): Node[] {
  return nodes.flatMap((node) => {
    if (node.kind === "alternate") return settle(node.options[(step - 1) % node.options.length], step, steps);
    if (node.kind !== "edit") return [node];
    return settle(step <= lastOf(node.when, steps) ? node.before : node.after, step, steps);
  });
}

/** What a picture's prompts say from step to step. */
export interface Wording {
  /** The text of a prompt at a step, from 0; after the last step, that of the last. */
  at(prompt: string, step: number): string;
  /** Every text that a prompt takes on. */
  textsOf(prompt: string): string[];
}

/** The wording of `prompts` over `steps` steps. */
export function wordingOf(prompts: Iterable<string>, steps: number): Wording {
  const schedules = new Map([...prompts].map((prompt) => [prompt, scheduleOf(parsePrompt(prompt), steps)]));
  return {
    at(prompt, step) {
      const { variants, at } = schedules.get(prompt)!;
      return variants[at[Math.min(step, steps - 1)]].text;
    },
    textsOf: (prompt) => schedules.get(prompt)!.variants.map(({ text }) => text),
  };
}
