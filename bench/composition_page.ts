/**
 * The composition benchmark's pictures side by side, as one HTML page with everything in it.
 *
 * @module
 */
import type { Task } from "./composition.ts";
import type { Asked, Score } from "./score.ts";
import type { Seams } from "./seams.ts";
import type { Row } from "./composition_results.ts";

/** One picture, with what is right in it. */
export interface Judged extends Row {
  score: Score;
  seams: Seams;
}

const STYLE = `body { font: 15px/1.4 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem }
section { display: flex; gap: 1rem; flex-wrap: wrap; border-top: 1px solid #ccc; padding: 1rem 0 }
section > p { width: 100%; margin: 0 }
figure { margin: 0; width: 15rem }
img { image-rendering: pixelated; height: 12rem; border: 3px solid #c33 }
img.right { border-color: #2a2 }
figcaption { font-size: 13px; color: #444 }`;

/** A page: one section for each prompt, the `first` variants before the others. */
export function reportPage(tasks: readonly Task<Asked>[], rows: readonly Judged[], first: readonly string[]): string {
  const rank = ({ variant }: Judged) => first.includes(variant) ? first.indexOf(variant) : first.length;
  const sections = tasks.map((task) => {
    const own = rows.filter(({ prompt }) => prompt === task.prompt).sort((a, b) => rank(a) - rank(b));
    if (own.length === 0) return "";
    return `<section><p>${escape(task.prompt)}${task.held_out ? " (unseen pair)" : ""}, seed ${task.seed}</p>
${own.map(figure).join("\n")}</section>`;
  });
  return `<!doctype html>
<html lang="en"><meta charset="utf-8"><title>Plain prompts and planned regions</title><style>${STYLE}</style>
<h1>Plain prompts and planned regions</h1>
<p>A green frame: every object was found with its colour and in its place. Below each picture: what the detector saw.</p>
${sections.join("\n")}
</html>
`;
}

function figure({ variant, png, found, score }: Judged): string {
  const seen = found.map(({ name, colour }) => colour ? `${colour} ${name}` : name).join(", ") || "nothing";
  const image = `<img class="${score.allRight ? "right" : "wrong"}" alt="${
    escape(variant)
  }" src="data:image/png;base64,${png.toBase64()}">`;
  return `<figure>${image}<figcaption>${escape(variant)}<br>${escape(seen)}</figcaption></figure>`;
}

function escape(text: string): string {
  return text.replace(/[&<>"]/g, (c) => `&#${c.charCodeAt(0)};`);
}
