/** The story of an edit, with a small random model and judges that say what the story needs. */
import assert from "@std/assert";
import type { Operation } from "../src/edit/operation.ts";
import { edit, mend, type Round } from "../src/edit.ts";
import { ModelError, UsageError } from "../src/errors.ts";
import type { Judge, Verdict } from "../src/judge/judge.ts";
import { loadModel } from "../src/pipeline/model.ts";
import type { Drawing } from "../src/pipeline/drawing.ts";
import type { Picture } from "../src/picture/picture.ts";
import { parsePlan } from "../src/plan/parse_plan.ts";
import { planByRules } from "../src/plan/rules/rules.ts";
import { paint } from "../src/generate.ts";
import { TINY_MODEL } from "./cli/program.ts";

const model = await loadModel(TINY_MODEL);
const plan = planByRules("a red apple on the left and a blue teapot on the right");
const settings = { steps: 2, seed: 5 };
const { image: picture } = await paint(model, { plan, width: 64, height: 64, ...settings });

/** Says of its n-th look what is in the n-th list; of later ones what is in the last. */
function scripted(...looks: Verdict[][]): Judge {
  let n = 0;
  return (_, checks) => {
    const look = looks[Math.min(n++, looks.length - 1)];
    return Promise.resolve(checks.map((_, i) => ({ verdict: look[i] ?? "right" })));
  };
}

async function all(rounds: AsyncIterable<Round>): Promise<Round[]> {
  return await Array.fromAsync(rounds);
}

Deno.test("an edit paints inside its box alone, once where nobody looks", async () => {
  const operations = [{ kind: "replace" as const, object: "a blue teapot", words: "a red car" }];
  const rounds = await all(edit(model, picture, operations, { plan, settings, rounds: 1 }));
  assert.deepEqual(rounds.map(({ attempts }) => attempts.length), [0, 1]);
  const { image, plan: after } = rounds[1];
  let changed = 0;
  for (let i = 0; i < image.data.length; i++) {
    const isRight = i / 4 % 64 >= 32;
    if (isRight) changed += Number(image.data[i] !== picture.data[i]);
    else assert.equal(image.data[i], picture.data[i], `byte ${i}`);
  }
  assert.ok(changed > 1000);
  assert.match(after!.prompt, /a red car/);
});

Deno.test("mending keeps what is better and stops when all is right; what is worse is never kept", async () => {
  const bad = scripted(["right", "missing"], ["missing", "right"], ["right", "missing"], ["right", "right"]);
  const rounds = await all(mend(model, picture, plan, { judge: bad, settings, rounds: 5 }));
  // The first repaint lost what was right and the second changed nothing: neither is taken.
  assert.deepEqual(rounds.map(({ attempts }) => attempts.map(({ taken }) => taken)), [[], [false], [false], [true]]);
  assert.equal(rounds[2].image, picture);
  assert.deepEqual(rounds[3].marks!.map(({ verdict }) => verdict), ["right", "right"]);
  const seeds = rounds.flatMap(({ attempts }) => attempts.map(({ result }) => result.settings.seed));
  assert.equal(new Set(seeds).size, 3);
  assert.equal(rounds[3].steps, 6);
  const none = await all(mend(model, picture, plan, { judge: scripted(["right", "right"]), settings }));
  assert.equal(none.length, 1);
});

Deno.test("what a repaint did not touch is as it was, whatever the judge thinks of it afterwards", async () => {
  const seen = { x0: 0.6, y0: 0.2, x1: 0.9, y1: 0.8 }; // the teapot, at the right
  const operations = [{
    kind: "remove" as const,
    object: "a red apple",
    box: [0, 0, 0.5, 1] as [number, number, number, number],
  }];
  const flickering = (...teapot: Verdict[]): Judge => (_, checks) =>
    Promise.resolve(
      checks.map(({ words }) =>
        words === "a blue teapot" ? { verdict: teapot.shift() ?? "right", box: seen } : { verdict: "right" }
      ),
    );
  const more = { ...settings, steps: 3 };
  const rounds = await all(
    edit(model, picture, operations, { plan, judge: flickering("right", "wrong"), settings: more }),
  );
  assert.deepEqual(rounds.map(({ attempts }) => attempts.map(({ taken }) => taken)), [[], [true]]);
  assert.equal(rounds[1].marks!.at(-1)!.verdict, "right");
  // Over the teapot itself the judge is believed.
  const over = [{ ...operations[0], box: [0.25, 0, 0.75, 1] as [number, number, number, number] }];
  const worse = await all(edit(model, picture, over, { plan, judge: flickering("right", "wrong"), settings: more }));
  assert.equal(worse[1].attempts[0].taken, false);
});

