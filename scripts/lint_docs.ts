/**
 * Fails where something that src/mod.ts exports has no documentation. Of `deno doc --lint` only that is taken: its other rules
 * want every type of the internals exported, and types that are derived from a schema written out.
 *
 * @module
 */
const { stderr } = await new Deno.Command(Deno.execPath(), {
  args: ["doc", "--lint", "src/mod.ts"],
  env: { NO_COLOR: "1" },
}).output();
const report = new TextDecoder().decode(stderr);
if (!/documentation lint error|Checked \d+ file/.test(report)) {
  console.error(`deno doc did not run:\n${report}`);
  Deno.exit(1);
}
const missing = report.split(/\n(?=error\[)/).filter((part) => part.startsWith("error[missing-jsdoc]"));
for (const part of missing) console.error(part);
console.error(`${missing.length} exported symbols without documentation`);
Deno.exit(missing.length ? 1 : 0);
