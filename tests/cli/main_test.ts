import assert from "@std/assert";
import { dirname, join } from "@std/path";
import { cp } from "node:fs/promises";
import { readPngText } from "../../src/formats/png_text.ts";
import { widenUnet } from "../pipeline/wide_unet.ts";
import { finish, finishEach, inFolder, names, program, startPermissions, TINY_MODEL } from "./program.ts";

const QUICK = ["-m", TINY_MODEL, "-W", "64", "-H", "48", "--steps", "2"];

Deno.test("a planned picture without network, then the identical file from its own metadata", () =>
  inFolder(async (cwd) => {
    const line = ["a red apple on the left and a blue teapot, 红", ...QUICK, "--planner", "rules", "--json", "-s", "7"];
    const drawn = await finish(program(line, { cwd, permissions: startPermissions() }));
    assert.equal(drawn.code, 0, drawn.stderr);
    const report = JSON.parse(drawn.stdout);
    assert.deepEqual([report.path, report.seed, report.plan.splitRatio], ["out_001.png", 7, "1,1"]);
    assert.equal(report.model.name, "sd1");
    const { steps, ...others } = report.timings;
    assert.equal(steps.length, 2);
    assert.deepEqual(Object.keys(others).sort(), ["compile", "decode", "encode", "load", "total", "write"]);
    for (const seconds of [...steps, ...Object.values(others)]) assert.ok(Number.isFinite(seconds));
    assert.ok(report.memory.peak_bytes > report.memory.weights_bytes && report.memory.weights_bytes > 0);

    const texts = readPngText(await Deno.readFile(join(cwd, "out_001.png")), "out_001.png");
    assert.match(
      texts.get("parameters")!,
      /^.*red apple.* BREAK .*teapot.*\nSteps: 2, Sampler: .*Seed: 7, Size: 64x48, Model hash: .*RP Ratios: "1,1".*红/,
    );

    // The picture says no path: the folder of models that -m names is searched by hash.
    const repro = ["metadata", "out_001.png", "--repro", "-m", dirname(TINY_MODEL), "-o", "again.png"];
    const again = await finish(program(repro, { cwd }));
    assert.equal(again.stdout, "again.png  seed 7\n", again.stderr);
    const [first, second] = ["out_001.png", "again.png"].map((name) => Deno.readFileSync(join(cwd, name)));
    assert.deepEqual(first, second);
  }));

Deno.test("a batch is numbered on, each picture with the next seed; plain lines tell how it gets on", () =>
  inFolder(async (cwd) => {
    await Deno.writeTextFile(join(cwd, "out_007.png"), "theirs");
    const { code, stdout, stderr } = await finish(program(["a dog", ...QUICK, "--no-plan", "-b", "2"], { cwd }));
    assert.equal(code, 0, stderr);
    assert.equal(stdout, "out_008.png  seed 42\nout_009.png  seed 43\n");
    assert.match(stderr, /step 1\/2 .* left\nstep 2\/2 .* done\n/);
    assert.equal(await Deno.readTextFile(join(cwd, "out_007.png")), "theirs");
    assert.notDeepEqual(Deno.readFileSync(join(cwd, "out_008.png")), Deno.readFileSync(join(cwd, "out_009.png")));
  }));

Deno.test("Ctrl-C ends with 130 and leaves nothing behind, not even the preview", () =>
  inFolder(async (cwd) => {
    const line = ["a dog", ...QUICK, "--steps", "900", "--no-plan", "--preview", "proj", "--progress", "json"];
    const child = program(line, { cwd }).spawn();
    let stderr = "", previews: string[] = [];
    for await (const text of child.stderr.pipeThrough(new TextDecoderStream())) {
      if (!stderr.includes('"step":3,') && (stderr + text).includes('"step":3,')) {
        previews = names(cwd);
        child.kill("SIGINT");
      }
      stderr += text;
    }
    assert.equal((await child.status).code, 130, stderr);
    assert.deepEqual(previews, ["out_preview_1.png"]);
    assert.deepEqual(names(cwd), []);
    assert.equal(await new Response(child.stdout).text(), "");
    assert.match(stderr, /Stopping.*\n(.*\n)*Cancelled\./);
  }));

Deno.test("Ctrl-C ends also what waits for somebody to type", async () => {
  await using child = program(["--plan", "-", "-m", TINY_MODEL], { cwd: ".", asks: true }).spawn();
  const nobody = setTimeout(() => child.stdin.close(), 10_000); // it would wait for ever
  let stderr = "";
  for await (const text of child.stderr.pipeThrough(new TextDecoderStream())) {
    if (!stderr.includes("Model ") && (stderr + text).includes("Model ")) {
      setTimeout(() => child.kill("SIGINT"), 300); // by then it reads
    }
    stderr += text;
  }
  assert.equal((await child.status).code, 130, stderr);
  clearTimeout(nobody);
  await child.stdout.cancel();
  await child.stdin.close();
});

