import assert from "@std/assert";
import { dirname, relative, resolve } from "@std/path";

/** What each part of src/ may import besides itself. Everything may import the files that stand directly in `BASE`. */
const MAY_IMPORT: Record<string, string[]> = {
  region: [],
  plan: ["region"],
  sample: [],
  text: [],
  files: ["region", "model"],
  formats: ["files"],
  hub: ["files", "model"],
  model: ["files", "formats", "hub", "text", "sample", "region"],
  gpu: [],
  ops: ["gpu"],
  nn: ["ops", "gpu", "formats", "files"],
  pipeline: ["nn", "ops", "gpu", "model", "hub", "formats", "files", "text", "plan", "region", "sample"],
  "generate.ts": ["pipeline", "model", "hub", "formats", "files", "plan", "sample"],
  "recipe.ts": ["generate.ts", "pipeline", "model", "hub", "formats", "files", "plan", "sample"],
  "save_png.ts": ["recipe.ts", "generate.ts", "pipeline", "model", "formats", "files"],
  "mod.ts": [
    "save_png.ts",
    "generate.ts",
    "pipeline",
    "gpu",
    "model",
    "hub",
    "formats",
    "files",
    "plan",
    "region",
    "sample",
    "text",
  ],
  cli: [
    "mod.ts",
    "recipe.ts",
    "generate.ts",
    "pipeline",
    "ops",
    "gpu",
    "model",
    "hub",
    "formats",
    "files",
    "plan",
    "region",
    "sample",
    "text",
  ],
};
const BASE = ["errors.ts", "did_you_mean.ts", "assets.ts", "deps"];

const root = resolve(import.meta.dirname!, "..");

function* sourceFiles(folder: string): Generator<string> {
  for (const entry of Deno.readDirSync(folder)) {
    const path = `${folder}/${entry.name}`;
    if (entry.isDirectory) yield* sourceFiles(path);
    else if (path.endsWith(".ts")) yield path;
  }
}

/** The relative modules that a file imports, statically or not, types included. */
function importsOf(path: string): string[] {
  const source = Deno.readTextFileSync(path).replace(/\/\*[\s\S]*?\*\//g, ""); // examples in comments import too
  const found = source.matchAll(/(?:\bfrom|\bimport|\bimport\()\s*"(\.[^"]+)"/g);
  return [...found].map(([, specifier]) => resolve(dirname(path), specifier));
}

/** "plan" for src/plan/plan.ts, "generate.ts" for src/generate.ts. */
function partOf(path: string): string {
  return relative(`${root}/src`, path).split(/[\\/]/)[0];
}

Deno.test("imports point one way only", () => {
  const wrong: string[] = [];
  for (const path of sourceFiles(`${root}/src`)) {
    const part = partOf(path);
    const allowed = BASE.includes(part) ? BASE : [...BASE, part, ...MAY_IMPORT[part] ?? []];
    for (const target of importsOf(path)) {
      const isData = target.endsWith(".wgsl") || target.endsWith(".json");
      if (!isData && !allowed.includes(partOf(target))) {
        wrong.push(`${relative(root, path)} → ${relative(root, target)}`);
      }
    }
  }
  assert.deepEqual(wrong, []);
});

Deno.test("every part of src/ has its place in the layers, and none may import what imports it", () => {
  const parts = [...Deno.readDirSync(`${root}/src`)].map(({ name }) => name);
  assert.deepEqual(parts.filter((part) => !BASE.includes(part) && !(part in MAY_IMPORT)), []);
  for (const [part, imports] of Object.entries(MAY_IMPORT)) {
    for (const other of imports) {
      const types = [part, other].every((room) => ["files", "hub", "model"].includes(room));
      assert.ok(types || !MAY_IMPORT[other].includes(part), `${part} ↔ ${other}`);
    }
  }
});

Deno.test("no file is longer than 500 lines", () => {
  const lengths = [...sourceFiles(`${root}/src`)].map((path) => ({
    path: relative(root, path),
    lines: Deno.readTextFileSync(path).split("\n").length,
  }));
  assert.deepEqual(lengths.filter(({ lines }) => lines > 500), []);
});
