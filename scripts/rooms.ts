/**
 * The rooms of src/: what each holds, what it may import, and the graph of what it does import. tests/layers_test.ts
 * holds the code to this table; `deno task graph` writes both into ARCHITECTURE.md.
 *
 * @module
 */
import { dirname, relative, resolve } from "node:path";

/** A folder of src/, or a file that joins several of them. */
export interface Room {
  /** What is in it, for people. */
  holds: string;
  /** Names of the rooms it may import, besides itself and `BASE`. */
  imports: string[];
}

const room = (holds: string, imports = ""): Room => ({ holds, imports: imports.split(" ").filter(Boolean) });

const PLANS = "plan/make_plan.ts plan/review.ts plan/from_regions.ts plan/show plan/llm plan/rules plan";
const BELOW_PIPELINE = "settings.ts settings nn ops gpu adapter model hub formats files picture text region sample";

/** From the bottom up. A file belongs to the longest name that its path begins with. */
export const ROOMS: Readonly<Record<string, Room>> = {
  sample: room("schedules, samplers, scalings and noise; pure"),
  text: room("the language of prompts, tokenizers and chunks; pure", "sample"),
  region: room("split ratios → cells → exact partitions, masks, base ratios and keywords; pure", "text"),
  files: room("reading with limits, whole or not at all; writing without overwriting"),
  picture: room("pictures that people bring: reading, resizing, masks, edges, skeletons, depth", "files"),
  formats: room(
    "safetensors, GGUF, torch, PNG: bytes to named tensors, pixels and texts, and back",
    "files picture region text",
  ),
  hub: room("downloads, the hub's cache, which files a model needs", "files"),
  model: room(
    "families, presets, key names, folders, single files, embeddings: from files to named parts",
    "hub formats files text sample region",
  ),
  adapter: room(
    "LoRA and its kin: key names, what each kind does to a weight, merging",
    "model hub formats files picture text sample region",
  ),
  gpu: room("the device, its buffers, kernels and recorded graphs; the only room that names WebGPU"),
  ops: room("one file for each operation: which kernel, which tile, which shape", "gpu"),
  nn: room("networks as ops over named weights; packing and streaming of weights", "ops gpu formats files"),
  plan: room("the plan itself: its schema, its borders, how large its picture is", "region text"),
  "plan/rules": room("plans by rules from an English sentence", "plan region text"),
  "plan/llm": room(
    "plans by a language model: asking, reading replies, mending",
    "picture files plan/rules plan region text",
  ),
  "plan/show": room("plans as pictures and boxes for people", "plan picture region text"),
  "plan/from_regions.ts": room("a plan from prompts that name their regions themselves", "plan/rules plan region text"),
  "plan/review.ts": room("what is odd about a plan", "plan/llm plan/rules plan picture files region text"),
  "plan/make_plan.ts": room(
    "any planner to a checked plan",
    "settings.ts settings sample plan/review.ts plan/from_regions.ts plan/show plan/llm plan/rules plan picture files region text",
  ),
  settings: room(
    "every setting on its line, and the kinds of values and checks that derive from it",
    "picture region sample text",
  ),
  "settings.ts": room(
    "what a caller may ask of a picture: types of the schema",
    "settings plan picture region sample text",
  ),
  judge: room(
    "what a picture must show, and who looks whether it does",
    `plan/llm plan/rules plan nn ops gpu model hub formats files picture text region sample`,
  ),
  pipeline: room(
    "parts on the device; drawings and their stages: conditioning, denoiser, decoder, memory",
    `plan ${BELOW_PIPELINE}`,
  ),
  "generate.ts": room("the story of a picture, from top to bottom", `pipeline ${PLANS} ${BELOW_PIPELINE}`),
  edit: room(
    "changes to a picture as data, where they belong, their masks and plans",
    "judge plan/show plan/llm plan/rules plan settings.ts settings nn model hub formats files picture text region sample",
  ),
  "edit.ts": room(
    "the story of an edit, and of mending what was painted",
    `edit judge generate.ts pipeline ${PLANS} ${BELOW_PIPELINE}`,
  ),
  "closed_loop.ts": room(
    "draw, look, keep the best, mend",
    `edit.ts edit judge generate.ts pipeline ${PLANS} ${BELOW_PIPELINE}`,
  ),
  "recipe.ts": room("everything needed to make a picture again", `generate.ts pipeline ${PLANS} ${BELOW_PIPELINE}`),
  "save_picture.ts": room(
    "a picture with its recipe, as a file",
    "recipe.ts generate.ts settings.ts settings pipeline model formats files",
  ),
  "mod.ts": room(
    "the library",
    `closed_loop.ts edit.ts edit judge save_picture.ts recipe.ts generate.ts pipeline ${PLANS} ${BELOW_PIPELINE}`,
  ),
  cli: room(
    "the program: commands, help, progress and messages",
    `mod.ts closed_loop.ts edit.ts edit judge save_picture.ts recipe.ts generate.ts pipeline ${PLANS} ${BELOW_PIPELINE}`,
  ),
};

