/**
 * The program for one line of arguments after another, in one process: for `finishEach` of program.ts, which reads what
 * stands between the marks.
 *
 * @module
 */
import { run } from "../../src/cli/run.ts";
import { writeAll } from "../../src/cli/console.ts";

for (const line of JSON.parse(Deno.args[0])) {
  const code = await run(line);
  writeAll(Deno.stdout, `\0${code}\0`);
  writeAll(Deno.stderr, "\0");
}
Deno.exit();
