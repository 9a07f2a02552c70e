import assert from "@std/assert";
import { basename, join } from "@std/path";
import { encodePng } from "../../src/formats/png.ts";
import { readPictureText } from "../../src/formats/picture_text.ts";
import { finish, inFolder, names, program, type Running, TINY_MODEL } from "./program.ts";

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
    const run = (...line: string[]) => finish(program(line, { cwd }));
    const drawn = await run("a cat", "-m", model, ...QUICK, "-o", "a.png");
    assert.equal(drawn.code, 0, drawn.stderr);
    const same = await run("metadata", "a.png", "--repro", "-m", "models", "-o", "same.png", "--json", "-q");
    assert.equal(JSON.parse(same.stdout).identical, true, same.stderr);

    const config = join(model, "scheduler", "scheduler_config.json");
    const changes: [part: string, change: () => Promise<void>, message: RegExp][] = [
      ["vae", () => touch(weightsIn(join(model, "vae"))), /mine has another vae \(hash \w{16}, not \w{16}\)/],
      ["text_encoder", () => touch(weightsIn(join(model, "text_encoder"))), /mine has another text_encoder/],
      ["scheduler", async () => {
        const text = await Deno.readTextFile(config);
        await Deno.writeTextFile(config, text.replace(/"beta_end": [\d.]+/, '"beta_end": 0.02'));
      }, /x\.png is not the same as a\.png: its model differs in configs/],
      ["tokenizer", async () => {
        const path = join(model, "tokenizer", "vocab.json");
        const vocab: Record<string, number> = JSON.parse(await Deno.readTextFile(path));
        const words = Object.keys(vocab).filter((word) => !word.startsWith("<|"));
        const ids = words.map((word) => vocab[word]);
        words.forEach((word, i) => vocab[word] = ids[(i + 1) % ids.length]);
        await Deno.writeTextFile(path, JSON.stringify(vocab));
      }, /is not the same as a\.png: its model differs in tokenizer/],
    ];
    for (const [part, change, message] of changes) {
      await Deno.remove(model, { recursive: true });
      await copyModel(model);
      await change();
      const { code, stderr } = await run("metadata", "a.png", "--repro", "-m", model, "-o", "x.png", "--force", "-q");
      assert.match(stderr.trim(), message, part);
      assert.equal(code, 3, part);
    }
  }));

Deno.test("the model of a picture is found where models were drawn with before, and where it is not, that is said", () =>
  inFolder(async (cwd) => {
    const run = (line: string[], running: Partial<Running> = {}) => finish(program(line, { cwd, ...running }));
    const env = { XDG_CACHE_HOME: join(cwd, "cache") };
    assert.equal((await run(["a cat", "-m", TINY_MODEL, ...QUICK, "-o", "a.png"], { env })).code, 0);
    const again = await run(["metadata", "a.png", "--repro", "-o", "b.png"], { env });
    assert.equal(again.stdout, "b.png  seed 42\n", again.stderr);
    assert.match(again.stderr, /^It is the same as a\.png, byte by byte\.$/m);

    // Another model that was drawn with later shares the UNet, but not the VAE's scale.
    const other = join(cwd, "other");
    await copyModel(other);
    const config = join(other, "vae", "config.json");
    const text = await Deno.readTextFile(config);
    await Deno.writeTextFile(config, text.replace(/"scaling_factor": [\d.]+/, '"scaling_factor": 0.5'));
    assert.equal((await run(["a cat", "-m", other, ...QUICK, "-o", "o.png"], { env })).code, 0);
    for (const [from, to] of [["a.png", "a2.png"], ["o.png", "o2.png"]]) {
      const chosen = await run(["metadata", from, "--repro", "-o", to, "-q"], { env });
      assert.equal(chosen.stdout, `${to}  seed 42\n`, chosen.stderr);
      assert.equal(chosen.code, 0);
    }

    const elsewhere = { XDG_CACHE_HOME: join(cwd, "nothing") };
    const lost = await run(["metadata", "a.png", "--repro", "-o", "c.png", "-q"], { env: elsewhere });
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
    for (const name of ["a.png", "a.jpg", "a.webp"]) {
      const { code, stdout, stderr } = await finish(program([...line, "-o", name], { cwd, env }));
      assert.equal(code, 0, stderr);
      const bytes = await Deno.readFile(join(cwd, name));
      const texts = [...readPictureText(bytes, name).values()].join("\n");
      for (const told of [stdout, stderr, texts, new TextDecoder("latin1").decode(bytes)]) {
        assert.ok(!/secret folder/.test(told) && !told.includes(cwd) && !told.includes(TINY_MODEL), told);
      }
      assert.match(texts, /"mask":"mask\.png"/);
      assert.match(texts, new RegExp(`"vae":"${basename(file)}"`));
    }
    const silent = await finish(program([...line, "--no-metadata", "-o", "n.png"], { cwd, env }));
    assert.equal(readPictureText(await Deno.readFile(join(cwd, "n.png")), "n.png").size, 0);
    assert.equal(JSON.parse(silent.stdout).model, undefined);

    // The mask is asked for by its name: it must lie beside the picture, and be the same.
    const repro = ["metadata", "a.png", "--repro", "-m", TINY_MODEL, "--vae", file, "-o", "b.png", "-q"];
    const missing = await finish(program(repro, { cwd, env }));
    assert.match(
      missing.stderr,
      /Region 1 has the mask mask\.png \(hash \w{16}\), which is neither beside the picture/,
    );
    await Deno.copyFile(mask, join(cwd, "mask.png"));
    const found = await finish(program(repro, { cwd, env }));
    assert.equal(found.code, 0, found.stderr);
  }));

Deno.test("JPEG and WebP are made again from themselves", () =>
  inFolder(async (cwd) => {
    for (const name of ["a.jpg", "a.webp"]) {
      const drawn = await finish(program(["a cat", "-m", TINY_MODEL, ...QUICK, "-o", name], { cwd }));
      assert.equal(drawn.code, 0, drawn.stderr);
      const again = await finish(program(["metadata", name, "--repro", "-m", TINY_MODEL, "-q"], { cwd }));
      assert.equal(again.code, 0, again.stderr);
      const other = await finish(program(["metadata", name, "--repro", "-m", TINY_MODEL, "-o", "x.png"], { cwd }));
      assert.match(other.stderr, /so the identical file is one, too: choose another name/);
    }
    assert.deepEqual(names(cwd), ["a.jpg", "a.webp", "out_001.jpg", "out_001.webp"]);
  }));
