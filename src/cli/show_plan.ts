/**
 * Say what a plan is before it is drawn.
 *
 * @module
 */
import { boxDrawing } from "../plan/show/box_drawing.ts";
import { type Plan, regionsOf } from "../plan/plan.ts";
import type { Context } from "./command.ts";
import type { FlagValues } from "../settings.ts";

/** What kind of plan it is, what there is to note, and its layout on a terminal, with -v or before --confirm. */
export function showPlan(plan: Plan, { flags, console }: Context): void {
  const count = regionsOf(plan).length;
  console.say(
    count === 1 ? "Plan: one region, drawn plainly" : `Plan: ${count} regions, split ratio ${plan.splitRatio}`,
  );
  for (const note of plan.notes ?? []) console.say(note);
  const show = flags.verbose || flags.confirm || (count > 1 && Deno.stderr.isTerminal());
  if (show) console.say(boxDrawing(plan, { columns: terminalWidth() }));
}

/** Width over height of the picture that is planned. */
export function aspectOf({ width, height }: FlagValues): number {
  return width !== undefined && height !== undefined ? width / height : 1;
}

/** Letters to a line: as many as the terminal has, within what is easy to read. */
function terminalWidth(): number {
  try {
    return Math.max(40, Math.min(120, Deno.consoleSize().columns - 1));
  } catch {
    return 79; // not a terminal
  }
}
