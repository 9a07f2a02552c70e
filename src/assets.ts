/**
 * Files that ship with the program but are no modules. `compile.include` of deno.json must name each of them, so that
 * they are inside the compiled program too.
 *
 * @module
 */
import { fileURLToPath } from "node:url";

/** The folder of the model that is used where none is named. */
export const BUNDLED_MODEL: string = fileURLToPath(new URL("../weights/mini", import.meta.url));

/** The weights of the detector that judges the bundled model's pictures. */
export const BUNDLED_JUDGE: string = fileURLToPath(new URL("../weights/mini/judge/model.safetensors", import.meta.url));
