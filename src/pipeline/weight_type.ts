/**
 * How a model's numbers are stored on the device, by the names that people give.
 *
 * @module
 */
import { UsageError } from "../errors.ts";
import type { Precision } from "../gpu/device.ts";
import type { KeptType } from "../ops/weight.ts";
import type { PartOptions } from "./part.ts";

/** A value of `--type`. Those that only `convert` writes are refused by {@linkcode storageOf}. */
export type WeightType = "auto" | "f32" | "f16" | "bf16" | "q8_0" | "q5_1" | "q5_0" | "q4_1" | "q4_0";

/**
 * The storage of activations, and of the matrices that stay quantised. @throws UsageError for a type that no device
 * keeps
 */
export function storageOf(type: WeightType = "auto"): { precision: Precision; keep?: PartOptions["keep"] } {
  switch (type) {
    case "f32":
    case "f16":
      return { precision: type };
    case "auto":
      return { precision: "f16", keep: "file" };
    case "q8_0":
    case "q4_0":
      return { precision: "f16", keep: type satisfies KeptType };
  }
  throw new UsageError(
    `--type ${type} is one that convert writes; on the device weights are f32, f16, q8_0 or q4_0. A file of ${type} is ` +
      "unpacked as it is loaded: leave --type out.",
  );
}
