/**
 * Reads what a compiler for AMD GPUs made of a kernel: its statistics, and the instruction mix of the innermost loop
 * that holds most multiply-adds.
 *
 * @module
 */

/** What an instruction does. */
type Kind =
  | "multiply-add"
  | "arithmetic"
  | "integer"
  | "convert"
  | "move"
  | "exchange"
  | "shared"
  | "memory"
  | "spill"
  | "scalar"
  | "wait";

const KINDS: [RegExp, Kind][] = [
  [/^v_(pk_)?(dual_)?(fma|fmac|mac|mad_f|mad_mix|fma_mix|dot|fmamk|fmaak|madmk|madak)/, "multiply-add"],
  [/^v_cvt/, "convert"],
  [/^v_(mov|swap|permlane|accvgpr)/, "move"],
  [/^(v_(read|readfirst|write)lane|ds_(bpermute|permute|swizzle))/, "exchange"],
  [/^v_(pk_)?(mul|add|sub|subrev|max3?|min3?|med3|exp|rcp|rsq|log|sqrt|ldexp)_(f32|f16|legacy|dx9)/, "arithmetic"],
  [/^v_/, "integer"],
  [/^ds_/, "shared"],
  [/^scratch_/, "spill"],
  [/^(buffer|global|flat|image|tbuffer)_/, "memory"],
  [/^s_(waitcnt|nop|depctr|delay|wait|barrier)/, "wait"],
];

const kindOf = (instruction: string): Kind => KINDS.find(([pattern]) => pattern.test(instruction))?.[1] ?? "scalar";

interface Block {
  name: string;
  code: string[];
}

/** Basic blocks in the order of the code. */
function blocksOf(isa: string): Block[] {
  const blocks: Block[] = [];
  for (const line of isa.split("\n")) {
    const label = line.match(/^(BB\d+):/);
    if (label) blocks.push({ name: label[1], code: [] });
    const instruction = line.split(";")[0].trim();
    if (!label && instruction) blocks.at(-1)?.code.push(instruction);
  }
  return blocks;
}

/** [first, last] block of every loop that holds no other. */
function innermostLoops(blocks: Block[]): [number, number][] {
  const loops = new Map<number, number>();
  blocks.forEach(({ code }, at) => {
    for (const instruction of code) {
      const target = instruction.match(/^s_c?branch\w*\s+(BB\d+)/);
      const to = target ? blocks.findIndex(({ name }) => name === target[1]) : -1;
      if (to >= 0 && to <= at) loops.set(to, Math.max(loops.get(to) ?? 0, at));
    }
  });
  const all = [...loops];
  return all.filter(([a, b]) => !all.some(([x, y]) => (x !== a || y !== b) && a <= x && y <= b));
}

/** A compiled kernel in figures. */
export interface KernelFigures {
  registers: number;
  spilled: number;
  /** Waves that a SIMD unit holds at once. */
  waves: number;
  lanes: number;
  /** Instructions of the innermost loop, and how many of them multiply and add. */
  loop: number;
  multiplyAdds: number;
  mix: Partial<Record<Kind, number>>;
}

/** @param stats lines of a name, a tabulator and a value */
export function readKernel(stats: string, isa: string): KernelFigures {
  const values = new Map(stats.split("\n").map((line) => line.split("\t") as [string, string]));
  const blocks = blocksOf(isa);
  const mixes = innermostLoops(blocks).map(([first, last]) => mixOf(blocks.slice(first, last + 1)));
  if (mixes.length === 0) mixes.push(mixOf(blocks));
  const mix = mixes.reduce((best, m) => (m["multiply-add"] ?? 0) > (best["multiply-add"] ?? 0) ? m : best);
  return {
    registers: Number(values.get("VGPRs")),
    spilled: Number(values.get("Spilled VGPRs")),
    waves: Number(values.get("Subgroups per SIMD")),
    lanes: Number(values.get("subgroup size")),
    loop: Object.values(mix).reduce((a, b) => a + b, 0),
    multiplyAdds: mix["multiply-add"] ?? 0,
    mix,
  };
}

function mixOf(blocks: Block[]): Partial<Record<Kind, number>> {
  const mix: Partial<Record<Kind, number>> = {};
  for (const { code } of blocks) {
    for (const instruction of code) {
      const kind = kindOf(instruction.split(" ")[0]);
      mix[kind] = (mix[kind] ?? 0) + 1;
    }
  }
  return mix;
}
