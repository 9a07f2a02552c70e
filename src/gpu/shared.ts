/**
 * WGSL that several shaders share, one copy each in shaders/shared/. A shader asks for it by a comment line of its own,
 *
 * ```wgsl
 * // use lanes
 * ```
 *
 * and the text comes in its place: functions, or a few lines for the inside of one ("lanes_product"), which use its
 * names. "lanes" is how 8 neighbouring lanes exchange values: by subgroup shuffles where the device has usable ones,
 * through workgroup memory elsewhere. "workgroup_sum" is done by shuffles there, too, in a workgroup of 8: what waits
 * at a barrier costs a software adapter half of a norm.
 *
 * @module
 */
import activations from "../../shaders/shared/activations.wgsl" with { type: "text" };
import call from "../../shaders/shared/call.wgsl" with { type: "text" };
import grid64 from "../../shaders/shared/grid64.wgsl" with { type: "text" };
import halfs from "../../shaders/shared/halfs.wgsl" with { type: "text" };
import lanesSubgroup from "../../shaders/shared/lanes_subgroup.wgsl" with { type: "text" };
import lanes_product from "../../shaders/shared/lanes_product.wgsl" with { type: "text" };
import lanesTotal from "../../shaders/shared/lanes_total.wgsl" with { type: "text" };
import lanesWorkgroup from "../../shaders/shared/lanes_workgroup.wgsl" with { type: "text" };
import numbers from "../../shaders/shared/numbers.wgsl" with { type: "text" };
import sights from "../../shaders/shared/sights.wgsl" with { type: "text" };
import epilogue from "../../shaders/shared/epilogue.wgsl" with { type: "text" };
import product from "../../shaders/shared/product.wgsl" with { type: "text" };
import tiles_in from "../../shaders/shared/tiles_in.wgsl" with { type: "text" };
import tiles_out from "../../shaders/shared/tiles_out.wgsl" with { type: "text" };
import total from "../../shaders/shared/total.wgsl" with { type: "text" };
import window from "../../shaders/shared/window.wgsl" with { type: "text" };
import workgroup_sum from "../../shaders/shared/workgroup_sum.wgsl" with { type: "text" };

const SHARED: Record<string, string> = {
  activations,
  call,
  epilogue,
  grid64,
  halfs,
  lanes: lanesWorkgroup,
  lanes_product,
  numbers,
  product,
  sights,
  tiles_in,
  tiles_out,
  total,
  window,
  workgroup_sum,
};

/**
 * `source` with what it uses in place.
 * @param threads of its workgroup, where it says so by its constant THREADS
 * @throws Error for a name that shaders/shared/ does not have
 */
export function includeShared(source: string, subgroups: boolean, threads?: number): string {
  const shuffled: Record<string, string> = {
    lanes: lanesSubgroup,
    ...threads === 8 ? { workgroup_sum: lanesTotal } : {},
  };
  return source.replace(/^ *\/\/ use (\w+)$/gm, (_, name) => {
    const text = (subgroups ? shuffled[name] : undefined) ?? SHARED[name];
    if (text === undefined) throw new Error(`A shader uses "${name}", which shaders/shared/ does not have.`);
    return includeShared(text, subgroups, threads);
  });
}
