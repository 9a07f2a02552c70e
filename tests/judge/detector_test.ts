/** The bundled model's detector sees what its PyTorch original sees (tests/oracle/judge.py). */
import assert from "@std/assert";
import { Detector } from "../../src/judge/detector.ts";
import { readPicture } from "../../src/picture/read_picture.ts";

const golden = new URL("../golden/judge/", import.meta.url).pathname;

Deno.test("the detector finds what PyTorch's finds, from the same logits", async () => {
  const detector = await Detector.load();
  const picture = await readPicture(await Deno.readFile(`${golden}scene.png`), "the scene");
  const { shape, logits, found } = JSON.parse(Deno.readTextFileSync(`${golden}logits.json`));
  const ours = detector.logits(picture);
  assert.deepEqual([shape[1], shape[2]], [ours.height, ours.width]);
  assert.equal(ours.data.length, logits.length);
  // The weights are stored in f16: 11 bits, through nine layers, on logits of up to about 20.
  ours.data.forEach((value, i) => assert.ok(Math.abs(value - logits[i]) < 0.04, `${i}: ${value} for ${logits[i]}`));
  const seen = detector.look(picture);
  assert.deepEqual(seen.map((f) => `${f.colour ?? "its own"} ${f.name}`), found);
  // It stands on columns 0 to 6 of 9 and rows 1 to 7 of 8; the middle may be off by half a cell.
  assert.ok(Math.abs(seen[0].x - 3.5 / 9) < 0.5 / 9 && Math.abs(seen[0].y - 4.5 / 8) < 0.5 / 8);
});
