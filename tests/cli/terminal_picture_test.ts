import assert from "@std/assert";
import { type Graphics, graphicsOf, terminalPicture } from "../../src/cli/terminal_picture.ts";
import { halfBlocks } from "../../src/picture/half_blocks.ts";
import type { Picture } from "../../src/picture/picture.ts";
import { readPicture } from "../../src/picture/read_picture.ts";
import { sixels } from "../../src/picture/sixel.ts";

/** A slope of two colours, of an odd size. */
const width = 37, height = 23;
const slope: Picture = { width, height, data: new Uint8Array(width * height * 4) };
for (let y = 0; y < height; y++) {
  for (let x = 0; x < width; x++) slope.data.set([x * 6, y * 10, 255 - x * 6, 255], (y * width + x) * 4);
}
const screen = { columns: 80, rows: 30 };

Deno.test("what a terminal can do is told by its variables; a multiplexer passes only text on", () => {
  const cases: [Record<string, string>, Graphics][] = [
    [{ TERM: "xterm-kitty" }, "kitty"],
    [{ TERM: "xterm-256color", TERM_PROGRAM: "ghostty" }, "kitty"],
    [{ TERM: "xterm-256color", TERM_PROGRAM: "iTerm.app", COLORTERM: "truecolor" }, "iterm2"],
    [{ TERM: "xterm-256color", TERM_PROGRAM: "WezTerm" }, "iterm2"],
    [{ TERM: "foot" }, "sixel"],
    [{ TERM: "xterm-256color", COLORTERM: "truecolor" }, "true-colour blocks"],
    [{ TERM: "tmux-256color", KITTY_WINDOW_ID: "1" }, "blocks"],
    [{}, "blocks"],
  ];
  for (const [variables, graphics] of cases) assert.equal(graphicsOf((name) => variables[name]), graphics);
});

Deno.test("a picture keeps its shape within the terminal, and its pixels on the way", async () => {
  for (const graphics of ["kitty", "iterm2", "sixel", "blocks"] as const) {
    const { text, rows } = terminalPicture(slope, graphics, { columns: 20, rows: 30 });
    assert.equal(rows, Math.round(19 / width * height / 2), graphics);
    assert.equal(text.match(/\n/g)!.length, rows, graphics);
  }
  assert.equal(terminalPicture(slope, "blocks", { columns: 300, rows: 14 }).rows, 10);

  const { text } = terminalPicture(slope, "kitty", screen);
  // deno-lint-ignore no-control-regex -- what terminals are steered by
  const chunks = [...text.matchAll(/\x1b_G([^;]*);([^\x1b]*)\x1b\\/g)];
  assert.ok(chunks.every(([, , data]) => data.length <= 4096));
  assert.match(chunks.at(-1)![1], /m=0$/);
  const png = Uint8Array.fromBase64(chunks.map(([, , data]) => data).join(""));
  assert.deepEqual((await readPicture(png, "it")).data, slope.data);
});

Deno.test("half blocks are two pixels each, an odd row has nothing below", () => {
  const picture = { width: 1, height: 3, data: new Uint8Array([255, 0, 0, 255, 0, 95, 255, 255, 8, 8, 8, 255]) };
  assert.deepEqual(halfBlocks(picture, true), [
    "\x1b[38;2;255;0;0m\x1b[48;2;0;95;255m▀\x1b[0m",
    "\x1b[38;2;8;8;8m\x1b[49m▀\x1b[0m",
  ]);
  assert.deepEqual(halfBlocks(picture, false)[0], "\x1b[38;5;196m\x1b[48;5;27m▀\x1b[0m");
});

Deno.test("sixels, read as a terminal does, are the picture but for dithering", () => {
  const seen = readSixels(sixels(slope));
  let difference = 0;
  for (let i = 0; i < seen.length; i++) {
    assert.ok(Math.abs(seen[i] - slope.data[i]) <= 51, `${i}: ${seen[i]}, not ${slope.data[i]}`); // one level
    difference += seen[i] - slope.data[i];
  }
  assert.ok(Math.abs(difference / seen.length) < 2, "its means are kept");
});

/** RGBA of a sixel sequence; a pixel that no colour sets stays transparent. */
function readSixels(text: string): Uint8Array {
  // deno-lint-ignore no-control-regex -- what terminals are steered by
  const [, w, h, body] = /^\x1bPq"1;1;(\d+);(\d+)([^]*)\x1b\\$/.exec(text)!;
  const data = new Uint8Array(Number(w) * Number(h) * 4);
  const palette = new Map<string, number[]>();
  let x = 0, top = 0, colour: number[] = [];
  for (
    const [, index, rgb, count = "1", sixel, control] of body.matchAll(
      /#(\d+)((?:;\d+){4})?|(?:!(\d+))?([?-~])|([$-])/g,
    )
  ) {
    if (rgb) palette.set(index, rgb.slice(1).split(";").slice(1).map((percent) => Math.round(Number(percent) * 2.55)));
    else if (index) colour = palette.get(index)!;
    else if (control) [x, top] = [0, top + (control === "-" ? 6 : 0)];
    else {
      for (const end = x + Number(count); x < end; x++) {
        for (let row = 0; row < 6; row++) {
          if (sixel.charCodeAt(0) - 63 >> row & 1) data.set([...colour, 255], ((top + row) * Number(w) + x) * 4);
        }
      }
    }
  }
  return data;
}
