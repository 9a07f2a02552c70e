/** The report as text; tests/oracle/report_in_browser.ts shows it to a browser. */
import assert from "@std/assert";
import { join } from "@std/path";
import { drawingReport } from "../../src/cli/report.ts";
import { reportPage } from "../../src/cli/report_page.ts";
import type { ImageResult } from "../../src/generate.ts";
import { filled } from "../../src/picture/picture.ts";
import { plainPlan } from "../../src/plan/plan.ts";
import type { Settings } from "../../src/settings.ts";
import { readPicture } from "../../src/picture/read_picture.ts";
import { COLOUR, HOSTILE, HOSTILE_REPORT } from "./hostile_report.ts";
import { finishEach, inFolder, names, TINY_MODEL } from "./program.ts";

/** What HTML's five escapes stand for. */
const unescaped = (text: string) => text.replace(/&#(\d+);/g, (_, code) => String.fromCharCode(Number(code)));

Deno.test("whatever a prompt holds is text in a report; pictures are in it, and nothing is fetched", async () => {
  const page = reportPage(HOSTILE_REPORT);
  assert.doesNotMatch(page, /<script|onerror="|<b>|&(?!#\d+;)/);
  assert.match(page, /http-equiv="Content-Security-Policy" content="default-src 'none'; img-src data:;/);
  const tags = [...page.matchAll(/<\w[^>]*>/g)].join("").replace(/ alt="[^"]*"/g, "");
  const sources = [...tags.matchAll(/(?:src|href|url)[=(]"?([^"\s>]*)/g)].map(([, source]) => source);
  assert.equal(sources.length, 2);
  assert.ok(sources.every((source) => source.startsWith("data:image/png;base64,")));
  const { width, height, data } = await readPicture(Uint8Array.fromBase64(sources[0].split(",")[1]), "the first");
  assert.deepEqual([width, height, ...data.subarray(0, 3)], [64, 48, ...COLOUR]);
  // Every element that is opened is closed, in order.
  const open: string[] = [];
  for (const [, close, name] of page.matchAll(/<(\/?)(\w+)[^>]*>/g)) {
    if (["meta", "img"].includes(name)) continue;
    if (close) assert.equal(open.pop(), name);
    else open.push(name);
  }
  assert.deepEqual(open, []);
  assert.equal(unescaped(/<title>(.*?)<\/title>/.exec(page)![1]), HOSTILE);
  const items = [...page.matchAll(/<li class="(\w+)">/g)].map(([, kind]) => kind);
  assert.deepEqual(items, ["wrong", "right", "unknown"]);
  assert.match(page, /<td>seed<\/td><td>4611686018427387904<\/td>/);
  assert.doesNotMatch(page, /absent<|undefined/);
});

Deno.test("a picture that its judge failed to look at is reported as it was drawn", () => {
  const image = filled(8, 8, [255, 0, 0, 255]);
  const plan = plainPlan("a cat", "none");
  const settings = { width: 8, height: 8, seed: 3 } as Settings;
  const result = { image, plan, settings, warnings: [] } as unknown as ImageResult;
  const looked = { result, plan, checklist: [{ words: "a cat" }], marks: [], drawn: [], rounds: [] };
  const { title, chapters } = drawingReport(result, "mini", looked);
  assert.deepEqual([title, chapters.at(-1)!.figures[0].image], ["A picture", image]);
});

Deno.test("--report writes the page of a picture, and takes no file that is there", () =>
  inFolder(async (cwd) => {
    const args = [
      "a <b>cat</b> & a dog",
      "--planner",
      "rules",
      "-m",
      TINY_MODEL,
      "--steps",
      "2",
      "-W",
      "64",
      "-H",
      "64",
    ];
    const line = [...args, "-q", "-o", "a_%d.png", "--report", "r.html"];
    const [drawn, again] = await finishEach([line, line], { cwd });
    assert.equal(drawn.code, 0, drawn.stderr);
    assert.deepEqual(names(cwd), ["a_1.png", "r.html"]);
    const page = await Deno.readTextFile(join(cwd, "r.html"));
    assert.match(page, /a &#60;b&#62;cat&#60;\/b&#62; &#38; a dog/);
    assert.equal(page.match(/<img /g)!.length, 2); // the plan and the picture
    assert.equal(again.code, 2);
    assert.match(again.stderr, /r\.html/);
  }));
