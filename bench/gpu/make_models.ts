/**
 * Makes the checkpoints of random weights that other parts load, while these have not begun.
 *
 * @module
 */
import { type Published, randomModel } from "../random_model.ts";

for (const family of Deno.args) {
  const started = performance.now();
  const path = await randomModel(family as Published);
  const { size } = await Deno.stat(path);
  console.log(`${path}: ${(size / 2 ** 30).toFixed(2)} GiB in ${((performance.now() - started) / 1000).toFixed(1)} s`);
}
