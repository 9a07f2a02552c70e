/**
 * ControlNets under the original code's names as the names of diffusers (Zhang et al. 2023, arXiv 2302.05543).
 *
 * @module
 */
import type { View } from "../formats/view.ts";
import { layersOf, unetName } from "./ldm_names.ts";

/** Before every name in most files of the original code; extracted ones have none. */
const PREFIX = "control_model.";

/** The last of the convolutions that bring a picture to the latents' size; those between are every second number. */
const LAST_HINT = 14;

/**
 * The tensors of a ControlNet by diffusers' names, whether the file has those or the original ones.
 * @param names of all tensors in the file; those that no ControlNet has are left out
 */
export function controlNetViews(names: readonly string[]): Map<string, View> {
  const prefix = names.some((name) => name.startsWith(PREFIX)) ? PREFIX : "";
  const own = names.filter((name) => name.startsWith(prefix)).map((name) => name.slice(prefix.length));
  const original = own.some((name) => name.startsWith("input_hint_block."));
  const layers = layersOf(own);
  const views = new Map<string, View>();
  for (const old of own) {
    const name = original ? controlNetName(old, layers) : isControlNets(old) ? old : undefined;
    if (name !== undefined) views.set(name, { from: prefix + old });
  }
  return views;
}

/** The diffusers name of one original tensor. @param layers resnets of a block */
function controlNetName(old: string, layers: number): string | undefined {
  const [, kind, index, rest] = old.match(/^(zero_convs|middle_block_out|input_hint_block)\.(\d+)\.(.*)$/) ?? [];
  switch (kind) {
    case "zero_convs":
      return `controlnet_down_blocks.${index}.${rest.slice("0.".length)}`;
    case "middle_block_out":
      return `controlnet_mid_block.${rest}`;
    case "input_hint_block": {
      const place = Number(index);
      const part = place === 0 ? "conv_in" : place === LAST_HINT ? "conv_out" : `blocks.${place / 2 - 1}`;
      return `controlnet_cond_embedding.${part}.${rest}`;
    }
    default:
      return unetName(old, layers);
  }
}

function isControlNets(name: string): boolean {
  return /^(controlnet_(cond_embedding|down_blocks|mid_block)|conv_in|(time|add)_embedding|down_blocks|mid_block)\./
    .test(name);
}
