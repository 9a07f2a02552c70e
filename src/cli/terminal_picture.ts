/**
 * Pictures on a terminal, in the best of the ways that it has.
 *
 * @module
 */
import type { Environment } from "../files/environment.ts";
import { encodePng } from "../formats/png.ts";
import { halfBlocks } from "../picture/half_blocks.ts";
import type { Picture } from "../picture/picture.ts";
import { resized } from "../picture/resize.ts";
import { sixels } from "../picture/sixel.ts";

/** Ways to show a picture: kitty's graphics, iTerm2's inline images, sixels, or coloured half blocks. */
export type Graphics = "kitty" | "iterm2" | "sixel" | "true-colour blocks" | "blocks";

/**
 * What a terminal can do, told by its variables; nothing is asked of it, since its answer would go where the user
 * types. A multiplexer passes only text on.
 */
export function graphicsOf(env: Environment): Graphics {
  const [term, program] = [env("TERM") ?? "", env("TERM_PROGRAM") ?? ""];
  const multiplexed = env("TMUX") || /^(screen|tmux)/.test(term);
  if (!multiplexed) {
    if (env("KITTY_WINDOW_ID") || /kitty|ghostty/.test(term) || program === "ghostty") return "kitty";
    if (/^(iTerm\.app|WezTerm|mintty)$/.test(program) || env("LC_TERMINAL") === "iTerm2") return "iterm2";
    if (Number(env("KONSOLE_VERSION")) >= 220_400) return "kitty";
    if (/sixel|^(foot|mlterm|yaft|contour)/.test(term)) return "sixel";
  }
  return /^(truecolor|24bit)$/.test(env("COLORTERM") ?? "") || env("WT_SESSION") ? "true-colour blocks" : "blocks";
}

/** Most lines of a terminal that a picture takes. */
const ROWS = 24;
/** Pixels that a line of text is high in sixels: no more than terminals have, so that the picture fits. */
const LINE = 16;

/**
 * A picture with the lines it takes. It is drawn at the start of a line, and the cursor ends at the start of the line
 * below.
 *
 * @param screen columns and rows of the terminal
 */
export function terminalPicture(
  picture: Picture,
  graphics: Graphics,
  screen: { columns: number; rows: number },
): { text: string; rows: number } {
  const { width, height } = picture;
  // A character is twice as high as it is wide.
  const most = { columns: Math.max(2, screen.columns - 1), rows: Math.max(1, Math.min(ROWS, screen.rows - 4)) };
  const scale = Math.min(most.columns / width, 2 * most.rows / height);
  const columns = Math.max(1, Math.round(width * scale)), rows = Math.max(1, Math.round(height * scale / 2));
  if (graphics === "blocks" || graphics === "true-colour blocks") {
    const lines = halfBlocks(resized(picture, columns, 2 * rows), graphics === "true-colour blocks");
    return { text: lines.map((line) => `\x1b[2K${line}\n`).join(""), rows };
  }
  const image = graphics === "kitty"
    ? kitty(picture, columns, rows)
    : graphics === "iterm2"
    ? iterm2(picture, columns, rows)
    : sixels(resized(picture, Math.max(1, Math.round(width / height * rows * LINE)), rows * LINE));
  // Room is made first, so that nothing scrolls while the picture is drawn; it leaves the cursor anywhere.
  return { text: `${"\x1b[2K\n".repeat(rows)}\x1b[${rows}A\x1b7${image}\x1b8\x1b[${rows}B\r`, rows };
}

/** Bytes of base64 that kitty takes at once. */
const CHUNK = 4096;

/** The same number each time, so that a later picture takes the place of an earlier one; answers are off. */
function kitty(picture: Picture, columns: number, rows: number): string {
  const data = encodePng(picture).toBase64();
  let text = "";
  for (let at = 0; at < data.length; at += CHUNK) {
    const more = at + CHUNK < data.length ? 1 : 0;
    const head = at === 0 ? `a=T,f=100,i=${PICTURE_ID},p=1,c=${columns},r=${rows},C=1,q=2,m=${more}` : `m=${more}`;
    text += `\x1b_G${head};${data.slice(at, at + CHUNK)}\x1b\\`;
  }
  return text;
}

const PICTURE_ID = 4217;

function iterm2(picture: Picture, columns: number, rows: number): string {
  const png = encodePng(picture);
  return `\x1b]1337;File=inline=1;size=${png.length};width=${columns};height=${rows};preserveAspectRatio=1:${png.toBase64()}\x07`;
}
