/** The closed loop with a small random model and a judge that says what the story needs. */
import assert from "@std/assert";
import { drawAndMend, repaintLike, UnfinishedError } from "../src/closed_loop.ts";
import { edit, type Round } from "../src/edit.ts";
import { CancelledError, PlannerError } from "../src/errors.ts";
import { paint } from "../src/generate.ts";
import { boxAround } from "../src/edit/mask.ts";
import type { Judge, Verdict } from "../src/judge/judge.ts";
import { loadModel } from "../src/pipeline/model.ts";
import { memoryNeed } from "../src/pipeline/memory.ts";
import { prepare } from "../src/pipeline/prepare.ts";
import { plainPlan } from "../src/plan/plan.ts";
import { filled, pasted } from "../src/picture/picture.ts";
import { planByRules } from "../src/plan/rules/rules.ts";
import { TINY_MODEL } from "./cli/program.ts";
import { inFolder, tinyModel } from "./model/files.ts";
import { writeUpscaler } from "./pipeline/upscaler_file.ts";
import { writeControlNet } from "./pipeline/control_net.ts";
import { adapterSpecs, writeAdapter } from "./pipeline/adapter_files.ts";

const model = await loadModel(TINY_MODEL);
addEventListener("unload", () => model.close());
const prompt = "a red apple on the left and a blue teapot on the right";
const size = { width: 64, height: 64, steps: 2, seed: 5 };
const looks = (...list: Verdict[][]): Judge => () => Promise.resolve(list.shift()!.map((verdict) => ({ verdict })));

Deno.test("the best of several goes on, drawing ends with the first that is all right, and rounds mend the rest", async () => {
  const drawing = await prepare(model, { plan: planByRules(prompt), ...size });
  const judge = looks(["missing", "missing"], ["right", "missing"], ["missing", "right"], ["right", "right"]);
  const { result, drawn, rounds, marks } = await drawAndMend(model, drawing, { judge, bestOf: 3, rounds: 2 });
  assert.deepEqual(drawn.map(({ seed }) => seed), [5, 6, 7]);
  assert.deepEqual(rounds.map(({ attempts }) => attempts.length), [0, 1]);
  assert.deepEqual(marks.map(({ verdict }) => verdict), ["right", "right"]);
  assert.deepEqual(rounds[1].attempts[0].operation.box, [0.5, 0, 1, 1]);
  assert.deepEqual([result.settings.seed, result.timings.steps.length], [8, 8]);

  const once = await drawAndMend(model, drawing, { judge: looks(["right", "right"]), bestOf: 3 });
  assert.equal(once.drawn.length, 1);
  await assert.rejects(drawAndMend(model, drawing, { judge, bestOf: 0 }), /bestOf.*0/);
  await assert.rejects(drawAndMend(model, drawing, { judge, rounds: NaN }), /rounds takes a whole number/);
});

Deno.test("after a round that mended nothing all is drawn with another seed, and the better goes on", async () => {
  const plan = planByRules(prompt);
  const judge = looks(["right", "missing"], ["right", "missing"], ["missing", "right"], ["right", "missing"], [
    "right",
    "right",
  ]);
  const { result, rounds, marks } = await drawAndMend(model, await prepare(model, { plan, ...size }), {
    judge,
    rounds: 4,
  });
  const what = rounds.map(({ attempts }) => attempts.map(({ whole, taken }) => `${whole ? "all" : "part"} ${taken}`));
  assert.deepEqual(what, [[], ["part false"], ["all false"], ["part false"], ["all true"]]);
  assert.deepEqual(rounds.map(({ round, steps }) => [round, steps]), [[0, 0], [1, 2], [2, 4], [3, 6], [4, 8]]);
  assert.deepEqual([marks.map(({ verdict }) => verdict), result.timings.steps.length], [["right", "right"], 10]);
  assert.deepEqual(result.image.data, (await paint(model, { plan, ...size, seed: 9 })).image.data);
});

Deno.test("what is drawn again larger is what its seed makes, whichever of several it is", async () => {
  const options = { plan: planByRules(prompt), ...size, hiresScale: 1.25 };
  const judge = looks(["missing", "missing"], ["right", "right"]);
  const { result } = await drawAndMend(model, await prepare(model, options), { judge, bestOf: 2 });
  const alone = await paint(model, { ...options, seed: 6 });
  assert.deepEqual([result.settings.seed, result.image.width], [6, 80]);
  assert.deepEqual(result.image.data, alone.image.data);
});

