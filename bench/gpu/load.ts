/**
 * How fast weights reach the device (bench/load.ts), as rows.
 *
 *     deno run -A load.ts [--small]
 *
 * @module
 */
import { run } from "../load.ts";
import { say } from "./rows.ts";

await run([Deno.args.includes("--small") ? "16" : "1024"], (line) => {
  const [, from, rates] = line.match(/^(from [^:]*): (.*)$/) ?? [];
  if (from) say("Loading", ["weights, f16", "rates"], [from, rates]);
});
