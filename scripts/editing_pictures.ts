/**
 * Makes the pictures of docs/editing.md with the bundled model: docs/editing.png by the page's three commands, and,
 * with a folder that `deno task bench edit --save FOLDER` wrote, docs/edits.png: its first twelve edits, before, where
 * it paints, after. Nothing is chosen. Run: deno run -A scripts/editing_pictures.ts [FOLDER]
 *
 * @module
 */
import { encodePng } from "../src/formats/png.ts";
import { filled, pasted, type Picture } from "../src/picture/picture.ts";
import { readPicture } from "../src/picture/read_picture.ts";
import { resized } from "../src/picture/resize.ts";
import { row } from "./row.ts";

const read = async (path: string) => await readPicture(await Deno.readFile(path), path);

/** What one command of the program paints. */
async function painted(folder: string, name: string, ...args: string[]): Promise<Picture> {
  const line = ["run", "-A", "main.ts", ...args, "-o", `${folder}/${name}`, "-q"];
  const { success } = await new Deno.Command(Deno.execPath(), { args: line }).output();
  if (!success) throw new Error(`deno ${line.join(" ")} failed.`);
  return await read(`${folder}/${name}`);
}

async function pageOfCommands(): Promise<void> {
  const folder = await Deno.makeTempDir();
  const pictures = [
    await painted(folder, "1.png", "a red apple on the left and a blue teapot on the right", "--seed", "3"),
    await painted(folder, "2.png", "edit", `${folder}/1.png`, "--replace", "a blue teapot=a red car"),
    await painted(folder, "3.png", "edit", `${folder}/2.png`, "--remove", "the apple", "--recolor", "car=yellow"),
  ];
  await Deno.remove(folder, { recursive: true });
  await Deno.writeFile("docs/editing.png", encodePng(row(pictures, 8)));
}

const COUNT = 12, HEIGHT = 96, GAP = 4, COLUMN = 460, LINE = 104;

/** Two edits in a row: each as it was, with what is kept darkened, and as it became. */
async function pageOfEdits(folder: string): Promise<void> {
  const names = Array.from(Deno.readDirSync(folder), ({ name }) => name).sort();
  const page = filled(2 * COLUMN, COUNT / 2 * LINE, [255, 255, 255, 255]);
  const stems = names.filter((name) => name.endsWith("_before.png")).map((name) => name.replace("_before.png", ""));
  for (const [k, stem] of stems.slice(0, COUNT).entries()) {
    const before = await read(`${folder}/${stem}_before.png`), after = await read(`${folder}/${stem}_after.png`);
    const mask = await read(`${folder}/${stem}_1_mask.png`);
    const where = { ...before, data: before.data.map((v, i) => i % 4 < 3 && !mask.data[i - i % 4] ? v * 0.45 : v) };
    const width = Math.round(HEIGHT * before.width / before.height);
    const shown = [before, where, after].map((picture) => resized(picture, width, HEIGHT));
    pasted(page, row(shown, GAP), k % 2 * COLUMN, Math.floor(k / 2) * LINE);
  }
  await Deno.writeFile("docs/edits.png", encodePng(page));
}

await pageOfCommands();
if (Deno.args[0]) await pageOfEdits(Deno.args[0]);
