/**
 * Say what a plan is before it is drawn.
 *
 * @module
 */
import { type Plan, regionsOf } from "../plan/plan.ts";
import type { Context } from "./command.ts";

/** One line for the plan, one for each note, and the layout with -v or --confirm. */
export function showPlan(plan: Plan, { flags, console }: Context): void {
  const count = regionsOf(plan).length;
  console.say(
    count === 1 ? "Plan: one region, drawn plainly" : `Plan: ${count} regions, split ratio ${plan.splitRatio}`,
  );
  for (const note of plan.notes ?? []) console.say(note);
  for (const [i, { prompt }] of regionsOf(plan).entries()) console.detail(`  ${i + 1}  ${prompt}`);
}
