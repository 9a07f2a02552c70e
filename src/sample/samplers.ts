/**
 * All samplers by name.
 *
 * @module
 */
import { ddim } from "./ddim.ts";
import { dpmpp2m, dpmpp2mSde } from "./dpmpp_2m.ts";
import { euler, eulerAncestral } from "./euler.ts";
import { heun } from "./heun.ts";
import { lcm } from "./lcm.ts";
import { lms } from "./lms.ts";
import type { SamplerName } from "./names.ts";
import { firstStride, pndm } from "./pndm.ts";
import type { Level, Sampler, Schedule } from "./types.ts";
import { unipc } from "./unipc.ts";

/** Each reproduces the class of diffusers that `SamplerName` stands for. */
export const samplers: Record<SamplerName, Sampler> = {
  "ddim": ddim,
  "pndm": pndm,
  "euler": euler,
  "euler_a": eulerAncestral,
  "dpm++2m": dpmpp2m,
  "dpm++2m_sde": dpmpp2mSde,
  "heun": heun,
  "lms": lms,
  "unipc": unipc,
  "lcm": lcm,
};

/** The level at which a sampler begins with step `start`: that of latents which are only partly noise. */
export function startLevel(sampler: SamplerName, { strides }: Schedule, start: number): Level {
  return strides[sampler === "pndm" ? firstStride(start) : start].from;
}
