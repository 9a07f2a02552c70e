/**
 * Settings said in several places, the more particular before the more general.
 *
 * @module
 */
import { plannerSettings, planSettings, SETTINGS } from "./schema.ts";
import type { Table } from "./setting.ts";

/** Settings that say outright where the plan comes from. */
export const WAYS = ["plan", "regions", "noPlan"] as const;
/** Settings that say more of `regions`. */
export const OF_REGIONS: (keyof typeof planSettings)[] = namesOf(planSettings).filter((name) =>
  (planSettings as Table)[name].with?.includes("regions")
);
/** Settings of the planner, who plans otherwise. */
const ASKED: (keyof typeof plannerSettings)[] = namesOf(plannerSettings);
/** Those that a planner alone reads: the language model of the others may be the judge. */
export const OF_PLANNER = ["planner", "promptFile", "image"] as const;

function namesOf<T extends Table>(table: T): (keyof T)[] {
  return Object.keys(table);
}

/**
 * Where the more particular layer has one of the first settings, the second ones of the more general layer do not
 * count: the choice is made anew.
 */
const CHOICES: [chosen: readonly string[], dropped: readonly string[]][] = [
  [["plan", "noPlan"], [...WAYS, ...OF_REGIONS, ...OF_PLANNER]],
  [["regions"], [...WAYS, ...OF_PLANNER]],
  [ASKED, [...WAYS, ...OF_REGIONS]],
  [["image"], ["planner"]], // the rules see none
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

/**
 * The settings without those that only say more of another one, where that is not there.
 *
 * @param mayGo whether one may be left out, by its name and those that it says more of
 */
export function withoutIdle<T extends object>(
  settings: T,
  mayGo: (name: string, others: readonly string[]) => boolean,
): T {
  const kept = { ...settings } as Record<string, unknown>;
  // Twice, for what waits for something that waits.
  for (const name of [...Object.keys(kept), ...Object.keys(kept)]) {
    const others = SETTINGS[name]?.with;
    if (others && mayGo(name, others) && !others.some((other) => kept[other] !== undefined)) delete kept[name];
  }
  return kept as T;
}
