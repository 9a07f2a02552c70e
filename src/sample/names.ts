/**
 * Names of samplers and schedules: one canonical spelling each, every other spelling in use accepted.
 *
 * @module
 */
import { brief } from "../brief.ts";
import { didYouMean } from "../did_you_mean.ts";
import { UsageError } from "../errors.ts";

/** Canonical names of the samplers. */
export type SamplerName =
  | "ddim"
  | "pndm"
  | "euler"
  | "euler_a"
  | "dpm++2m"
  | "dpm++2m_sde"
  | "dpm++2s_a"
  | "dpm++sde"
  | "dpm++3m_sde"
  | "dpm2"
  | "dpm2_a"
  | "euler_cfg++"
  | "euler_a_cfg++"
  | "heun"
  | "lms"
  | "unipc"
  | "lcm";

/** Canonical names of the schedules: how noise levels are spread, or how timesteps are spaced. */
export type SchedulerName =
  | "normal"
  | "karras"
  | "exponential"
  | "beta"
  | "leading"
  | "trailing"
  | "linspace"
  | "sgm_uniform"
  | "simple"
  | "kl_optimal"
  | "align_your_steps";

interface Name {
  /** As AUTOMATIC1111 writes it in a picture's metadata. */
  readonly label: string;
  /** Further spellings. Case, punctuation, a leading "k_" and a trailing "Scheduler" or "_gpu" do not count. */
  readonly aliases: readonly string[];
}

const samplerNames: Record<SamplerName, Name> = {
  "ddim": { label: "DDIM", aliases: [] },
  "pndm": { label: "PLMS", aliases: [] },
  "euler": { label: "Euler", aliases: ["EulerDiscrete", "EDMEuler"] },
  "euler_a": { label: "Euler a", aliases: ["EulerAncestral", "EulerAncestralDiscrete"] },
  "dpm++2m": { label: "DPM++ 2M", aliases: ["DPMSolverMultistep", "EDMDPMSolverMultistep", "dpmsolver++"] },
  "dpm++2m_sde": { label: "DPM++ 2M SDE", aliases: ["sde-dpmsolver++"] },
  "dpm++2s_a": { label: "DPM++ 2S a", aliases: ["dpm++2s_ancestral"] },
  "dpm++sde": { label: "DPM++ SDE", aliases: ["DPMSolverSDE"] },
  "dpm++3m_sde": { label: "DPM++ 3M SDE", aliases: [] },
  "dpm2": { label: "DPM2", aliases: ["KDPM2Discrete", "dpm_2"] },
  "dpm2_a": { label: "DPM2 a", aliases: ["KDPM2AncestralDiscrete", "dpm_2_ancestral"] },
  "euler_cfg++": { label: "Euler CFG++", aliases: ["euler_cfg_pp"] },
  "euler_a_cfg++": { label: "Euler a CFG++", aliases: ["euler_ancestral_cfg_pp", "euler_a_cfg_pp"] },
  "heun": { label: "Heun", aliases: ["HeunDiscrete"] },
  "lms": { label: "LMS", aliases: ["LMSDiscrete"] },
  "unipc": { label: "UniPC", aliases: ["UniPCMultistep", "uni_pc_bh2"] },
  "lcm": { label: "LCM", aliases: [] },
};

const schedulerNames: Record<SchedulerName, Name> = {
  "normal": { label: "Normal", aliases: ["discrete"] },
  "karras": { label: "Karras", aliases: [] },
  "exponential": { label: "Exponential", aliases: [] },
  "beta": { label: "Beta", aliases: [] },
  "leading": { label: "Leading", aliases: [] },
  "trailing": { label: "Trailing", aliases: [] },
  "linspace": { label: "Linspace", aliases: ["uniform"] },
  "sgm_uniform": { label: "SGM Uniform", aliases: [] },
  "simple": { label: "Simple", aliases: [] },
  "kl_optimal": { label: "KL Optimal", aliases: [] },
  "align_your_steps": { label: "Align Your Steps", aliases: ["ays"] },
};

/** All of them, by their canonical names. */
export const SAMPLER_NAMES: readonly SamplerName[] = Object.keys(samplerNames) as SamplerName[];
/** All of them, by their canonical names. */
export const SCHEDULER_NAMES: readonly SchedulerName[] = Object.keys(schedulerNames) as SchedulerName[];

/**
 * The sampler that `spelling` names.
 *
 * @throws {UsageError} with the nearest name where there is none, and with both where it says a schedule, too, as
 *   "DPM++ 2M Karras" does in older web UIs
 */
export function samplerByName(spelling: string): SamplerName {
  const joined = find(samplerNames, spelling) ? undefined : withScheduler(spelling);
  if (!joined) return byName("sampler", samplerNames, spelling);
  const [sampler, scheduler] = joined;
  throw new UsageError(`${brief(spelling)} is two things here: --sampling-method ${sampler} --scheduler ${scheduler}.`);
}

/** What "DPM++ 2M Karras" says. */
function withScheduler(spelling: string): [SamplerName, SchedulerName] | undefined {
  const words = spelling.trim().split(/[\s_]+/);
  for (let i = words.length - 1; i > 0; i--) {
    const sampler = find(samplerNames, words.slice(0, i).join(" "));
    const scheduler = find(schedulerNames, words.slice(i).join(" "));
    if (sampler && scheduler) return [sampler, scheduler];
  }
  return undefined;
}

/** The schedule that `spelling` names. @throws {UsageError} with the nearest name where there is none. */
export function schedulerByName(spelling: string): SchedulerName {
  return byName("scheduler", schedulerNames, spelling);
}

/** The name other tools know, such as "DPM++ 2M" or "Karras". */
export function samplerLabel(name: SamplerName): string {
  return samplerNames[name].label;
}

/** See {@linkcode samplerLabel}. */
export function schedulerLabel(name: SchedulerName): string {
  return schedulerNames[name].label;
}

function byName<N extends string>(kind: string, names: Record<N, Name>, spelling: string): N {
  const found = find(names, spelling);
  if (found) return found;
  const canonical = Object.keys(names);
  throw new UsageError(
    `Unknown ${kind} ${brief(spelling)}.${didYouMean(spelling, canonical)} There are: ${canonical.join(", ")}.`,
  );
}

function find<N extends string>(names: Record<N, Name>, spelling: string): N | undefined {
  const wanted = plain(spelling);
  return (Object.keys(names) as N[]).find((name) =>
    [name, names[name].label, ...names[name].aliases].some((known) => plain(known) === wanted)
  );
}

function plain(spelling: string): string {
  const letters = spelling.toLowerCase().replaceAll("+", "p").replace(/^(sample_)?k_/, "").replace(/[^a-z0-9]/g, "");
  return letters.replace(/(scheduler|gpu)$/, "");
}
