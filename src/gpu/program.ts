/**
 * A compiled graph: a list of dispatches that is replayed without creating anything.
 *
 * @module
 */
import type { Device } from "./device.ts";
import { recordPass, type Replay, submitPass } from "./replay.ts";
import { readTensor, releasePlace } from "./storage.ts";
import type { Tensor } from "./tensor.ts";

/** Submits dispatches in order. */
export function submit(device: Device, label: string, replays: readonly Replay[]): void {
  device.check();
  if (device.tracer) return device.tracer.submit(label, replays);
  submitPass(device.gpu, label, replays);
}

/** What a graph compiles to. */
export class Program implements Disposable {
  constructor(
    readonly device: Device,
    readonly label: string,
    /** The dispatches of each section of the graph. */
    readonly sections: readonly (readonly Replay[])[],
    /** Everything this program holds: arenas and uniforms. */
    readonly arenas: readonly Tensor[],
    /** Bytes of the arenas. */
    readonly bytes: number,
  ) {}

  /** Submits every dispatch of a section, in order. Returns at once. */
  run(section = 0): void {
    submit(this.device, this.label, this.sections[section]);
  }

  /**
   * Submits a section and reads what it writes. Returns before the device is done, which the promise waits for.
   * @param signal ends the waiting at once, with its reason
   */
  read(tensor: Tensor, signal?: AbortSignal, section = 0): Promise<ArrayBuffer> {
    const { device, label } = this;
    device.check();
    if (!device.tracer) {
      return readTensor(device, tensor, signal, (encoder) => recordPass(encoder, { label }, this.sections[section]));
    }
    this.run(section);
    return readTensor(device, tensor, signal);
  }

  /** Frees the program's memory; its tensors must not be used any more. */
  destroy(): void {
    for (const arena of this.arenas) releasePlace(this.device, arena);
  }

  /** {@linkcode Program.destroy} */
  [Symbol.dispose](): void {
    this.destroy();
  }
}
