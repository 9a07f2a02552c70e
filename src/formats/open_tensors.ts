/**
 * Any file of tensors, told apart by its first bytes rather than its name.
 *
 * @module
 */
import { readStart } from "../files/byte_file.ts";
import { isGguf, openGguf } from "./gguf.ts";
import { openSafetensors } from "./safetensors.ts";
import type { TensorSource } from "./tensor_source.ts";

/**
 * Opens a safetensors file, a GGUF file, or one of torch's (a zip, or the older pickles: both start with bytes no
 * safetensors has).
 */
export async function openTensors(path: string, signal?: AbortSignal): Promise<TensorSource> {
  const start = await readStart(path, 4);
  const zip = start[0] === 0x50 && start[1] === 0x4b;
  const pickle = start[0] === 0x80 && start[1] >= 2 && start[1] <= 5 &&
    (start[2] === 0x8a || /\.(ckpt|pt|pth|bin)$/i.test(path));
  if (isGguf(start)) return await openGguf(path);
  if (zip || pickle) return await (await import("./torch_file.ts")).openTorch(path, signal);
  return await openSafetensors(path);
}
