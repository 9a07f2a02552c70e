/**
 * A network's tensors, whose adapters may be exchanged while the model is open.
 *
 * @module
 */
import type { TensorInfo, TensorSource } from "../formats/tensor_source.ts";
import type { Multiply } from "./algebra.ts";
import type { AdaptedPart } from "./keys.ts";
import { merged, type Strength } from "./merged.ts";

/** See {@linkcode merged}. */
export class AdaptedSource implements TensorSource {
  #now: TensorSource;

  /** @param multiply who multiplies the factors of adapters; default: the host */
  constructor(readonly base: TensorSource, readonly part: AdaptedPart, readonly multiply?: Multiply) {
    this.#now = base;
  }

  /** Merges these instead of those before. @returns whether that changes anything */
  use(adapters: readonly Strength[]): boolean {
    const next = merged(this.base, this.part, adapters, this.multiply);
    const changed = next.identity !== this.#now.identity;
    if (changed) this.#now = next;
    return changed;
  }

  /** {@linkcode TensorSource.tensors} */
  get tensors(): ReadonlyMap<string, TensorInfo> {
    return this.#now.tensors;
  }

  /** {@linkcode TensorSource.describe} */
  get describe(): string {
    return this.base.describe;
  }

  /** {@linkcode TensorSource.identity} */
  get identity(): string | undefined {
    return this.#now.identity;
  }

  /** {@linkcode TensorSource.read} */
  read(name: string, into: Uint8Array, start?: number): Promise<void> {
    return this.#now.read(name, into, start);
  }

  /** {@linkcode TensorSource.close} */
  close(): void {
    this.base.close();
  }
}
