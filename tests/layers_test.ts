import assert from "@std/assert";
import { relative } from "@std/path";
import { BASE, importsOf, reachable, roomOf, ROOMS, ROOT, sourceFiles, withRooms } from "../scripts/rooms.ts";

const files = [...sourceFiles(`${ROOT}/src`)];
const short = (path: string) => relative(ROOT, path);

Deno.test("imports point one way only", () => {
  const wrong: string[] = [];
  for (const path of files) {
    const room = roomOf(path)!;
    const allowed = [...Object.keys(BASE), ...(room in BASE ? [] : [room, ...ROOMS[room].imports])];
    for (const target of importsOf(path)) {
      if (!allowed.includes(roomOf(target)!)) wrong.push(`${short(path)} → ${short(target)}`);
    }
  }
  assert.deepEqual(wrong, [], "Put what both need lower down, or see scripts/rooms.ts for what a room may import.");
});

Deno.test("every file of src/ has its room, and no room may import what imports it, not even in a round-about way", () => {
  assert.deepEqual(files.filter((path) => roomOf(path) === undefined).map(short), [], "Add it to scripts/rooms.ts.");
  const may = new Map(Object.entries(ROOMS).map(([name, { imports }]) => [name, imports]));
  for (const [name, imports] of may) {
    assert.deepEqual(imports.filter((other) => !may.has(other)), [], `${name} may import rooms that do not exist`);
    assert.ok(!reachable(may, name).has(name), `${name} may import itself in a circle`);
  }
});

Deno.test("no file imports itself in a circle, types included", () => {
  const graph = new Map(files.map((path) => [path, importsOf(path)]));
  const circles = files.filter((path) => reachable(graph, path).has(path)).map(short);
  assert.deepEqual(circles, [], "Give the types that several of them need a file of their own.");
});

Deno.test("ARCHITECTURE.md shows the rooms as they are", () => {
  const text = Deno.readTextFileSync(`${ROOT}/ARCHITECTURE.md`);
  assert.equal(text, withRooms(text), "The rooms have changed: run `deno task graph`.");
});

/** All that people read: ours, what tests and measures it, and its kernels. */
const folders = ["src", "tests", "bench", "scripts", "examples", "wasm"].map((name) => `${ROOT}/${name}`);
const texts = [...folders.flatMap((folder) => [...sourceFiles(folder)]), ...sourceFiles(`${ROOT}/shaders`, ".wgsl")]
  .map((path) => ({ path: short(path), lines: Deno.readTextFileSync(path).split("\n") }));

Deno.test("no file is longer than 500 lines", () => {
  const long = texts.filter(({ lines }) => lines.length > 500);
  assert.deepEqual(long.map(({ path, lines }) => `${path}: ${lines.length}`), []);
});

/** A line that is a comment, or ends in one: `deno fmt` leaves both as they are. */
const COMMENT = /^\s*(?:\/\/|\/?\*)|\s\/\/ [^"'`]*$/;

Deno.test("no comment goes past 120 columns", () => {
  const wrong = texts.flatMap(({ path, lines }) =>
    lines.flatMap((line, i) => line.length > 120 && COMMENT.test(line) ? [`${path}:${i + 1}`] : [])
  );
  assert.deepEqual(wrong, []);
});
