/**
 * What is said and kept of a picture that was looked at and mended.
 *
 * @module
 */
import { drawAndMend as wholeLoop, type Looked, UnfinishedError } from "../closed_loop.ts";
import { standing } from "../judge/judge.ts";
import type { Drawing } from "../pipeline/drawing.ts";
import { type Layer, layersOf, type Recipe, withLayers } from "../recipe.ts";
import { type Describe, layersOfRounds } from "./layers.ts";
import type { Output } from "./output.ts";

/** The loop, as far as it goes: where it fails after a picture was drawn, that is what it gives. */
export async function drawAndMend(
  ...loop: Parameters<typeof wholeLoop>
): Promise<{ looked: Looked; failure?: UnfinishedError }> {
  try {
    return { looked: await wholeLoop(...loop) };
  } catch (error) {
    if (error instanceof UnfinishedError) return { looked: error.looked, failure: error };
    throw error;
  }
}

/** Of a picture that was mended: what was drawn first, and each repaint that was taken. */
export async function recipeOf(
  looked: Looked,
  { settings }: Drawing,
  describe: Describe,
  { format }: Output,
  say: (sentence: string) => void,
): Promise<Recipe> {
  const recipe = await describe(looked.result);
  const seed = bestOf(looked)?.seed ?? looked.result.settings.seed;
  const first = await describe({ plan: looked.plan, settings: { ...settings, seed } });
  const layers = await layersOfRounds(layersOf(first), looked.rounds, describe);
  // What enlarges the picture in the end does so to the last of them.
  const { upscaleModel } = recipe.settings;
  const last = (layer: Layer, i: number) => ({
    ...layer.settings,
    upscaleModel: layers[i + 1] ? undefined : upscaleModel,
  });
  const placed = layers.map((layer, i) => ({ ...layer, settings: last(layer, i) }));
  return withLayers(recipe, placed, format, say);
}

function bestOf({ drawn }: Looked) {
  const most = Math.max(...drawn.map(({ worth }) => worth));
  return drawn.find(({ worth }) => worth === most);
}

/** In a sentence. */
export function describeLooked({ checklist, marks, drawn, rounds, result }: Looked): string {
  const attempts = rounds.flatMap(({ attempts }) => attempts);
  const anew = attempts.filter(({ whole }) => whole).length;
  const counted = (count: number, what: string) => `${count} ${what}${count === 1 ? "" : "s"}`;
  const [repaints, steps] = [attempts.length - anew, result.timings.steps.length];
  return `${drawn.length + anew} drawn, ${counted(repaints, "repaint")}, ${counted(steps, "step")}; ` +
    `${standing(checklist, marks)}.`;
}

/** What `--json` says of it. */
export function loopReport({ checklist, marks, drawn, rounds }: Looked) {
  return {
    drawn: drawn.map(({ seed, worth }) => ({ seed, worth })),
    rounds: rounds.slice(1).map(({ round, attempts, steps }) => ({
      round,
      steps,
      attempts: attempts.map(({ operation: { words, box }, taken, whole, result }) => ({
        words,
        box,
        taken,
        whole,
        seed: result.settings.seed,
      })),
    })),
    checklist: checklist.map((check, i) => ({ ...check, mark: marks[i] })),
  };
}
