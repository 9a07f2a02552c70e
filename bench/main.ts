/**
 * `deno task bench [what]`: kernels and the bundled model by default; everything else by its name in the table below,
 * with what it takes described in its own file.
 *
 * @module
 */
import { RpgError } from "../src/errors.ts";

const WHAT: Record<string, () => Promise<{ run(args: string[]): Promise<void> }>> = {
  kernels: () => import("./kernels.ts"),
  mini: () => import("./mini.ts"),
  load: () => import("./load.ts"),
  memory: () => import("./memory.ts"),
  composition: () => import("./composition.ts"),
  edit: () => import("./edit.ts"),
  loop: () => import("./loop.ts"),
  whole: () => import("./whole.ts"),
  peers: () => import("./peers.ts"),
  first: () => import("./first.ts"),
  scale: () => import("./scale.ts"),
  lora: () => import("./lora.ts"),
  quantised: () => import("./quantised.ts"),
  limits: () => import("./limits.ts"),
  static: () => import("./static/run.ts"),
};

const [what, ...rest] = Deno.args;
const wanted = what === undefined ? ["kernels", "mini"] : [what];
for (const name of wanted) {
  if (!WHAT[name]) {
    console.error(`There is no benchmark "${name}". Choose one of: ${Object.keys(WHAT).join(", ")}.`);
    Deno.exit(2);
  }
  try {
    await (await WHAT[name]()).run(rest);
  } catch (error) {
    if (!(error instanceof RpgError)) throw error;
    console.error(error.message);
    Deno.exit(error.exitCode);
  }
}
