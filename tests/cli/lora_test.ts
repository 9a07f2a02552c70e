import assert from "@std/assert";
import { parseArgs } from "../../src/cli/parse_args.ts";
import { readPictureText } from "../../src/formats/picture_text.ts";
import { loadModel } from "../../src/pipeline/model.ts";
import { prepare } from "../../src/pipeline/prepare.ts";
import type { GenerateOptions } from "../../src/settings.ts";
import { testDevice } from "../ops/harness.ts";
import { adapterSpecs, writeAdapter } from "../pipeline/adapter_files.ts";
import { finishEach, inFolder, TINY_MODEL } from "./program.ts";

const QUICK = ["-m", TINY_MODEL, "-W", "64", "-H", "64", "--no-plan", "-q"];
const golden = new URL("../golden", import.meta.url).pathname;

Deno.test("a LoRA by flag or tag: the same picture, its name and hash in the metadata, made again, and refused where another lies there", () =>
  inFolder(async (cwd) => {
    const { kohya, convolutions } = adapterSpecs(golden);
    await writeAdapter(`${cwd}/ink.safetensors`, kohya);
    const bytes = (name: string) => Deno.readFile(`${cwd}/${name}`);
    const text = async (name: string) => readPictureText(await bytes(name), name);

    const repro = ["metadata", "flag.png", "--repro", "-m", TINY_MODEL, "-q"];
    const byFlag = ["a cat", "--lora", "ink.safetensors=0.8", "--steps", "1", ...QUICK];
    const [flag, tag, again, packed, kept] = await finishEach([
      [...byFlag, "-o", "flag.png"],
      ["a cat <lora:ink:0.8>", "--lora-dir", ".", "--steps", "1", ...QUICK, "-o", "tag.png"],
      [...repro, "-o", "again.png", "--json"],
      [...byFlag, "--cache-packed", "-o", "packed.png"],
      [...byFlag, "--cache-packed", "-o", "kept.png"],
    ], { cwd, env: { XDG_CACHE_HOME: `${cwd}/cache` } });
    assert.equal(flag.code, 0, flag.stderr);
    assert.equal(tag.code, 0, tag.stderr);
    const parameters = (await text("flag.png")).get("parameters")!;
    assert.match(parameters, /^a cat <lora:ink:0\.8>\n/);
    assert.match(parameters, /Lora hashes: "ink: [0-9a-f]{12}"/);
    assert.equal(parameters.split("\n")[0], (await text("tag.png")).get("parameters")!.split("\n")[0]);
    assert.deepEqual(pixels(await bytes("flag.png")), pixels(await bytes("tag.png")));
    assert.ok(!parameters.includes(cwd));

    assert.equal(JSON.parse(again.stdout || "{}").identical, true, again.stderr);
    // The merged weights are kept by what is in them.
    assert.deepEqual([packed.code, kept.code], [0, 0], packed.stderr + kept.stderr);
    for (const name of ["packed.png", "kept.png"]) assert.deepEqual(await bytes(name), await bytes("flag.png"));
    await writeAdapter(`${cwd}/ink.safetensors`, convolutions);
    await Deno.copyFile(`${cwd}/ink.safetensors`, `${cwd}/lcm-lora.safetensors`);
    const [other, lcm] = await finishEach([
      [...repro, "-o", "other.png"],
      ["a cat", "--lora", "lcm-lora.safetensors", "--json", ...QUICK, "-o", "lcm.png"],
    ], { cwd });
    assert.match(other.stderr, /is not the LoRA that was used: ink has the hash/);

    const { settings, warnings } = JSON.parse(lcm.stdout);
    assert.deepEqual([settings.samplingMethod, settings.steps, settings.cfgScale], ["lcm", 4, 1]);
    assert.match(warnings[0], /lcm-lora is an LCM-LoRA: drawn with the sampler lcm, steps 4, guidance 1/);
  }));

Deno.test("a LoRA that is nowhere, one to avoid, and a strength that is none are refused by name", async () => {
  using model = await loadModel(TINY_MODEL, { device: await testDevice(), lazy: true, loraDir: "/nowhere" });
  const refused: [options: GenerateOptions, message: RegExp][] = [
    [{ prompt: "a <lora:nothing:1> cat" }, /There is no LoRA nothing in/],
    [{ prompt: "a cat", negativePrompt: "a <lora:ink:1> dog" }, /stands in a negative prompt/],
  ];
  for (const [options, message] of refused) await assert.rejects(prepare(model, options), message);
  assert.throws(() => parseArgs(["a cat", "--lora", "ink.safetensors=strong"]), /--lora takes a file and its strength/);
});

/** Compressed pixels of a PNG: its IDAT chunks. */
function pixels(png: Uint8Array): string {
  const text = new TextDecoder("latin1").decode(png);
  return text.slice(text.indexOf("IDAT"), text.lastIndexOf("IEND"));
}
