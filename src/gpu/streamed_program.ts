/**
 * A compiled graph whose weights do not fit the device together: it runs in windows, and each window's weights come
 * before it and leave after it.
 *
 * @module
 */
import type { Device } from "./device.ts";
import { submit } from "./program.ts";
import type { Replay } from "./replay.ts";
import { placeBytes, releasePlace } from "./storage.ts";
import type { Tensor } from "./tensor.ts";

/** Where weights come from that do not stay on the device. */
export interface WeightStream {
  /** The weights that come and go. */
  readonly tensors: ReadonlySet<Tensor>;
  /** Bytes that may be there at once; one weight alone may be larger. */
  readonly windowBytes: number;
  /** Gives `tensors` their places and contents. */
  bring(tensors: ReadonlySet<Tensor>): Promise<void>;
  /** Frees them. */
  leave(tensors: ReadonlySet<Tensor>): void;
}

/** Dispatches [first, end) with the streamed weights they read. */
export interface Window {
  first: number;
  end: number;
  weights: Set<Tensor>;
  bytes: number;
}

/** Cuts a list of dispatches, given by their operands, where the next one's weights would pass the window. */
export function windowsOf(
  device: Device,
  dispatches: readonly (readonly Tensor[])[],
  { tensors, windowBytes }: Pick<WeightStream, "tensors" | "windowBytes">,
): Window[] {
  const bytesOf = (weights: ReadonlySet<Tensor>) => [...weights].reduce((sum, w) => sum + placeBytes(device, w), 0);
  const windows: Window[] = [];
  let window: Window | undefined;
  dispatches.forEach((operands, at) => {
    const weights = new Set(operands.filter((tensor) => tensors.has(tensor)));
    const fresh = weights.difference(window?.weights ?? new Set());
    if (!window || (fresh.size > 0 && window.bytes > 0 && window.bytes + bytesOf(fresh) > windowBytes)) {
      windows.push(window = { first: at, end: at, weights: new Set(), bytes: 0 });
    }
    window.end = at + 1;
    window.weights = window.weights.union(weights);
    window.bytes = bytesOf(window.weights);
  });
  return windows;
}

/** A program in windows. Bind groups are made anew in each run, since weights come to new places. */
export class StreamedProgram implements Disposable {
  constructor(
    readonly device: Device,
    readonly label: string,
    readonly stream: WeightStream,
    /** The windows of each section of the graph. */
    readonly windows: readonly (readonly Window[])[],
    /** Binds dispatches [first, end). */
    readonly bind: (first: number, end: number) => Replay[],
    /** As {@linkcode Program.arenas}. */
    readonly arenas: readonly Tensor[],
  ) {}

  /**
   * Runs a section's window after window and waits for the end of each: its weights must not be there beside the next
   * ones.
   */
  async run(section = 0): Promise<void> {
    for (const { first, end, weights } of this.windows[section]) {
      await this.stream.bring(weights);
      try {
        submit(this.device, this.label, this.bind(first, end));
        await this.device.finished();
      } finally {
        this.stream.leave(weights);
      }
    }
  }

  /** Frees the program's memory; its tensors must not be used any more. */
  destroy(): void {
    for (const arena of this.arenas) releasePlace(this.device, arena);
  }

  /** {@linkcode StreamedProgram.destroy} */
  [Symbol.dispose](): void {
    this.destroy();
  }
}