/** Directly in src/, for everybody; they import nothing above them. */
export const BASE: Readonly<Record<string, string>> = {
  "errors.ts": "one class of error for each exit code",
  "limits.ts": "how much of anything is taken from outside, in one table",
  "brief.ts": "values from outside, fit for one line of a message",
  "secrets.ts": "what stays out of messages, files and JSON",
  "did_you_mean.ts": "the nearest known word",
  "once.ts": "what is opened when it is first asked for, and then shared",
  "unless_aborted.ts": "waiting that a signal ends",
  "assets.ts": "files that ship with the program",
  "deps": "the libraries that src/ uses, each pinned in one place",
};

/** The repository. */
export const ROOT: string = resolve(import.meta.dirname!, "..");

/** All files of a folder with this ending: TypeScript. */
export function* sourceFiles(folder: string, ending: string = ".ts"): Generator<string> {
  for (const entry of Deno.readDirSync(folder)) {
    const path = `${folder}/${entry.name}`;
    if (entry.isDirectory) yield* sourceFiles(path, ending);
    else if (path.endsWith(ending)) yield path;
  }
}

/** The relative modules that a file imports, statically or not, types included. */
export function importsOf(path: string): string[] {
  const source = Deno.readTextFileSync(path).replace(/\/\*[\s\S]*?\*\//g, ""); // examples in comments import too
  const found = source.matchAll(/(?:\bfrom|\bimport|\bimport\()\s*"(\.[^"]+\.ts)"/g);
  return [...found].map(([, specifier]) => resolve(dirname(path), specifier));
}

/** The room or base part that a file of src/ belongs to; undefined where the table has none. */
export function roomOf(path: string): string | undefined {
  const parts = relative(`${ROOT}/src`, path).split(/[\\/]/);
  for (let length = parts.length; length > 0; length--) {
    const name = parts.slice(0, length).join("/");
    if (name in ROOMS || name in BASE) return name;
  }
}

/** Which rooms each room imports, as the code is. */
export function graphOfRooms(): Map<string, Set<string>> {
  const graph = new Map(Object.keys(ROOMS).map((name) => [name, new Set<string>()]));
  for (const path of sourceFiles(`${ROOT}/src`)) {
    const from = graph.get(roomOf(path) ?? "");
    for (const target of importsOf(path)) {
      const to = roomOf(target);
      if (to && to in ROOMS && to !== roomOf(path)) from?.add(to);
    }
  }
  return graph;
}

/** Follows arrows from one node, itself left out unless a circle leads back. */
export function reachable<T>(graph: ReadonlyMap<T, Iterable<T>>, start: T, seen: Set<T> = new Set()): Set<T> {
  for (const next of graph.get(start) ?? []) {
    if (seen.has(next)) continue;
    seen.add(next);
    reachable(graph, next, seen);
  }
  return seen;
}

/** The table and the graph for ARCHITECTURE.md. Arrows that follow from others are left out. */
export function drawRooms(): string {
  const graph = graphOfRooms();
  const arrows = [...graph].flatMap(([from, targets]) => {
    const through = [...targets].map((to) => reachable(graph, to));
    return [...targets].filter((to) => !through.some((further) => further.has(to))).sort()
      .map((to) => `  ${id(from)} --> ${id(to)}`);
  });
  const nodes = Object.keys(ROOMS).map((name) => `  ${id(name)}["${name}"]`);
  const rooms = Object.entries(ROOMS).map(([name, { holds }]) => [name, holds]);
  const rows = [
    ["Room", "Holds"],
    [],
    ...[...rooms, ...Object.entries(BASE)].map(([name, what]) => [`\`src/${name}\``, what]),
  ];
  const widths = [0, 1].map((column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  const table = rows.map((row) => widths.map((width, i) => row[i]?.padEnd(width) ?? "-".repeat(width)).join(" | "));
  const drawing = ["```mermaid", "flowchart TD", ...nodes.reverse(), ...arrows, "```", ""];
  return [...drawing, ...table.map((line) => `| ${line} |`)].join("\n");
}

const id = (name: string) => name.replace(/\W/g, "_");

const MARKS = ["<!-- rooms: written by `deno task graph` -->", "<!-- end of rooms -->"];

/** The text of ARCHITECTURE.md with the table and the graph as the code is now. */
export function withRooms(text: string): string {
  const [start, end] = MARKS.map((mark) => text.indexOf(mark));
  if (start < 0 || end < start) throw new Error(`ARCHITECTURE.md lacks the marks ${MARKS.join(" and ")}.`);
  return `${text.slice(0, start + MARKS[0].length)}\n\n${drawRooms()}\n\n${text.slice(end)}`;
}

if (import.meta.main) {
  const path = `${ROOT}/ARCHITECTURE.md`;
  Deno.writeTextFileSync(path, withRooms(Deno.readTextFileSync(path)));
}