Deno.test("every kind of failure has its exit code, and says what to do", () =>
  inFolder(async (cwd) => {
    await Deno.writeTextFile(join(cwd, "plan.json"), '{"prompt":"x","splitRatio":"1;1","regions":[{"prompt":"a"}]}');
    await Deno.writeTextFile(join(cwd, "cat.png"), "theirs");
    const cases: [line: string[], code: number, message: RegExp][] = [
      [[], 2, /No prompt was given/],
      [["x", "--stpes", "3"], 2, /Did you mean "--steps"/],
      [["x", "-o", "cat.png"], 2, /already there/],
      [["x", "--preview", "tae"], 2, /--taesd/],
      [["x", "--regions", "a BREAK b", "--no-plan"], 2, /use only one of them/],
      [["x", "--no-plan", "--planner", "rules"], 2, /With --no-plan no planner is asked: leave --planner out/],
      [
        ["--regions", "a BREAK b", "--rounds", "1", "--judge", "llm", "--llm-url", "nope"],
        2,
        /^.*"nope" is not the URL/,
      ],
      [["metadata", "cat.png"], 2, /cat\.png is not a PNG/],
      [["x", "--no-plan", "-m", "nowhere"], 3, /nowhere/],
      [["x", "--no-plan", "-m", TINY_MODEL, "--device", "77"], 4, /no device 77/],
      [["--plan", "plan.json"], 5, /plan\.json|1;1/],
    ];
    const runs = await finishEach(cases.map(([line]) => line), { cwd });
    for (const [i, [line, code, message]] of cases.entries()) {
      const run = runs[i];
      assert.equal(run.code, code, `${line.join(" ")}: ${run.stderr}`);
      assert.match(run.stderr, message);
      assert.equal(run.stdout, "");
    }
    assert.deepEqual(names(cwd), ["cat.png", "plan.json"]);
  }));

Deno.test("a plan goes to standard output, from there to a file, and from the file to a picture", () =>
  inFolder(async (cwd) => {
    const planned = await finish(program(["plan", "a cat on a red chair", "-q"], { cwd }));
    assert.equal(planned.stderr, "");
    await Deno.writeTextFile(join(cwd, "plan.json"), planned.stdout);
    const { code, stderr } = await finish(
      program(["--plan", "plan.json", "--save-plan", "used.json", "--mode", "canvas", ...QUICK, "-q"], { cwd }),
    );
    assert.equal(code, 0, stderr);
    const used = JSON.parse(await Deno.readTextFile(join(cwd, "used.json")));
    assert.deepEqual(used, { ...JSON.parse(planned.stdout), mode: "canvas" });
    assert.deepEqual(names(cwd), ["out_001.png", "plan.json", "used.json"]);
  }));

Deno.test("what is said of regions holds for a prompt that has them, and is refused for another", () =>
  inFolder(async (cwd) => {
    const more = ["--split-ratio", "1;2", "--base-ratio", "0.3", "-q"];
    const [own, planned, whole] = await finishEach([
      ["plan", "a park ADDBASE a cat BREAK a dog", ...more],
      ["plan", "a park with a cat and a dog", ...more],
      ["a park ADDBASE a cat BREAK a dog", ...more, "--no-plan"],
    ], { cwd });
    const { splitRatio, baseRatio, basePrompt } = JSON.parse(own.stdout);
    assert.deepEqual([splitRatio, baseRatio, basePrompt], ["1;2", "0.3", "a park"]);
    for (const { stderr } of [planned, whole]) assert.match(stderr, /--split-ratio goes with --regions, or a prompt/);
  }));

Deno.test("standard input is the prompt of all pictures, or the plan, and nothing else", () =>
  inFolder(async (cwd) => {
    const draw = async (words: string[], input: string) =>
      await finish(program([...words, ...QUICK, "--steps", "1", "--json"], { cwd, asks: true }), input);
    const grid = await draw(["-", "--grid", "seed=1..2"], "a red fox\n");
    const images: { plan: { prompt: string } }[] = JSON.parse(grid.stdout).images;
    assert.deepEqual(images.map(({ plan }) => plan.prompt), ["a red fox", "a red fox"], grid.stderr);
    const plan = { prompt: "two", splitRatio: "1,1", regions: [{ prompt: "a fox" }, { prompt: "an owl" }] };
    const planned = await draw(["--plan", "-"], JSON.stringify(plan));
    assert.equal(JSON.parse(planned.stdout).plan.regions[1].prompt, "an owl", planned.stderr);
    const both = await draw(["-", "--prompts", "-"], "a fox");
    assert.equal(both.stderr, "error: Standard input is the prompt: the list needs another place.\n");
  }));

