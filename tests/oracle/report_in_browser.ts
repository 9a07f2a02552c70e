/**
 * Shows a report to a real browser: `deno task report:browser [chromium]`. The page must stay text where a prompt looks
 * like HTML, show its pictures, and run and fetch nothing.
 *
 * @module
 */
import assert from "@std/assert";
import { join } from "@std/path";
import { reportPage } from "../../src/cli/report_page.ts";
import { readPicture } from "../../src/picture/read_picture.ts";
import { COLOUR, HOSTILE, HOSTILE_REPORT } from "../cli/hostile_report.ts";

const browser = Deno.args[0] ?? "chromium";
const folder = await Deno.makeTempDir();
try {
  const page = join(folder, "report.html");
  await Deno.writeTextFile(page, reportPage(HOSTILE_REPORT));
  const show = async (...flags: string[]) => {
    const quiet = ["--headless", "--no-sandbox", "--disable-gpu", `--user-data-dir=${folder}/profile`];
    const command = new Deno.Command(browser, {
      args: [...quiet, ...flags, `file://${page}`],
      stdout: "piped",
      stderr: "piped",
      signal: AbortSignal.timeout(120_000),
    });
    const { success, stdout, stderr } = await command.output();
    assert.ok(success, new TextDecoder().decode(stderr));
    return new TextDecoder().decode(stdout);
  };
  const dom = await show("--dump-dom");
  assert.doesNotMatch(dom.replace(/ alt="[^"]*"/g, ""), /<script|<b>|onerror="[^<]*>/i);
  assert.doesNotMatch(dom, /<title>gone/);
  assert.equal(dom.match(/<figure>/g)!.length, 2);
  // As the browser writes the text down again.
  const text = HOSTILE.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
  assert.ok(dom.includes(`<blockquote>${text}</blockquote>`), "the prompt is another text");

  const shot = join(folder, "shot.png");
  await show("--window-size=900,1400", `--screenshot=${shot}`);
  const { data } = await readPicture(await Deno.readFile(shot), "the screenshot");
  let seen = 0;
  for (let i = 0; i < data.length; i += 4) seen += Number(COLOUR.every((level, c) => data[i + c] === level));
  assert.ok(seen > 20_000, `the picture covers ${seen} pixels`);
  console.log(`${browser} shows the report: its texts are texts, its picture covers ${seen} pixels.`);
} finally {
  await Deno.remove(folder, { recursive: true });
}
