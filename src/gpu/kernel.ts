/**
 * From a .wgsl file to a pipeline: constants in front, shared text in its place, register tiles unrolled,
 * tensors declared, compiled once.
 *
 * @module
 */
import { GpuError } from "../errors.ts";
import type { Device, Precision } from "./device.ts";
import { expand } from "./expand.ts";
import { includeShared } from "./shared.ts";
import { declareTensors } from "./storage.ts";

/** A shader file. Its entry point is `main`; `p` at binding 0 holds its uniforms, tensors follow (storage.ts). */
export interface Kernel {
  /** The file's basename. */
  name: string;
  source: string;
}

/** What turns a kernel into one pipeline. */
export interface Variant {
  kernel: Kernel;
  precision: Precision;
  /** Compile-time integers, visible in the shader as u32 constants and as counts of unrolled blocks. */
  constants: Record<string, number>;
}

/** The complete WGSL of a variant. */
function shaderCode({ kernel, precision, constants }: Variant, device: Device): string {
  const included = includeShared(kernel.source, device.subgroups, constants.THREADS);
  const halfs = constants.HALFS === 1; // the kernel computes in f16
  return [
    ...halfs ? ["enable f16;"] : [],
    ...Object.entries(constants).map(([name, value]) => `const ${name} = ${value}u;`),
    declareTensors(expand(included, constants), precision, device.textures, halfs),
  ].join("\n");
}

/** What a device keeps a variant's pipeline by. */
export function pipelineKey({ kernel, precision, constants }: Variant): string {
  return [kernel.name, precision, ...Object.entries(constants).map(([k, v]) => `${k}=${v}`)].join(" ");
}

/**
 * The pipeline of a variant, compiled at its first use.
 * @param signal heeded before each compilation, which itself cannot be stopped
 */
export async function pipelineFor(device: Device, variant: Variant, signal?: AbortSignal): Promise<GPUComputePipeline> {
  signal?.throwIfAborted();
  const key = pipelineKey(variant);
  let pipeline = device.pipelines.get(key);
  if (!pipeline) {
    await letEventsIn();
    signal?.throwIfAborted();
    pipeline = device.pipelines.get(key) ?? compile(device, variant, key);
    device.pipelines.set(key, pipeline);
  }
  return await pipeline;
}

/** When events last had their turn, and the milliseconds after which they have the next between two pipelines. */
let turned = -Infinity;
const TURN = 50;

/**
 * Compiling blocks: events, such as Ctrl-C, come in between. A turn costs a millisecond or two, as a known pipeline
 * may.
 */
async function letEventsIn(): Promise<void> {
  if (performance.now() - turned < TURN) return;
  await new Promise((resolve) => setTimeout(resolve));
  turned = performance.now();
}

async function compile(device: Device, variant: Variant, label: string): Promise<GPUComputePipeline> {
  const { gpu } = device;
  const code = shaderCode(variant, device);
  // Nothing is waited for within the scope: what is compiled meanwhile has its own.
  gpu.pushErrorScope("validation");
  const module = gpu.createShaderModule({ label, code });
  const making = gpu.createComputePipelineAsync({ label, layout: "auto", compute: { module, entryPoint: "main" } });
  const refused = gpu.popErrorScope();
  // The useful text is in the scope and the compilation info; the exception itself only says "invalid".
  let failure: unknown;
  const [pipeline, scoped] = await Promise.all([making.catch((error) => void (failure = error)), refused]);
  if (pipeline && !scoped) return pipeline;
  const info = await module.getCompilationInfo();
  const first = info.messages.find((m) => m.type === "error");
  const line = first ? `\nline ${first.lineNum}: ${code.split("\n")[first.lineNum - 1]?.trim()}\n${first.message}` : "";
  throw new GpuError(
    `Kernel ${label} does not compile on ${device.summary.name}: ${scoped?.message ?? failure}${line}`,
  );
}
