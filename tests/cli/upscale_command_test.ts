import assert from "@std/assert";
import { join } from "@std/path";
import { encodePng } from "../../src/formats/png.ts";
import { parseParameters } from "../../src/formats/parameters.ts";
import { readPictureText } from "../../src/formats/picture_text.ts";
import { filled } from "../../src/picture/picture.ts";
import { writeUpscaler } from "../pipeline/upscaler_file.ts";
import { finishEach, inFolder, TINY_MODEL } from "./program.ts";

const textsOf = (path: string) => Object.fromEntries(readPictureText(Deno.readFileSync(path), path));

Deno.test("a picture that is enlarged later carries what it would if it had been so at once, and is made again", () =>
  inFolder(async (cwd) => {
    await writeUpscaler(join(cwd, "x4.safetensors"));
    await Deno.writeFile(join(cwd, "photo.png"), encodePng(filled(21, 17, [90, 40, 200, 255])));
    await Deno.writeFile(join(cwd, "mask.png"), encodePng(filled(21, 17, [255, 255, 255, 255])));
    const by = ["--upscale-model", "x4.safetensors"];
    const draw = ["a cat", "-m", TINY_MODEL, "--steps", "1", "--no-plan", "-q"];
    const size = ["-W", "32", "-H", "24"];
    const over = ["-i", "photo.png", "--mask", "mask.png"]; // of a size that no network draws
    const again = (name: string) => ["metadata", name, "--repro", "-o", `again_${name}`, "--json", "-q"];
    const runs = await finishEach([
      [...draw, ...size, "-o", "a.png"],
      ["upscale", "a.png", ...by, "-o", "later.png"],
      [...draw, ...size, ...by, "-o", "at_once.png"],
      again("later.png"),
      [...draw, ...over, "-o", "b.png"],
      ["upscale", "b.png", ...by, "-o", "over.png"],
      again("over.png"),
      ["upscale", "later.png", ...by, "-o", "twice.png"],
      again("twice.png"),
      ["upscale", "photo.png", ...by, "-o", "alone.png"],
      ["metadata", "alone.png"],
      [...draw, ...size, "-o", "c.jpg"],
      ["upscale", "c.jpg", ...by, "-o", "lossy.png"],
      ["upscale", "a.png", ...by, "-o", "finer.png", "--type", "f32"],
    ], { cwd });
    const failed = runs.map(({ code, stderr }, i) => code && `${i}: ${stderr}`).filter(Boolean);
    assert.equal(failed.length, 1, failed.join("\n"));
    assert.match(failed[0] as string, /^8: .*twice\.png carries no recipe of ours/);

    const [later, atOnce] = ["later.png", "at_once.png"].map((name) => textsOf(join(cwd, name)));
    assert.deepEqual(later.rpg, atOnce.rpg);
    const { "Postprocess upscale by": scale, ...fields } = parseParameters(later.parameters).fields;
    assert.deepEqual([scale, fields], ["4", parseParameters(atOnce.parameters).fields]);
    assert.deepEqual(JSON.parse(runs[3].stdout).identical, true);
    assert.deepEqual(JSON.parse(runs[6].stdout).identical, true);

    assert.match(runs[7].stderr, /It was enlarged before: the larger picture says what made it, but not all it takes/);
    assert.match(
      runs[10].stdout,
      /^parameters:\n+Postprocess upscale by: 4, Postprocess upscaler: x4\.safetensors, Version/,
    );
    assert.match(runs[12].stderr, /A jpeg does not have the very pixels that were drawn/);
    assert.match(runs[13].stderr, /It was drawn with --type f16/);
    for (const name of ["twice.png", "lossy.png", "finer.png"]) {
      assert.deepEqual(Object.keys(textsOf(join(cwd, name))), ["parameters"], name);
    }
  }));
