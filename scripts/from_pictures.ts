/**
 * Makes docs/from_pictures.png with the bundled model: what docs/from_pictures.md shows. Nothing is chosen: every seed
 * is 42. Run: deno run -A scripts/from_pictures.ts
 *
 * @module
 */
import { loadModel, paint, type Picture } from "../src/mod.ts";
import { encodePng } from "../src/formats/png.ts";
import { canny } from "../src/picture/canny.ts";
import { filled, pasted } from "../src/picture/picture.ts";
import { readPicture } from "../src/picture/read_picture.ts";
import { row } from "./row.ts";

const SIDE = 256;
const GAP = 8;

using model = await loadModel();
const first = await readPicture(await Deno.readFile("docs/first.png"), "docs/first.png");
const initImage = first;
const left = pasted(filled(SIDE, SIDE, [0, 0, 0, 255]), filled(SIDE / 2, SIDE, [255, 255, 255, 255]), 0, 0);
const edges = canny(first);
const draw = async (options: Parameters<typeof paint>[1]) => (await paint(model, options)).image;

const shown: Picture[] = [
  first,
  await draw({ prompt: "a green apple on the left and a purple teapot on the right", initImage, strength: 0.6 }),
  await draw({
    prompt: "a green pear on the left and a blue teapot on the right",
    initImage,
    mask: left,
    maskBlur: 6,
    seed: 1,
  }),
  await draw({ prompt: "a red apple and a blue teapot", initImage, extend: { left: 64, right: 64 } }),
  edges,
  await draw({
    prompt: "a green apple and a yellow teapot",
    controlNets: [{ model: "canny", image: edges }],
  }),
];
await Deno.writeFile("docs/from_pictures.png", encodePng(row(shown, GAP)));