Deno.test("the bundled model draws regions in its own way, and makes room for them", () =>
  inFolder(async (cwd) => {
    const line = ["a fox, an owl and a bear", "--planner", "rules", "--steps", "1", "--json"];
    const { code, stdout, stderr } = await finish(program(line, { cwd, permissions: startPermissions() }));
    assert.equal(code, 0, stderr);
    assert.match(stderr, /drawn in bind mode, with base ratio 0\.\d \(this model's default/);
    const { plan, settings } = JSON.parse(stdout);
    assert.deepEqual([plan.mode, plan.basePrompt], ["bind", "a fox, an owl and a bear"]);
    assert.deepEqual([settings.width, settings.height], [384, 256]);
  }));

Deno.test("inspect says what a model is and why, doctor what the machine has", () =>
  inFolder(async (cwd) => {
    await cp(TINY_MODEL, join(cwd, "nine"), { recursive: true });
    await widenUnet(join(cwd, "nine"));
    const [seen, sized, nine, drawn, words, machine] = await finishEach([
      ["inspect", TINY_MODEL, "--json"],
      ["inspect", TINY_MODEL, "--size", "256x128", "--json"],
      ["inspect", "nine", "--size", "256x128", "--json"],
      ["a dog", "-m", TINY_MODEL, "-W", "256", "-H", "128", "--steps", "1", "--no-plan", "--json"],
      ["inspect", "--words"],
      ["doctor"],
    ], { cwd });
    const inspected = JSON.parse(seen.stdout);
    assert.deepEqual([inspected.family, inspected.preset.prediction], ["sd1", "epsilon"]);
    assert.ok(inspected.reason.length > 0 && inspected.networks.unet.parameters > 0);

    const needed = JSON.parse(sized.stdout);
    const ratio = needed.memory.peak / JSON.parse(drawn.stdout).memory.peak_bytes;
    assert.ok(ratio > 0.9 && ratio < 1.1, `planned over allocated bytes: ${ratio}`);
    // One for inpainting sees a picture and a mask besides.
    assert.ok(JSON.parse(nine.stdout).memory.peak > needed.memory.peak, nine.stderr);

    assert.match(words.stdout, /^concepts: .*dog \(puppy\)[^]*\ncolours: .*red/);

    assert.equal(machine.code, 0);
    assert.match(machine.stdout, /f16 +passed its self-test/);
  }));

Deno.test("models lists what is at hand; a short name draws with it", () =>
  inFolder(async (cwd) => {
    const folder = join(cwd, "shelf");
    await Deno.mkdir(folder);
    await Deno.symlink(TINY_MODEL, join(folder, "realisticTiny"), { type: "dir" });
    const [{ stdout, stderr }, drawn, wrong] = await finishEach([
      ["models", "--model-dir", folder, "--json"],
      ["x", "-m", "realistic", ...QUICK.slice(2), "--model-dir", folder, "--no-plan"],
      ["models", "--model-dir", "nowhere"],
    ], { cwd });
    const found = JSON.parse(stdout).models.filter(({ path }: { path: string }) => path.startsWith(folder));
    assert.deepEqual(found.map(({ kind, name, family }: Record<string, string>) => [kind, name, family]), [
      ["model", "realisticTiny", "sd1"],
    ], stderr);
    assert.equal(drawn.stdout, "out_001.png  seed 42\n", drawn.stderr);
    assert.match(wrong.stderr, /nowhere does not exist/);
  }));

Deno.test("--json-lines tells a program what happens, one object a line; people are told on standard error", () =>
  inFolder(async (cwd) => {
    const line = ["a dog", ...QUICK, "--no-plan", "--preview", "proj", "--json-lines", "--contact-sheet", "sheet.png"];
    const misspelt = ["a dog", "--stpes", "2", "--events"]; // as other tools call it
    const [{ code, stdout, stderr }, wrong] = await finishEach([line, misspelt], { cwd });
    assert.equal(code, 0, stderr);
    const events = stdout.trim().split("\n").map((text) => JSON.parse(text));
    const kinds = events.map(({ event }) => event).filter((kind) => kind !== "stage");
    assert.deepEqual(kinds, ["start", "plan", "step", "preview", "step", "saved", "sheet", "done"]);
    const saved = events.find(({ event }) => event === "saved");
    assert.deepEqual([saved.path, saved.seed, saved.settings.steps], ["out_001.png", 42, 2]);
    assert.match(stderr, /step 2\/2/);
    const [error, done] = wrong.stdout.trim().split("\n").map((text) => JSON.parse(text));
    assert.deepEqual([error.event, error.code, done], ["error", 2, { event: "done", code: 2 }]);
    assert.match(error.message, /Did you mean "--steps"/);
  }));
