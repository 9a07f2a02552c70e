import assert from "@std/assert";
import { miniJudge, miniReader } from "../../src/judge/mini_judge.ts";
import { readPicture } from "../../src/picture/read_picture.ts";

const scene = await Deno.readFile(new URL("../golden/judge/scene.png", import.meta.url));

Deno.test("the mini judge tells what is right, of another colour, elsewhere, missing, and what it does not know", async () => {
  const picture = await readPicture(scene, "the scene");
  const { found } = JSON.parse(Deno.readTextFileSync(new URL("../golden/judge/logits.json", import.meta.url)));
  const [, own, name] = /^(its own|\w+) (.+)$/.exec(found[0])!;
  const colour = own === "its own" ? "" : `${own} `;
  const other = own === "red" ? "blue" : "red";
  const judge = await miniJudge();
  const [here, hued, unseen, unknown] = await judge(picture, [
    { words: `a ${colour}${name}` },
    { words: `a ${other} ${name}` },
    { words: "a zebra" },
    { words: "a guitar" },
  ]);
  assert.equal(here.verdict, "right");
  assert.ok(here.box!.x0 < 0.4 && here.box!.x1 > 0.4);
  assert.equal(hued.verdict, "missing"); // there is one, and it answers for the first
  assert.deepEqual([unseen.verdict, unknown.verdict], ["unknown", "missing"]);
  const [wrong] = await judge(picture, [{ words: `a ${other} ${name}` }]);
  assert.equal(wrong.verdict, "wrong");
  const far = { x0: 0.9, y0: 0, x1: 1, y1: 0.1 };
  const places = [{ words: `a ${colour}${name}`, box: far }, { words: "a guitar", box: here.box }];
  assert.deepEqual((await judge(picture, places)).map(({ verdict }) => verdict), ["misplaced", "missing"]);
});

Deno.test("a thing that came twice spoils the place where it lies, unless several were asked for", async () => {
  const first = await readPicture(scene, "the scene");
  const judge = await miniJudge();
  const { found } = JSON.parse(Deno.readTextFileSync(new URL("../golden/judge/logits.json", import.meta.url)));
  const [, name] = /^(?:its own|\w+) (.+)$/.exec(found[0])!;
  const { width, height } = first;
  // The scene twice, one below the other.
  const twice = { width, height: 2 * height, data: new Uint8Array([...first.data, ...first.data]) };
  const [upper, lower] = [{ x0: 0, y0: 0, x1: 1, y1: 0.5 }, { x0: 0, y0: 0.5, x1: 1, y1: 1 }];
  const checks = [{ words: `a ${name}`, box: upper }, { words: `a ${name}`, box: lower }];
  const verdicts = async (list: Parameters<typeof judge>[1]) =>
    (await judge(twice, list)).map(({ verdict }) => verdict);
  assert.deepEqual(await verdicts(checks), ["right", "right"]);
  assert.deepEqual(await verdicts([checks[0], { words: "a zebra", box: lower }]), ["right", "unknown"]);
  assert.deepEqual(await verdicts([{ words: `a ${name}` }]), ["wrong"]);
  assert.deepEqual(await verdicts([{ words: `${name}s` }]), ["right"]);
});

Deno.test("words are read as the bundled model knows them", async () => {
  const read = await miniReader();
  assert.deepEqual(read("two Red mugs on a table"), { name: "cup", colour: "red", many: true });
  assert.deepEqual(read("an ice cream and a blue car"), { name: "ice cream", colour: undefined });
  assert.equal(read("a carpet"), undefined);
});
