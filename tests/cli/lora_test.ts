import assert from "@std/assert";
import { readPictureText } from "../../src/formats/picture_text.ts";
import { adapterSpecs, writeAdapter } from "../pipeline/adapter_files.ts";
import { finish, inFolder, program, TINY_MODEL } from "./program.ts";

const QUICK = ["-m", TINY_MODEL, "-W", "64", "-H", "64", "--no-plan", "-q"];
const golden = new URL("../golden", import.meta.url).pathname;

Deno.test("a LoRA by flag or tag: the same picture, its name and hash in the metadata, made again, and refused where another lies there", () =>
  inFolder(async (cwd) => {
    const { kohya, convolutions } = adapterSpecs(golden);
    await writeAdapter(`${cwd}/ink.safetensors`, kohya);
    const run = (...line: string[]) => finish(program(line, { cwd }));
    const bytes = (name: string) => Deno.readFile(`${cwd}/${name}`);
    const text = async (name: string) => readPictureText(await bytes(name), name);

    const flag = await run("a cat", "--lora", "ink.safetensors=0.8", "--steps", "1", ...QUICK, "-o", "flag.png");
    assert.equal(flag.code, 0, flag.stderr);
    const tag = await run("a cat <lora:ink:0.8>", "--lora-dir", ".", "--steps", "1", ...QUICK, "-o", "tag.png");
    assert.equal(tag.code, 0, tag.stderr);
    const parameters = (await text("flag.png")).get("parameters")!;
    assert.match(parameters, /^a cat <lora:ink:0\.8>\n/);
    assert.match(parameters, /Lora hashes: "ink: [0-9a-f]{12}"/);
    assert.equal(parameters.split("\n")[0], (await text("tag.png")).get("parameters")!.split("\n")[0]);
    assert.deepEqual(pixels(await bytes("flag.png")), pixels(await bytes("tag.png")));
    assert.ok(!parameters.includes(cwd));

    for (const name of ["flag", "tag"]) {
      const again = await run(
        "metadata",
        `${name}.png`,
        "--repro",
        "-m",
        TINY_MODEL,
        "-o",
        `${name}2.png`,
        "--json",
        "-q",
      );
      assert.equal(JSON.parse(again.stdout || "{}").identical, true, again.stderr);
    }
    await writeAdapter(`${cwd}/ink.safetensors`, convolutions);
    const other = await run("metadata", "flag.png", "--repro", "-m", TINY_MODEL, "-o", "other.png", "-q");
    assert.match(other.stderr, /is not the LoRA that was used: ink has the hash/);

    await Deno.rename(`${cwd}/ink.safetensors`, `${cwd}/lcm-lora.safetensors`);
    const lcm = await run("a cat", "--lora", "lcm-lora.safetensors", "--json", ...QUICK, "-o", "lcm.png");
    const { settings, warnings } = JSON.parse(lcm.stdout);
    assert.deepEqual([settings.samplingMethod, settings.steps, settings.cfgScale], ["lcm", 4, 1]);
    assert.match(warnings[0], /lcm-lora is an LCM-LoRA: drawn with the sampler lcm, steps 4, guidance 1/);
    const missing = await run("a <lora:nothing:1> cat", ...QUICK, "-o", "x.png");
    assert.match(missing.stderr, /There is no LoRA nothing in/);
    const wrong = await run("a cat", "--lora", "lcm-lora.safetensors=strong", ...QUICK, "-o", "x.png");
    assert.match(wrong.stderr, /--lora takes a file and its strength/);
    const avoided = await run("a cat", "-n", "a <lora:lcm-lora:1> dog", ...QUICK, "-o", "x.png");
    assert.match(avoided.stderr, /stands in a negative prompt/);
  }));

/** Compressed pixels of a PNG: its IDAT chunks. */
function pixels(png: Uint8Array): string {
  const text = new TextDecoder("latin1").decode(png);
  return text.slice(text.indexOf("IDAT"), text.lastIndexOf("IEND"));
}
