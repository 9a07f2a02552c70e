/**
 * Modes as a schedule over the steps: a plan comes to a list of plans, each for a stretch of the steps.
 *
 * Bind mode is the usual schedule of two (RAG, arXiv 2411.06558): first every region is denoised as a picture of its
 * own, from its brief alone, so that each gets its thing; then the whole picture by attention, from full prompts and
 * the base prompt, so that the regions share one world.
 *
 * @module
 */
import { DEFAULT_BIND, type RegionMode } from "../region/mode.ts";
import { isPlain, type Plan, type PlanCell, type PlanPhase, regionsOf } from "./plan.ts";

/** What bind mode depends on besides the plan. */
export interface BindOptions {
  /** Share of the steps that bind, 0 to 1. */
  bind?: number;
  /** Weight of the base prompt after them, 0 to 1; goes before the plan's base ratios. */
  refineRatio?: number;
}

/** A plan that holds for a stretch of the steps. */
export interface PlanAtSteps {
  /** The first step after it. */
  until: number;
  plan: Plan & { mode: RegionMode };
}

/**
 * The plans of `steps` steps, one after the other. A phase that would get no step is left out; the first gets one
 * always.
 */
export function planAtSteps(plan: Plan, steps: number, options: BindOptions = {}): PlanAtSteps[] {
  const phases = phasesOf(plan, options);
  const total = phases.reduce((sum, { share }) => sum + share, 0);
  const stretches: PlanAtSteps[] = [];
  let [shares, from] = [0, 0];
  phases.forEach((phase, i) => {
    shares += phase.share;
    const end = i === phases.length - 1 ? steps : Math.round(steps * shares / total);
    const until = Math.min(steps, Math.max(from + Number(i === 0), end));
    if (until > from) stretches.push({ until, plan: planIn(plan, phase) });
    from = until;
  });
  return stretches;
}

/** What a plan says of its phases, bind mode spelt out. */
export function phasesOf(plan: Plan, { bind = DEFAULT_BIND, refineRatio }: BindOptions = {}): PlanPhase[] {
  if (plan.phases) return plan.phases;
  const { mode = "attention" } = plan;
  if (mode !== "bind") return [{ mode, share: 1 }];
  const refining: PlanPhase = {
    mode: "attention",
    share: 1 - bind,
    ...(refineRatio === undefined ? {} : { baseRatio: refineRatio }),
  };
  const plain = isPlain(plan) && regionsOf(plan)[0].brief === undefined;
  if (plain || bind === 0) return [{ ...refining, share: 1 }];
  const binding: PlanPhase = { mode: "canvas", share: bind, baseRatio: 0, prompts: "brief" };
  return bind === 1 ? [binding] : [binding, refining];
}

/** The plan as it holds in a phase. */
function planIn(plan: Plan, { mode, baseRatio, prompts = "full" }: PlanPhase): Plan & { mode: RegionMode } {
  const { phases: _, ...whole } = plan;
  const inPhase = (cell: PlanCell): PlanCell => {
    if ("regions" in cell) return { ...cell, regions: cell.regions.map(inPhase) };
    const { baseRatio: own, brief, ...region } = cell;
    return {
      ...region,
      prompt: prompts === "brief" ? brief ?? region.prompt : region.prompt,
      ...(own === undefined || baseRatio !== undefined ? {} : { baseRatio: own }),
    };
  };
  const changed = { ...whole, mode, regions: plan.regions.map(inPhase) };
  if (baseRatio === undefined) return changed;
  return { ...changed, baseRatio, basePrompt: plan.basePrompt ?? (plan.prompt.trim() ? plan.prompt : undefined) };
}
