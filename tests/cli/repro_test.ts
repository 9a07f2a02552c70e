import assert from "@std/assert";
import { basename, join } from "@std/path";
import { encodePng } from "../../src/formats/png.ts";
import { readPictureText } from "../../src/formats/picture_text.ts";
import { filled } from "../../src/picture/picture.ts";
import { writeUpscaler } from "../pipeline/upscaler_file.ts";
import { finishEach, inFolder, names, TINY_MODEL } from "./program.ts";

const QUICK = ["-W", "64", "-H", "64", "--steps", "1", "--no-plan", "-q"];

async function copyModel(to: string): Promise<void> {
  await Deno.mkdir(to, { recursive: true });
  for await (const { name, isDirectory } of Deno.readDir(TINY_MODEL)) {
    if (isDirectory) {
      await Deno.mkdir(join(to, name));
      for await (const file of Deno.readDir(join(TINY_MODEL, name))) {
        await Deno.copyFile(join(TINY_MODEL, name, file.name), join(to, name, file.name));
      }
    } else await Deno.copyFile(join(TINY_MODEL, name), join(to, name));
  }
}

/** Another last byte, which belongs to the last tensor. */
async function touch(path: string): Promise<void> {
  const bytes = await Deno.readFile(path);
  bytes[bytes.length - 1] ^= 0x40;
  await Deno.writeFile(path, bytes);
}

const weightsIn = (folder: string) => join(folder, names(folder).find((name) => name.endsWith(".safetensors"))!);

Deno.test("whatever is changed of a model, --repro says so and ends with 3", () =>
  inFolder(async (cwd) => {
    const model = join(cwd, "models", "mine");
    await copyModel(model);
    const [drawn, same] = await finishEach([
      ["a cat", "-m", model, ...QUICK, "-o", "a.png"],
      ["metadata", "a.png", "--repro", "-m", "models", "-o", "same.png", "--json", "-q"],
    ], { cwd });
    assert.equal(drawn.code, 0, drawn.stderr);
    assert.equal(JSON.parse(same.stdout).identical, true, same.stderr);

    const changes: [part: string, change: (model: string) => Promise<void>, message: RegExp][] = [
      ["vae", (model) => touch(weightsIn(join(model, "vae"))), /mine has another vae \(hash \w{16}, not \w{16}\)/],
      ["text_encoder", (model) => touch(weightsIn(join(model, "text_encoder"))), /mine has another text_encoder/],
      ["scheduler", async (model) => {
        const config = join(model, "scheduler", "scheduler_config.json");
        const text = await Deno.readTextFile(config);
        await Deno.writeTextFile(config, text.replace(/"beta_end": [\d.]+/, '"beta_end": 0.02'));
      }, /x\.png is not the same as a\.png: its model differs in configs/],
      ["tokenizer", async (model) => {
        const path = join(model, "tokenizer", "vocab.json");
        const vocab: Record<string, number> = JSON.parse(await Deno.readTextFile(path));
        const words = Object.keys(vocab).filter((word) => !word.startsWith("<|"));
        const ids = words.map((word) => vocab[word]);
        words.forEach((word, i) => vocab[word] = ids[(i + 1) % ids.length]);
        await Deno.writeTextFile(path, JSON.stringify(vocab));
      }, /is not the same as a\.png: its model differs in tokenizer/],
    ];
    const lines: string[][] = [];
    for (const [part, change] of changes) {
      const other = join(cwd, part, "mine");
      await copyModel(other);
      await change(other);
      lines.push(["metadata", "a.png", "--repro", "-m", other, "-o", "x.png", "--force", "-q"]);
    }
    const runs = await finishEach(lines, { cwd });
    for (const [i, [part, , message]] of changes.entries()) {
      assert.match(runs[i].stderr.trim(), message, part);
      assert.equal(runs[i].code, 3, part);
    }
  }));

Deno.test("the model of a picture is found where models were drawn with before, and where it is not, that is said", () =>
  inFolder(async (cwd) => {
    // Another model that was drawn with later shares the UNet, but not the VAE's scale.
    const other = join(cwd, "other");
    await copyModel(other);
    const config = join(other, "vae", "config.json");
    const text = await Deno.readTextFile(config);
    await Deno.writeTextFile(config, text.replace(/"scaling_factor": [\d.]+/, '"scaling_factor": 0.5'));
    const again = (from: string, to: string) => ["metadata", from, "--repro", "-o", to];
    const runs = await finishEach([
      ["a cat", "-m", TINY_MODEL, ...QUICK, "-o", "a.png"],
      again("a.png", "b.png"),
      ["a cat", "-m", other, ...QUICK, "-o", "o.png"],
      again("a.png", "a2.png"),
      again("o.png", "o2.png"),
    ], { cwd, env: { XDG_CACHE_HOME: join(cwd, "cache") } });
    for (const [i, path] of ["a.png", "b.png", "o.png", "a2.png", "o2.png"].entries()) {
      assert.deepEqual([runs[i].stdout, runs[i].code], [`${path}  seed 42\n`, 0], runs[i].stderr);
    }
    assert.match(runs[1].stderr, /^It is the same as a\.png, byte by byte\.$/m);

    const env = { XDG_CACHE_HOME: join(cwd, "nothing") };
    const [lost] = await finishEach([again("a.png", "c.png")], { cwd, env });
    assert.equal(lost.code, 3);
    assert.match(lost.stderr, /made with sd1 \(hash \w{8}\), which is not among .* Name its file or folder with -m\./);
    assert.ok(!names(cwd).includes("c.png"));
  }));

