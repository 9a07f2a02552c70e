/**
 * The phases of a drawing: from when to when the backbone is asked the same.
 *
 * @module
 */
import { evaluationsBefore, evaluationsOf } from "../sample/evaluations.ts";
import type { Schedule } from "../sample/types.ts";
import type { Settings } from "../settings.ts";
import type { Conditioning } from "./conditioning.ts";
import type { Control } from "./controls.ts";
import type { Phase } from "./drawing.ts";
import type { Start } from "./start.ts";

/** What is asked from one step to another, without ControlNets. */
export interface Stretch {
  /** The first step after it. */
  until: number;
  batches: Conditioning["batches"];
}

/**
 * The phases of a drawing: where stretches end and where ControlNets begin or end to steer. Equal ones share their
 * batches and controls. Where ControlNets steer only what the picture shall show, the rest is evaluated apart.
 */
export function steeredPhases(
  stretches: readonly Stretch[],
  controls: readonly Control[],
  { size, settings, schedule, start }: {
    size: { height: number; width: number };
    settings: Settings;
    schedule: Schedule;
    start?: Start;
  },
): Phase[] {
  const first = start?.first ?? 0;
  const { samplingMethod: sampler, steps } = settings;
  const count = evaluationsOf(sampler, schedule, steps - first);
  const known = new Map<string, Pick<Phase, "batches" | "controls">>();
  const at = (i: number) => {
    const stretch = stretches.findIndex(({ until }) => i < evaluationsBefore(sampler, schedule, until - first));
    const { batches } = stretches.at(stretch)!;
    const steering = controls.filter(({ active }) => active(i, count));
    const key = `${stretch} ${steering.map((control) => controls.indexOf(control))}`;
    if (!known.has(key)) {
      const apart = steering.some(({ shownOnly }) => shownOnly);
      known.set(key, { batches: batches(size.height, size.width, { apart }), controls: steering });
    }
    return known.get(key)!;
  };
  const phases: { until: number; batches: Phase["batches"]; controls: readonly Control[] }[] = [];
  for (let i = 0; i < count; i++) {
    const now = at(i);
    const last = phases.at(-1);
    if (last?.batches === now.batches) last.until = i + 1;
    else phases.push({ ...now, until: i + 1 });
  }
  return phases;
}

/** What there is to say of ControlNets that do nothing. */
export function remarksOnControls(
  controls: readonly Control[],
  phases: readonly Phase[],
  names: readonly string[],
): string[] {
  return controls.flatMap((control, i) =>
    phases.some(({ controls }) => controls.includes(control))
      ? []
      : [`The ControlNet ${names[i]} steers in none of the steps: too few lie between its start and its end.`]
  );
}
