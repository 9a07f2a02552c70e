/**
 * How compiling gets on, as a line of text now and then: a GPU's driver may take seconds, the first time.
 *
 * @module
 */
import type { Device } from "../gpu/device.ts";

/** Milliseconds between two lines; a software adapter gets none before so many, since it rarely takes as long. */
const EVERY = 3000;

/** A listener that says how many kernels are compiled through `stage`. */
export function compileLine(
  { summary: { name, software } }: Pick<Device, "summary">,
  stage: (text: string) => void,
  now: () => number = () => performance.now(),
): NonNullable<Device["onCompile"]> {
  let last = -Infinity;
  return ({ done, total }) => {
    if (done === 0 && software) last = now();
    if (now() - last < EVERY) return;
    last = now();
    const some = total === 1 ? "a kernel" : `${total} kernels`;
    stage(`Compiling ${some} for ${name}${done ? `, ${done} done` : ""} (its driver keeps them)`);
  };
}