Deno.test("a repaint has the picture's LoRAs, wherever their files lie", () =>
  inFolder(async (folder) => {
    const lora = `${folder}/ink.safetensors`;
    await writeAdapter(lora, adapterSpecs(new URL("golden", import.meta.url).pathname).kohya);
    using sd1 = await loadModel(tinyModel("sd1"), { type: "f32" });
    const plan = planByRules(prompt);
    const drawing = await prepare(sd1, { plan, lora: [{ file: lora, weight: 0.8 }], ...size });
    const judge = looks(["right", "missing"], ["right", "right"]);
    const { rounds } = await drawAndMend(sd1, drawing, { judge, rounds: 1 });
    assert.deepEqual(rounds[1].attempts[0].result.settings.lora, drawing.settings.lora);
  }));

Deno.test("a repaint is steered by the picture's ControlNets, and sampled as it was", () =>
  inFolder(async (folder) => {
    await writeControlNet(`${folder}/net`, TINY_MODEL, 1);
    const image = new URL("golden/start/mask.png", import.meta.url).pathname;
    const controlNets = [{ model: `${folder}/net`, image, strength: 0.9, end: 0.5 }];
    const drawing = await prepare(model, { plan: planByRules(prompt), controlNets, guidanceRescale: 0.5, ...size });
    const judge = looks(["right", "missing"], ["right", "right"]);
    const { rounds } = await drawAndMend(model, drawing, { judge, rounds: 1 });
    const { settings } = rounds[1].attempts[0].result;
    assert.deepEqual(settings.controlNets, drawing.settings.controlNets);
    assert.deepEqual([settings.guidanceRescale, settings.seed, settings.strength], [0.5, 6, 1]);
  }));

Deno.test("a repaint lets weights leave the device as the drawing does, and its memory is known before", async () => {
  const drawing = await prepare(model, { plan: planByRules(prompt), ...size });
  const judge = looks(["right", "missing"], ["right", "right"]);
  await model.load(model.parts);
  const before = model.device.allocatedBytes;
  const { rounds } = await drawAndMend(model, { ...drawing, offload: true }, { judge, rounds: 1 });
  assert.equal(rounds[1].attempts.length, 1);
  assert.ok(model.device.allocatedBytes < before - model.weightsBytes / 2);
  const like = await repaintLike(model, drawing);
  assert.deepEqual([like.settings.width, like.settings.steps], [64, 2]);
  assert.ok(memoryNeed(model, like).stages.some(({ name }) => name === "embedding"));
});

Deno.test("a plain prompt is mended where the rules say that its things belong", async () => {
  const drawing = await prepare(model, { plan: plainPlan(prompt, "none"), ...size });
  const judge = looks(["right", "missing"], ["right", "right"]);
  const { rounds, checklist } = await drawAndMend(model, drawing, { judge, rounds: 1 });
  assert.deepEqual(checklist.map(({ words }) => words), ["a red apple", "a blue teapot"]);
  const { splitRatio, regions } = rounds[1].attempts[0].result.plan;
  assert.deepEqual([splitRatio, regions], ["1", [{ prompt }, { prompt: "a blue teapot", box: [0.5, 0, 1, 1] }]]);
});

Deno.test("rounds paint only where the picture was painted anew, and no region that is kept whole", async () => {
  const initImage = filled(60, 64, [90, 160, 30, 255]);
  const mask = pasted(filled(60, 64, [0, 0, 0, 255]), filled(20, 64, [255, 255, 255, 255]), 20, 0);
  for (const more of [{}, { noPaste: true }, { inpaintOnlyMasked: true, inpaintPadding: 4, width: 64, height: 64 }]) {
    const { width: _, height: __, ...own } = size;
    const drawing = await prepare(model, { plan: planByRules(prompt), initImage, mask, ...own, ...more });
    const judge = looks(["missing", "missing"], ["right", "missing"], ["right", "right"]);
    const { result: { image }, rounds } = await drawAndMend(model, drawing, { judge, rounds: 1 });
    const painted = rounds[1].attempts.map(({ mask }) => boxAround(mask)!);
    assert.deepEqual(painted.map(({ x0, x1 }) => [x0 * 60, x1 * 60].map(Math.round)), [[20, 32], [24, 40]]);
    const isKept = (x: number) => initImage.data.slice(0, 3).every((value, c) => image.data[x * 4 + c] === value);
    assert.deepEqual([19, 30, 40].map(isKept), "noPaste" in more ? [false, false, false] : [true, false, true]);
  }
  // Of the right half one column is white, which the network does not see.
  const white = (width: number) => filled(width, 64, [255, 255, 255, 255]);
  const left = pasted(pasted(filled(64, 64, [0, 0, 0, 255]), white(16), 0, 0), white(1), 33, 0);
  const image = filled(64, 64, [90, 160, 30, 255]);
  const drawing = await prepare(model, { plan: planByRules(prompt), initImage: image, mask: left, ...size });
  const judge = looks(["right", "missing"], ["right", "missing"], ["right", "right"]);
  const { rounds } = await drawAndMend(model, drawing, { judge, rounds: 2 });
  assert.deepEqual(rounds.map(({ attempts }) => attempts.map(({ whole }) => whole)), [[], [], [true]]);
});

