/**
 * The settings as flags: their spellings here and in other tools, and what those tools have that is something else
 * here.
 *
 * @module
 */
import { didYouMean } from "../did_you_mean.ts";
import { UsageError } from "../errors.ts";
import { flagOf } from "../settings/check.ts";
import { SETTINGS } from "../settings/schema.ts";

/** Every spelling of a flag, without its dashes → the setting's name. */
const LONG = new Map(
  Object.entries(SETTINGS).flatMap(([name, { also = [] }]) =>
    [flagOf(name).slice(2), ...also].map((spelling) => [spelling, name])
  ),
);
const SHORT = new Map(Object.entries(SETTINGS).flatMap(([name, { short }]) => short ? [[short, name]] : []));

const ATTENTION = "Leave it out: attention here never holds the whole matrix.";
const THREADS = "Leave it out: the GPU, or its software driver, uses what there is.";
const ON_CPU = 'Take "--offload-to-cpu": each network is on the device only while it is needed.';
const LARGER = 'That is "--hires-scale 2" here.';

/** What other tools' flags are for, where no flag of ours does the same. */
const ELSEWHERE: Record<string, string> = {
  "ddim": 'That is "--sampling-method ddim" here.',
  "plms": 'That is "--sampling-method pndm" here.',
  "outdir": 'That is "-o FOLDER/" here.',
  "n-samples": 'That is "-b N" here.',
  "skip-grid": "Leave it out: a sheet is drawn only with --grid or --contact-sheet.",
  "canny": 'That is "--control-preprocess canny" here.',
  "hr": LARGER,
  "enable-hr": LARGER,
  "hires-fix": LARGER,
  "tiling": 'Pictures that repeat without seams are not drawn here; "--vae-tiling" decodes in tiles.',
  "no-half": 'That is "--type f32" here.',
  "precision": 'That is "--type f32" or "--type f16" here.',
  "fp16": 'That is "--type f16" here.',
  "no-half-vae": "Leave it out: the VAE computes in f32 by itself where f16 overflows.",
  "xformers": ATTENTION,
  "enable-xformers-memory-efficient-attention": ATTENTION,
  "diffusion-fa": ATTENTION,
  "flash-attn": ATTENTION,
  "threads": THREADS,
  "t": THREADS,
  "cpu": "Leave it out: where there is no GPU, the CPU computes.",
  "clip-on-cpu": ON_CPU,
  "vae-on-cpu": ON_CPU,
  "control-net-cpu": ON_CPU,
};

/**
 * The setting that a spelling such as "-s", "--cfg-scale", "--cfg_scale" or "--sampler" stands for.
 *
 * @throws UsageError with the nearest flag where there is none
 */
export function settingOf(spelling: string): string {
  const name = spelling.startsWith("--") ? settingNamed(spelling.slice(2)) : SHORT.get(spelling.slice(1));
  if (name !== undefined) return name;
  const plain = plainly(spelling.replace(/^--?/, ""));
  const hint = Object.hasOwn(ELSEWHERE, plain) ? ` ${ELSEWHERE[plain]}` : didYouMean(spelling, allFlags());
  throw new UsageError(`There is no flag ${spelling}.${hint} "main.ts help COMMAND" lists what there is.`);
}

/** The setting that a long spelling without its dashes stands for, where there is one. */
export function settingNamed(spelling: string): string | undefined {
  return LONG.get(plainly(spelling));
}

function plainly(spelling: string): string {
  return spelling.toLowerCase().replaceAll("_", "-");
}

/** All flags as they are written, other tools' spellings too. */
function allFlags(): string[] {
  return [...LONG.keys()].map((spelling) => `--${spelling}`);
}
