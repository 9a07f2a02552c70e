/**
 * `deno task bench:static`: what real GPUs would make of the kernels, without one. A compiler for AMD GPUs compiles all
 * that an SD 1.5 and SDXL evaluation and the VAE need; its figures and the instruction mix of the innermost loops are
 * printed, and how full GPUs of several sizes would be. It cannot tell caches, bandwidth, clocks and gaps between
 * dispatches.
 *
 * Arguments: families (navi21, navi31, vega10, …; these three by default), --f32, --subgroup, --only=pattern, --mix,
 * --matmul=variant and --conv=variant for others than the table's, and --write to put the table into docs/speed.md. All
 * that is fetched lies in ~/.cache/rpg/bench-static.
 *
 * @module
 */
import { parseArgs } from "@std/cli";
import { join } from "@std/path";
import { RpgError } from "../../src/errors.ts";
import { writeSection } from "../section.ts";
import { table } from "../table.ts";
import type { Use } from "./compile.ts";
import { type NullDriver, nullDriver } from "./driver.ts";
import { type KernelFigures, readKernel } from "./isa.ts";

/** SIMD units of an RX 6600, an RX 6800 XT and an RTX 4090. */
const SIMDS = [56, 144, 512];

interface Compiled {
  family: string;
  kernels: Map<string, KernelFigures>;
  uses: Use[];
}

async function compileFor(family: string, folder: string, driver: NullDriver, args: string[]): Promise<Compiled> {
  const out = join(folder, "out", [family, ...args.slice(0, 2)].join("-"));
  await Deno.remove(out, { recursive: true }).catch(() => {});
  await Deno.mkdir(out, { recursive: true });
  const child = await new Deno.Command(Deno.execPath(), {
    args: ["run", "-q", "-A", join(import.meta.dirname!, "compile.ts"), ...args],
    env: {
      SHIM_OUT: out,
      SHIM_DRIVER: driver.driver,
      LD_LIBRARY_PATH: driver.libraries,
      MESA_SHADER_CACHE_DISABLE: "true",
      RADV_DEBUG: "nocache",
      RADV_FORCE_FAMILY: family,
    },
  }).output();
  if (!child.success) {
    const lines = new TextDecoder().decode(child.stderr).trim().split("\n");
    throw new RpgError(`The kernels do not compile for ${family}:\n${lines.slice(0, 8).join("\n")}`, 1);
  }
  const kernels = new Map<string, KernelFigures>();
  for await (const { name } of Deno.readDir(out)) {
    if (!name.endsWith(".isa") || name.startsWith("unlabelled")) continue;
    const [isa, stats] = await Promise.all([
      Deno.readTextFile(join(out, name)),
      Deno.readTextFile(join(out, name.replace(".isa", ".stats"))),
    ]);
    kernels.set(name.replace(".isa", ""), readKernel(stats, isa));
  }
  return { family, kernels, uses: JSON.parse(await Deno.readTextFile(join(out, "uses.json"))) };
}

/**
 * The share of a GPU's arithmetic that dispatches keep busy, one after the other: their arithmetic, over that of whole
 * rounds of one workgroup on each of `simds` units.
 */
function fill(dispatches: Use["dispatches"], simds: number): number {
  const done = dispatches.reduce((sum, { flops }) => sum + flops, 0);
  const paid = dispatches.reduce(
    (sum, { workgroups, flops }) => sum + Math.ceil(workgroups / simds) * simds * flops / workgroups,
    0,
  );
  return done / paid;
}

const percent = (share: number) => `${(100 * share).toFixed(1)} %`;

/** The networks as dispatches: arithmetic and fill. */
function networks(uses: Use[]): string[][] {
  return (["unet", "vae", "sdxl"] as const).map((part) => {
    const dispatches = uses.filter((use) => use.part === part).flatMap((use) => use.dispatches);
    const flops = dispatches.reduce((sum, d) => sum + d.flops, 0);
    return [
      part,
      String(dispatches.length),
      (flops / 1e9).toFixed(0),
      ...SIMDS.map((simds) => fill(dispatches, simds).toFixed(2)),
    ];
  });
}

/** Kernels that hold at least a thousandth of a network's arithmetic, by device family. */
function kernelRows(all: Compiled[], mix: boolean): string[][] {
  const [{ uses }] = all;
  const total = { unet: 0, vae: 0, sdxl: 0 };
  const flopsOf = (use: Use) => use.dispatches.reduce((sum, d) => sum + d.flops, 0);
  for (const use of uses) total[use.part] += flopsOf(use);
  return uses.filter((use) => all[0].kernels.has(use.kernel)).flatMap((use) => {
    const share = flopsOf(use) / total[use.part];
    if (share < 0.001 && !mix) return [];
    const figures = all.map(({ kernels }) => kernels.get(use.kernel)!).map((k) =>
      `${percent(k.multiplyAdds / k.loop)}, ${k.registers}, ${k.waves}${k.spilled ? `, ${k.spilled} spilled` : ""}`
    );
    const fills = SIMDS.map((simds) => share > 0 ? fill(use.dispatches, simds).toFixed(2) : "");
    return [[use.kernel, use.part, String(use.dispatches.length), percent(share), ...figures, ...fills]];
  });
}

/** Prints the tables, and writes them where asked. */
export async function run(args: string[]): Promise<void> {
  const { values, positionals } = parseArgs({
    args,
    allowPositionals: true,
    options: {
      f32: { type: "boolean" },
      subgroup: { type: "boolean" },
      mix: { type: "boolean" },
      write: { type: "boolean" },
      only: { type: "string", default: "." },
      matmul: { type: "string", default: "" },
      conv: { type: "string", default: "" },
    },
  });
  const folder = join(Deno.env.get("XDG_CACHE_HOME") ?? join(Deno.env.get("HOME")!, ".cache"), "rpg/bench-static");
  const driver = await nullDriver(folder);
  const families = positionals.length ? positionals : ["navi21", "navi31", "vega10"];
  const all: Compiled[] = [];
  const how = [values.f32 ? "f32" : "f16", values.subgroup ? "subgroup" : "workgroup"];
  const what = [values.only, values.matmul, values.conv];
  for (const family of families) all.push(await compileFor(family, folder, driver, [...how, ...what]));
  const header = ["kernel", "in", "dispatches", "arithmetic", ...families, ...SIMDS.map((s) => `fill ${s}`)];
  const kernels = kernelRows(all, values.mix ?? false);
  const parts = [["network", "dispatches", "GFLOP", ...SIMDS.map((s) => `fill ${s}`)], networks(all[0].uses)] as const;
  console.log(`${table(header, kernels)}\n\n${table([...parts[0]], parts[1])}`);
  if (values.mix) {
    for (const [name, { mix }] of all[0].kernels) {
      console.log(`${name}: ${Object.entries(mix).map(([kind, n]) => `${n} ${kind}`).join(", ")}`);
    }
  }
  if (values.write) await writeSection("docs/speed.md", "bench:static", [[header, kernels], [...parts]]);
}
