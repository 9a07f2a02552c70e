/**
 * What of a prompt does not mean what its writer may think: said, so that nothing is silently drawn as words.
 *
 * @module
 */
import { type Node, parsePrompt } from "./prompt.ts";
import { composed, isShouted } from "./split.ts";

/** A `<lora:…>` of a prompt. */
export type Lora = Extract<Node, { kind: "lora" }>;

/** All nodes of a prompt, those within edits and alternations, too. */
function allNodes(nodes: readonly Node[]): Node[] {
  return nodes.flatMap((node) => {
    if (node.kind === "edit") return [node, ...allNodes(node.before), ...allNodes(node.after)];
    return node.kind === "alternate" ? [node, ...node.options.flatMap(allNodes)] : [node];
  });
}

/**
 * The bare words of a prompt, those of edits and alternations one after the other: no brackets, weights, tags or
 * keywords.
 */
export function wordsOf(text: string): string {
  const words = (nodes: readonly Node[]): string =>
    nodes.map((node) => {
      if (node.kind === "text") return node.text;
      if (node.kind === "edit") return `${words(node.before)} ${words(node.after)}`;
      return node.kind === "alternate" ? node.options.map(words).join(" ") : " ";
    }).join("");
  return composed(text).map(({ text }) => words(parsePrompt(text).nodes)).join(" ");
}

/** What a planner must not tear apart: edits, alternations and `embedding:name`, as they are written. */
export function wholesOf(text: string): string[] {
  return parsePrompt(text).nodes.flatMap(({ kind, from, to }) =>
    kind === "edit" || kind === "alternate" || kind === "embedding" ? text.slice(from, to) : []
  );
}

/** The LoRAs that a prompt names, in order. */
export function lorasOf(text: string): Lora[] {
  return allNodes(parsePrompt(text).nodes).filter((node) => node.kind === "lora");
}

/** The prompt without its LoRAs: planners are given words. */
export function withoutLoras(text: string): string {
  const cut = lorasOf(text).reduceRight((rest, { from, to }) => rest.slice(0, from) + rest.slice(to), text);
  return cut === text ? text : cut.replace(/[ \t]{2,}/g, " ").trim();
}

/** One sentence for each thing in a prompt that is not taken for what it looks like. */
export function remarksOn(text: string, negative = false): string[] {
  const { nodes } = parsePrompt(text);
  const within = nodes.flatMap((node) => "depth" in node ? allNodes([node]) : []);
  const shown = (what: string) => `"${what.length > 60 ? `${what.slice(0, 60)}…` : what}"`;
  const tags = allNodes(nodes).flatMap((node) => node.kind === "tag" ? node.text : []);
  const torn = within.flatMap((node) => node.kind === "keyword" && node.word !== "BREAK" ? node.word : []);
  const lone = nodes.some((node) => node.kind === "keyword" && node.word === "AND");
  const braces = text.match(/\{[^{}]*\}/g)?.filter((part) => /\||\$\$/.test(part)) ?? [];
  const flags = text.match(/(?<!\S)(?:--[a-z][\w-]*(?:[ =][^\s-]\S*)?|-[A-Za-z] \d\S*)/gi) ?? [];
  const pasted = text.match(/^\s*(?:Negative prompt:|Steps: \d+(?=,))/im)?.[0].trim();
  const names = text.match(/(?<!\w)__[\w*][\w*/ -]{0,80}?__(?!\w)/g) ?? [];
  return [
    ...tags.map((tag) => `${shown(tag)} means nothing to this program and is left out.`),
    ...torn.map((word) => `${word} within [from:to:when] or [a|b] is drawn as a word.`),
    ...(lone && negative ? ["AND in a negative prompt is drawn as a word: all of it is avoided at once."] : []),
    ...(lone && !negative && isShouted(text) ? ["AND is drawn as a word: the whole prompt is in capitals."] : []),
    ...braces.slice(0, 1).map((part) => `${shown(part)} is drawn as it is written: nothing chose from it.`),
    ...flags.slice(0, 1).map((part) =>
      `${
        shown(part)
      } within a prompt is drawn as words: flags stand beside it, and in a list on a line that begins with --.`
    ),
    ...(pasted
      ? [`"${pasted}" within a prompt is drawn as words: settings stand beside it, as --negative-prompt and --steps.`]
      : []),
    ...names.slice(0, 1).map((part) =>
      `${shown(part)} is drawn as it is written: --wildcards names the folder of its lines.`
    ),
  ];
}
