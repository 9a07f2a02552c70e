/** ControlNets on the command line: each `--control-net` is followed by what is said of it. */
import assert from "@std/assert";
import { compare, verdict } from "../pipeline/judge.ts";
import { writeControlNet } from "../pipeline/control_net.ts";
import { readPicture } from "../../src/picture/read_picture.ts";
import { hashOfControlNet } from "../../src/model/controlnet_file.ts";
import { readInput } from "../../src/picture/input.ts";
import type { ControlOption, Settings } from "../../src/settings.ts";
import { findPictures } from "../../src/cli/find_pictures.ts";
import { parseArgs } from "../../src/cli/parse_args.ts";
import { finishEach, inFolder, names, TINY_MODEL } from "./program.ts";

const golden = new URL("../golden/", import.meta.url).pathname;
const APPLE = "a red apple on the left and a blue teapot on the right";
const TWO =
  "--control-net one --control-image shapes.png --control-strength 0.9 --control-start 0.2 --control-end 0.7 " +
  "--control-net two --control-image waves.png --control-strength 0.5";

Deno.test("each ControlNet has what is said behind it", () => {
  assert.deepEqual(parseArgs(["x", ...TWO.split(" ")]).flags.controlNets, [
    { model: "one", image: "shapes.png", strength: 0.9, start: 0.2, end: 0.7 },
    { model: "two", image: "waves.png", strength: 0.5 },
  ]);
  assert.throws(
    () => parseArgs(["x", "--control-end", "0.5"]),
    /--control-end says something of a --control-net: name/,
  );
  assert.throws(
    () => parseArgs(["x", "--control-net", "a", "--control-strength", "-1"]),
    /takes a number from 0 to 10/,
  );
});

Deno.test("a ControlNet in the model's own folder is found for its recipe, and by its name", () =>
  inFolder(async (cwd) => {
    await writeControlNet(`${cwd}/model/edgy`, TINY_MODEL, 1);
    const image = `${golden}start/mask.png`;
    const model = { name: "edgy", hash: await hashOfControlNet(`${cwd}/model/edgy`) };
    const made = { controlNets: [{ model, image: (await readInput(image, "It", "--it")).named }] } as Settings;
    for (const controlNets of [[{ model: undefined, image }], [{ model: "edgy", image }]] as ControlOption[][]) {
      const found = await findPictures(made, { controlNets }, cwd, `${cwd}/model`);
      assert.deepEqual(found.controlNets, [{ model: `${cwd}/model/edgy`, image }]);
    }
  }));

Deno.test("two ControlNets over a picture to start from draw diffusers' picture, and --repro finds them by their hashes", () =>
  inFolder(async (cwd) => {
    await writeControlNet(`${cwd}/one`, TINY_MODEL, 1);
    await writeControlNet(`${cwd}/two`, TINY_MODEL, 2);
    await Deno.copyFile(`${golden}start/mask.png`, `${cwd}/shapes.png`);
    await Deno.copyFile(`${golden}start/input.png`, `${cwd}/waves.png`);
    const line = [
      ...[APPLE, "-n", "", "-m", TINY_MODEL, "-i", "waves.png", "--strength", "0.6", ...TWO.split(" ")],
      ...["--steps", "8", "--cfg-scale", "7.5", "--seed", "7", "--type", "f32", "--no-plan", "-q", "-o", "a.png"],
    ];
    const repro = ["metadata", "a.png", "--repro", "-m", TINY_MODEL, "-q"];
    const [drawn, said, again] = await finishEach(
      [line, ["metadata", "a.png"], [...repro, "-o", "b.png", "--json"]],
      { cwd },
    );
    assert.equal(drawn.code, 0, drawn.stderr);
    const picture = await readPicture(await Deno.readFile(`${cwd}/a.png`), "a.png");
    assert.equal(verdict(await compare(picture, `${golden}control/sd1_picture.png`), "f32"), undefined);

    assert.match(said.stdout, /ControlNet 0: "Module: none, Model: one \[\w{8}\], Weight: 0.9, .*Guidance End: 0.7/);
    assert.ok(!said.stdout.includes(cwd));
    assert.equal(JSON.parse(again.stdout).identical, true, again.stderr);

    await Deno.rename(`${cwd}/two`, `${cwd}/elsewhere`);
    const [lost, wrong, edges] = await finishEach([
      [...repro, "-o", "c.png"],
      ["x", "-m", TINY_MODEL, "--control-net", "one", "-o", "d.png", "-q"],
      ["preprocess", "canny", "waves.png", "--low", "20", "--high", "60", "-o", "edges.png"],
    ], { cwd });
    assert.match(
      lost.stderr,
      /made from two \(SHA-256 \w+…\), which is neither .* Say where it is with --control-net\./,
    );
    assert.match(wrong.stderr, /ControlNet one needs a picture: name it with --control-image/);
    assert.equal(wrong.code, 2);

    assert.equal(edges.stdout, "edges.png\n", edges.stderr);
    assert.ok(!names(cwd).includes("c.png") && !names(cwd).includes("d.png"));
  }));