Deno.test("a judge that fails loses no picture: the best until then is handed on", async () => {
  const gone = (...list: Verdict[][]): Judge => async (...asked) => {
    if (list.length === 0) throw new PlannerError("gone");
    return await looks(list.shift()!)(...asked);
  };
  const drawing = await prepare(model, { plan: planByRules(prompt), ...size });
  const { image } = await paint(model, { plan: planByRules(prompt), ...size });
  const cases: [Judge, marks: Verdict[], painted: (boolean | undefined)[]][] = [
    [gone(), ["unknown", "unknown"], []],
    [gone(["right", "missing"]), ["right", "missing"], [false]],
    [gone(["right", "missing"], ["right", "missing"]), ["right", "missing"], [false]],
  ];
  for (const [judge, marks, painted] of cases) {
    let ended: unknown;
    await drawAndMend(model, drawing, { judge, rounds: 2 }).catch((error) => ended = error);
    if (!(ended instanceof UnfinishedError)) throw ended;
    const { exitCode, message, looked } = ended;
    assert.deepEqual([exitCode, message], [5, "gone"]);
    assert.deepEqual(looked.result.image.data, image.data);
    assert.deepEqual(looked.marks.map(({ verdict }) => verdict), marks);
    assert.deepEqual(looked.rounds.flatMap(({ attempts }) => attempts.map(({ taken }) => taken)), painted);
  }

  const rounds: Round[] = [];
  const operations = [{
    kind: "add" as const,
    words: "a pear",
    box: [0, 0, 0.5, 1] as [number, number, number, number],
  }];
  const edits = edit(model, image, operations, { judge: gone(["missing"]), settings: { steps: 2 } });
  await assert.rejects(async () => {
    for await (const round of edits) rounds.push(round);
  }, /gone/);
  assert.deepEqual(rounds.map(({ attempts }) => attempts.map(({ taken }) => taken)), [[], [true]]);
  assert.notDeepEqual(rounds[1].image.data, image.data);
});

Deno.test("whoever wrote the judge, an aborted loop is cancelled, and an item without a mark is named", async () => {
  const drawing = await prepare(model, { plan: planByRules(prompt), ...size });
  const controller = new AbortController();
  const { signal } = controller;
  const aborting: Judge = (_picture, _checklist, signal) => {
    controller.abort();
    return Promise.reject(signal!.reason);
  };
  await assert.rejects(drawAndMend(model, drawing, { judge: aborting, rounds: 1, signal }), CancelledError);
  const short: Judge = () => Promise.resolve([{ verdict: "right" }]);
  await assert.rejects(
    drawAndMend(model, drawing, { judge: short }),
    /gives "a blue teapot" no mark: .* one of right, /,
  );
});

Deno.test("a network enlarges what was looked at and mended in the size that the model paints", () =>
  inFolder(async (folder) => {
    const upscaleModel = `${folder}/x4.safetensors`;
    await writeUpscaler(upscaleModel);
    const drawing = await prepare(model, { plan: planByRules(prompt), upscaleModel, ...size });
    const sizes: number[] = [];
    const judge: Judge = (picture, checks) => {
      sizes.push(picture.width);
      return Promise.resolve(checks.map((_, i) => ({ verdict: i < sizes.length ? "right" : "missing" })));
    };
    const { result, rounds } = await drawAndMend(model, drawing, { judge, rounds: 2 });
    assert.deepEqual([sizes, result.image.width], [[64, 64], 256]);
    assert.deepEqual(rounds.map(({ attempts }) => attempts.map(({ taken }) => taken)), [[], [true]]);
    assert.deepEqual(result.settings.upscaleModel, drawing.settings.upscaleModel);
    const plain = await drawAndMend(model, drawing, { judge: looks(["right", "right"]) });
    assert.deepEqual(
      plain.result.image,
      (await paint(model, { plan: planByRules(prompt), upscaleModel, ...size })).image,
    );
  }));
