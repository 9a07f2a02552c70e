/**
 * All samplers by name.
 *
 * @module
 */
import { ddim } from "./ddim.ts";
import { dpm2, dpm2Ancestral } from "./dpm2.ts";
import { dpmpp2m, dpmpp2mSde } from "./dpmpp_2m.ts";
import { dpmpp3mSde } from "./dpmpp_3m_sde.ts";
import { dpmpp2sAncestral, dpmppSde } from "./dpmpp_single.ts";
import { euler, eulerAncestral } from "./euler.ts";
import { eulerAncestralCfgPp, eulerCfgPp } from "./euler_cfg_pp.ts";
import { heun } from "./heun.ts";
import { lcm } from "./lcm.ts";
import { lms } from "./lms.ts";
import type { SamplerName } from "./names.ts";
import { firstStride, pndm } from "./pndm.ts";
import type { Level, Sampler, Schedule } from "./types.ts";
import { unipc } from "./unipc.ts";

/** Each reproduces the class of diffusers that `SamplerName` stands for, or k-diffusion's function. */
export const samplers: Record<SamplerName, Sampler> = {
  "ddim": ddim,
  "pndm": pndm,
  "euler": euler,
  "euler_a": eulerAncestral,
  "dpm++2m": dpmpp2m,
  "dpm++2m_sde": dpmpp2mSde,
  "dpm++2s_a": dpmpp2sAncestral,
  "dpm++sde": dpmppSde,
  "dpm++3m_sde": dpmpp3mSde,
  "dpm2": dpm2,
  "dpm2_a": dpm2Ancestral,
  "euler_cfg++": eulerCfgPp,
  "euler_a_cfg++": eulerAncestralCfgPp,
  "heun": heun,
  "lms": lms,
  "unipc": unipc,
  "lcm": lcm,
};

/** Whether a sampler wants the prediction for the negative prompt, too (CFG++). */
export function samplesByCfgPp(sampler: SamplerName): boolean {
  return sampler === "euler_cfg++" || sampler === "euler_a_cfg++";
}

/** The level at which a sampler begins with step `start`: that of latents which are only partly noise. */
export function startLevel(sampler: SamplerName, { strides }: Schedule, start: number): Level {
  return strides[sampler === "pndm" ? firstStride(start) : start].from;
}
