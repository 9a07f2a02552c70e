/**
 * Models of published size with random weights against torch in f32: one UNet evaluation of SD 1.5, SD 2.1 and SDXL for
 * a picture of 256², in f32 and in f16.
 *
 *     deno task slow [sd1] [sd2] [sdxl]
 *
 * Needs Python with tests/oracle/requirements.txt (`PYTHON` names it), and for SDXL 7 GB of disk in the folder for
 * temporary files and 14 GB of memory. The files go as soon as they have been compared.
 *
 * @module
 */
import { openDevice, type Precision } from "../../src/gpu/device.ts";
import { fullUnet } from "./full_unet.ts";

/** What published checkpoints of these names and shapes are taken for. */
const PRESETS: Record<string, string> = { sd1: "sd15", sd2: "sd21", sdxl: "sdxl" };

/**
 * Largest error, as a share of the largest value. f32: sums of up to 17280 products in another order, 2⁻²⁴ each. f16:
 * every layer's result is rounded to 2⁻¹¹, through some hundred layers.
 */
const LIMIT: Record<Precision, number> = { f32: 1e-4, f16: 1e-2 };

const SCRIPT = new URL("single_files.py", import.meta.url).pathname;

async function checkPython(python: string): Promise<void> {
  const test = new Deno.Command(python, { args: ["-c", "import diffusers, safetensors, torch, transformers"] });
  const { success } = await test.output().catch(() => ({ success: false }));
  if (success) return;
  console.error(`${python} cannot import diffusers, safetensors, torch and transformers. Make a Python that can, once:

    python3 -m venv .venv
    .venv/bin/pip install --extra-index-url https://download.pytorch.org/whl/cpu -r tests/oracle/requirements.txt

and start again, or name another in PYTHON.`);
  Deno.exit(1);
}

/** Compares one family and removes its files. @returns whether both precisions are within their limits */
async function compare(family: string, python: string): Promise<boolean> {
  const folder = await Deno.makeTempDir();
  const clean = () => Deno.removeSync(folder, { recursive: true });
  const interrupted = () => {
    clean();
    Deno.exit(130);
  };
  Deno.addSignalListener("SIGINT", interrupted);
  try {
    const torch = new Deno.Command(python, { args: [SCRIPT, "full", folder, family], stdout: "null" });
    const { success } = await torch.output().then((output) => {
      if (!output.success) console.error(new TextDecoder().decode(output.stderr));
      return output;
    });
    if (!success) return false;
    let good = true;
    for (const precision of ["f32", "f16"] as const) {
      const device = await openDevice();
      const { preset, worst, overall, peak, seconds } = await fullUnet(device, precision, folder, family);
      const gib = (device.peakBytes / 2 ** 30).toFixed(2);
      device.close();
      const fine = worst <= LIMIT[precision] && preset === PRESETS[family];
      good &&= fine;
      console.log(
        `${fine ? "good" : "FAR "} ${family} (${preset}) ${precision}: largest error ${
          worst.toExponential(2)
        } of the largest value ` +
          `(${peak.toFixed(3)}), overall ${overall.toExponential(2)}; ${gib} GiB on the device, ` +
          `loaded in ${seconds.load.toFixed(0)} s, compiled and run in ${seconds.run.toFixed(0)} s`,
      );
    }
    return good;
  } finally {
    Deno.removeSignalListener("SIGINT", interrupted);
    clean();
  }
}

const local = ".venv/bin/python";
const python = Deno.env.get("PYTHON") ?? (await Deno.stat(local).then(() => local, () => "python3"));
const families = Deno.args.length ? Deno.args : Object.keys(PRESETS);
const unknown = families.find((family) => !(family in PRESETS));
if (unknown) throw new Error(`"${unknown}" is none of ${Object.keys(PRESETS).join(", ")}.`);
await checkPython(python);
let failed = 0;
for (const family of families) if (!await compare(family, python)) failed++;
Deno.exit(failed ? 1 : 0);
