/**
 * Settings said in several places, the more particular before the more general.
 *
 * @module
 */

/** Where the plan comes from, where it is said outright. */
const WAYS = ["plan", "regions", "noPlan"];
/** What says more of `regions`. */
const OF_REGIONS = ["splitRatio", "basePrompt", "baseRatio", "columnsFirst", "flipRatio", "flipPrompts"];
/** Who plans otherwise. */
const ASKED = ["planner", "llmUrl", "llmModel", "llmTimeout", "llmMaxTokens", "promptFile", "image"];

/** Whoever gives one of the first makes the choice anew: the others, said more generally, do not count. */
const CHOICES: [chosen: string[], dropped: string[]][] = [
  [["plan", "noPlan"], [...WAYS, ...OF_REGIONS, ...ASKED]],
  [["regions"], [...WAYS, ...ASKED]],
  [ASKED, [...WAYS, ...OF_REGIONS]],
  [["hiresScale", "hiresSize"], ["hiresScale", "hiresSize"]],
  [["grid"], ["batchCount"]],
  [["json", "jsonLines"], ["json", "jsonLines"]],
];

/** The general settings with the particular ones over them, without those that these contradict. */
export function layered<T extends object>(general: T, particular: T): T {
  const given = (name: string) => (particular as Record<string, unknown>)[name] !== undefined;
  const dropped = new Set(CHOICES.flatMap(([chosen, others]) => chosen.some(given) ? others : []));
  const kept = Object.fromEntries(Object.entries(general).filter(([name]) => !dropped.has(name)));
  return { ...kept, ...particular } as T;
}
