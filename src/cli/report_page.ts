/**
 * A report as one HTML file with everything in it: it asks nothing of a network, and says so to the browser.
 *
 * @module
 */
import { encodePng } from "../formats/png.ts";
import { type Check, isFault, type Mark } from "../judge/judge.ts";
import type { Picture } from "../picture/picture.ts";
import { publicText } from "../secrets.ts";
import { jsonLine } from "./json.ts";

/** A picture with what is said below it. */
export interface Figure {
  image: Picture;
  says: string;
  /** Whether it went on; absent where nothing was decided. */
  taken?: boolean;
}

/** A stretch of the story: a first look, a round. */
export interface Chapter {
  title: string;
  figures: Figure[];
  checklist?: readonly Check[];
  /** One for each item, where somebody looked. */
  marks?: readonly Mark[];
}

/** What a report tells. */
export interface Report {
  title: string;
  /** A prompt, or the operations of an edit. */
  asked: string;
  chapters: Chapter[];
  /** Names and values: texts, numbers, or what JSON has. */
  settings: Record<string, unknown>;
}

const STYLE = `:root { color-scheme: light dark; --line: #8886; --right: #1a7f37; --wrong: #cf222e }
body { font: 16px/1.5 system-ui, sans-serif; max-width: 62rem; margin: 2rem auto; padding: 0 1rem }
h1 { font-size: 1.5rem } h2 { font-size: 1.15rem; border-top: 1px solid var(--line); padding-top: 1rem; margin-top: 2rem }
blockquote { margin: 0; font-size: 1.15rem; white-space: pre-wrap; overflow-wrap: anywhere }
.figures { display: flex; flex-wrap: wrap; gap: 1rem }
figure { margin: 0; max-width: 100% } img { display: block; width: 16rem; max-width: 100%; border: 3px solid var(--line) }
img.taken { border-color: var(--right) } img.left { border-color: var(--wrong) }
figcaption { font-size: .85rem; width: 16rem; max-width: 100%; overflow-wrap: anywhere }
ul { list-style: none; padding: 0 } li.right::before { content: "✓ "; color: var(--right) }
li.wrong::before { content: "✗ "; color: var(--wrong) } li.unknown::before { content: "? " }
table { border-collapse: collapse; font-size: .9rem } td { border-top: 1px solid var(--line); padding: .2rem .8rem .2rem 0;
vertical-align: top; overflow-wrap: anywhere } td:first-child { white-space: nowrap }`;

/** The page. */
export function reportPage({ title, asked, chapters, settings }: Report): string {
  const rows = Object.entries(settings).filter(([, value]) => value !== undefined).map(([name, value]) =>
    `<tr><td>${escaped(name)}</td><td>${escaped(shown(value))}</td></tr>`
  );
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; img-src data:; style-src 'unsafe-inline'">
<meta name="viewport" content="width=device-width">
<title>${escaped(title)}</title>
<style>${STYLE}</style>
</head>
<body>
<h1>${escaped(title)}</h1>
<blockquote>${escaped(asked)}</blockquote>
${chapters.map(chapterOf).join("\n")}
<h2>Settings</h2>
<table>
${rows.join("\n")}
</table>
</body>
</html>
`;
}

function chapterOf({ title, figures, checklist = [], marks }: Chapter): string {
  const items = checklist.map(({ words, absent }, i) => {
    const mark = marks?.[i];
    const kind = !mark || mark.verdict === "unknown" ? "unknown" : isFault(mark) ? "wrong" : "right";
    const said = mark && mark.verdict !== "right" ? `: ${[mark.verdict, mark.note].filter(Boolean).join(", ")}` : "";
    return `<li class="${kind}">${escaped(`${absent ? "no " : ""}${words}${said}`)}</li>`;
  });
  return `<section>
<h2>${escaped(title)}</h2>
<div class="figures">
${figures.map(figureOf).join("\n")}
</div>
${items.length ? `<ul>\n${items.join("\n")}\n</ul>` : ""}
</section>`;
}

function figureOf({ image, says, taken }: Figure): string {
  const kind = taken === undefined ? "" : taken ? "taken" : "left";
  const source = `data:image/png;base64,${encodePng(image).toBase64()}`;
  const { width, height } = image;
  return `<figure><img class="${kind}" alt="${
    escaped(says)
  }" width="${width}" height="${height}" style="height:auto" ` +
    `src="${source}"><figcaption>${escaped(says)}</figcaption></figure>`;
}

function shown(value: unknown): string {
  return typeof value === "object" ? jsonLine(value) : `${value}`;
}

/** A text as HTML shows it; keys that were in it are not published. */
function escaped(text: string): string {
  return publicText(text).replace(/[&<>"']/g, (c) => `&#${c.charCodeAt(0)};`);
}