Deno.test("no path, user, password or query is in a picture or in --json; --no-metadata leaves all out", () =>
  inFolder(async (cwd) => {
    const file = weightsIn(join(TINY_MODEL, "vae"));
    const mask = join(cwd, "secret folder", "mask.png");
    await Deno.mkdir(join(cwd, "secret folder"));
    await Deno.writeFile(mask, encodePng({ width: 4, height: 4, data: new Uint8Array(64).fill(255) }));
    const regions = [{ prompt: "a sk-verysecretkey cat", mask }, { prompt: "a dog" }];
    const plan = { prompt: "a cat", splitRatio: "1,1", regions, notes: [`From ${cwd}/plan.json`] };
    await Deno.writeTextFile(join(cwd, "plan.json"), JSON.stringify(plan));
    const line = ["--plan", join(cwd, "plan.json"), "-m", TINY_MODEL, "--vae", file, ...QUICK.slice(0, 6), "--json"];
    const env = { OPENAI_API_KEY: "sk-verysecretkey", HOME: cwd, XDG_CACHE_HOME: join(cwd, "cache") };
    // The mask is asked for by its name: it must lie beside the picture, and be the same.
    const repro = ["metadata", "a.png", "--repro", "-m", TINY_MODEL, "--vae", file, "-o", "b.png", "-q"];
    const pictures = ["a.png", "a.jpg", "a.webp"];
    const silently = [...line, "--no-metadata", "-o", "n.png"];
    const drawn = pictures.map((name) => [...line, "-o", name]);
    const runs = await finishEach([...drawn, silently, repro], { cwd, env });
    const [silent, missing] = runs.slice(drawn.length);
    for (const [i, name] of pictures.entries()) {
      const { code, stdout, stderr } = runs[i];
      assert.equal(code, 0, stderr);
      const bytes = await Deno.readFile(join(cwd, name));
      const texts = [...readPictureText(bytes, name).values()].join("\n");
      for (const told of [stdout, stderr, texts, new TextDecoder("latin1").decode(bytes)]) {
        assert.ok(!/secret folder/.test(told) && !told.includes(cwd) && !told.includes(TINY_MODEL), told);
      }
      assert.match(texts, /"mask":"mask\.png"/);
      assert.match(texts, new RegExp(`"vae":"${basename(file)}"`));
    }
    assert.equal(readPictureText(await Deno.readFile(join(cwd, "n.png")), "n.png").size, 0);
    assert.equal(JSON.parse(silent.stdout).model, undefined);

    assert.match(
      missing.stderr,
      /Region 1 has the mask mask\.png \(hash \w{16}\), which is neither beside the picture/,
    );
    await Deno.copyFile(mask, join(cwd, "mask.png"));
    const [found] = await finishEach([repro], { cwd, env });
    assert.equal(found.code, 0, found.stderr);
  }));

Deno.test("JPEG and WebP are made again from themselves", () =>
  inFolder(async (cwd) => {
    const lines = ["a.jpg", "a.webp"].flatMap((name) => [
      ["a cat", "-m", TINY_MODEL, ...QUICK, "-o", name],
      ["metadata", name, "--repro", "-m", TINY_MODEL, "-q"],
      ["metadata", name, "--repro", "-m", TINY_MODEL, "-o", "x.png"],
    ]);
    const runs = await finishEach(lines, { cwd });
    for (const [drawn, again, other] of [runs.slice(0, 3), runs.slice(3)]) {
      assert.equal(drawn.code, 0, drawn.stderr);
      assert.equal(again.code, 0, again.stderr);
      assert.match(other.stderr, /so the identical file is one, too: choose another name/);
    }
    assert.deepEqual(names(cwd), ["a.jpg", "a.webp", "out_001.jpg", "out_001.webp"]);
  }));

Deno.test("what was painted into a picture is painted so again, in its own size or another, enlarged or not", () =>
  inFolder(async (cwd) => {
    await Deno.writeFile(join(cwd, "small.png"), encodePng(filled(24, 17, [90, 160, 30, 255])));
    await Deno.writeFile(join(cwd, "mask.png"), encodePng(filled(8, 8, [255, 255, 255, 255])));
    await writeUpscaler(join(cwd, "x4.safetensors"));
    const start = ["a cat", "-m", TINY_MODEL, "-i", "small.png", "--mask", "mask.png"];
    const [own, paint] = [[...start, "--steps", "1", "-q"], [...start, ...QUICK]];
    const enlarged = ["--upscale-model", "x4.safetensors"];
    const repro = (name: string) => ["metadata", name, "--repro", "-m", TINY_MODEL, "-q"];
    const runs = await finishEach([
      [...paint, "--inpaint-only-masked", "-o", "only.png"],
      repro("only.png"),
      [...paint, "-o", "sized.png"],
      repro("sized.png"),
      [...own, "-o", "own.png"],
      repro("own.png"),
      [...own, ...enlarged, "-o", "larger.png"],
      [...repro("larger.png"), ...enlarged],
      [...paint, ...enlarged, "-o", "sized_larger.png"],
      [...repro("sized_larger.png"), ...enlarged],
    ], { cwd });
    assert.deepEqual(runs.map(({ code }) => code), runs.map(() => 0), runs.map(({ stderr }) => stderr).join(""));
  }));