Deno.test("what was asked for is done even where the judge cannot tell, and not over and over", async () => {
  const operations = [{ kind: "add" as const, words: "a zebra at the top left" }];
  const judge = scripted(["unknown"]);
  const rounds = await all(edit(model, picture, operations, { plan, judge, settings }));
  assert.deepEqual(rounds.map(({ attempts }) => attempts.map(({ taken }) => taken)), [[], [true]]);
  await assert.rejects(all(edit(model, picture, [], { plan })), /nothing to do/);
});

Deno.test("what an edit cannot be is refused before anything is looked at, by name", async () => {
  const operation = { kind: "add", words: "a star", box: [0, 0, 0.5, 1] };
  const cases: [edit: [picture: unknown, operations: unknown, options?: object], message: RegExp][] = [
    [[picture, [{ ...operation, kind: "paint" }]], /^operations\.0\.kind: /],
    [[picture, [operation, { kind: "replace", words: "a star" }]], /^operations\.1 \(replace\) needs "object"/],
    [[picture, [{ ...operation, box: [0, 0, 5, 1] }]], /^operations\.0\.box\.2: /],
    [[picture, [{ ...operation, box: [NaN, 0, 1, 1] }]], /^operations\.0\.box\.0: /],
    [[picture, [{ ...operation, box: [0.5, 0, 0.2, 1] }]], /^operations\.0 has the empty box/],
    [[picture, [operation], { steps: 2 }], /^There is no option steps/],
    [[picture, [operation], { rounds: -1 }], /^rounds takes a whole number/],
    [[picture, [operation], { rounds: NaN }], /^rounds takes a whole number/],
    [[picture, [operation], { settings: { width: 128 } }], /^settings\.width is not for painting over/],
    [["photo.png", [operation]], /^picture takes pixels .* not "photo\.png"/],
    [[{ ...picture, height: 63 }, [operation]], /^picture takes/],
  ];
  for (const [[image, operations, options], message] of cases) {
    const rounds = edit(model, image as Picture, operations as Operation[], { judge: scripted([]), ...options });
    await assert.rejects(rounds.next(), (error: Error) => {
      assert.ok(error instanceof UsageError, `${error.stack}`);
      assert.match(error.message, message);
      return true;
    });
  }
  const marked = mend(model, picture, plan, { judge: scripted([]), marks: [{ verdict: "right" }] });
  await assert.rejects(marked.next(), /one for each item of the checklist: 2, not 1/);
});

Deno.test("a drawing that fails loses nothing that its round has painted before it", async () => {
  const operations = ["a star", "a moon"].map((words) => ({
    kind: "add" as const,
    words,
    box: [0, 0, 0.5, 1] as Operation["box"],
  }));
  const seen: Round[] = [];
  let drawn = 0;
  const fit = (drawing: Drawing) => {
    if (drawing.start && drawn++) throw new ModelError("too large");
    return drawing;
  };
  await assert.rejects(async () => {
    for await (const round of edit(model, picture, operations, { plan, settings, fit })) seen.push(round);
  }, /too large/);
  assert.deepEqual(seen.map(({ attempts }) => attempts.map(({ taken }) => taken)), [[], [true]]);
  assert.notDeepEqual(seen[1].image.data, picture.data);
});

Deno.test("what is painted anew in a later round is in the plan once", async () => {
  const empty = parsePlan({
    prompt: "a blue teapot",
    splitRatio: "1,1",
    regions: [{ prompt: "empty background" }, { prompt: "a blue teapot" }],
  });
  const operations = [{ kind: "add" as const, words: "a red apple", box: [0, 0.25, 0.5, 0.75] as Operation["box"] }];
  const judge = scripted(["missing", "right"], ["wrong", "right"], ["right", "right"]);
  const rounds = await all(edit(model, picture, operations, { plan: empty, judge, settings }));
  assert.deepEqual(rounds.map(({ attempts }) => attempts.map(({ taken }) => taken)), [[], [true], [true]]);
  assert.deepEqual(rounds[2].plan!.regions, [{ prompt: "a red apple" }, { prompt: "a blue teapot" }]);
});

Deno.test("what is removed is avoided, also where the plan itself says what to avoid", async () => {
  const operations = [{ kind: "remove" as const, object: "a blue teapot" }];
  const avoided = async (of: typeof plan, more = {}) => {
    const rounds = await all(
      edit(model, picture, operations, { plan: of, settings: { ...settings, steps: 3, ...more } }),
    );
    assert.equal(rounds[1].plan!.negativePrompt, of.negativePrompt); // what it avoids besides is the same
    return rounds[1].attempts[0].result.plan.negativePrompt;
  };
  assert.equal(await avoided({ ...plan, negativePrompt: "people" }), "people, a blue teapot");
  assert.equal(await avoided(plan, { negativePrompt: "text" }), "text, a blue teapot");
});

addEventListener("unload", () => model.close());
