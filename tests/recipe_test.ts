import assert from "@std/assert";
import { RpgError } from "../src/errors.ts";
import { layersOf, readRecipe, recipeTexts, withLayers } from "../src/recipe.ts";

const RECIPE = {
  version: "0.1.0",
  model: { name: "sd1", hash: "36854c12", type: "f16", vae: "x.safetensors", parts: { unet: "0123456789abcdef" } },
  plan: {
    prompt: "a cat",
    splitRatio: "1,1",
    regions: [{ prompt: "a cat", mask: "m.png" }, { prompt: "a dog" }],
    mode: "attention",
    planner: "none",
  },
  settings: {
    steps: 1,
    cfgScale: 7.5,
    samplingMethod: "pndm",
    seed: 42,
    rng: "cpu",
    width: 32,
    height: 32,
    crop: [0, 8],
  },
  masks: { "1": "0123456789abcdef" },
};

/** Painted over once, with another model. */
const PAINTED = {
  ...RECIPE,
  layers: [
    { plan: RECIPE.plan, settings: RECIPE.settings, masks: RECIPE.masks },
    {
      model: { ...RECIPE.model, name: "other" },
      plan: RECIPE.plan,
      settings: RECIPE.settings,
      mask: "iVBORw0KGgo=",
      filled: true,
      picture: { name: "a.png", hash: "0123456789abcdef" },
    },
  ],
};

const read = (recipe: unknown) => readRecipe(new Map([["rpg", JSON.stringify(recipe)]]), "a.png");

Deno.test("a recipe reads back as it was written, seeds beyond 2⁵³ too", () => {
  const recipe = read({ ...RECIPE, settings: { ...RECIPE.settings, seed: "9223372036854775807" } });
  assert.equal(recipe.settings.seed, 2n ** 63n - 1n);
  const again = readRecipe(new Map(Object.entries(recipeTexts(recipe))), "a.png");
  assert.deepEqual(again, recipe);
  const painted = read(PAINTED);
  assert.deepEqual(readRecipe(new Map(Object.entries(recipeTexts(painted))), "a.png"), painted);
  assert.deepEqual(layersOf(painted).map(({ model }) => model!.name), ["sd1", "other"]);
});

Deno.test("a JPEG that has no room for all layers keeps the rest of its recipe, and a line says so", () => {
  const { layers, ...recipe } = read({ ...PAINTED, settings: { ...RECIPE.settings, seed: "9223372036854775807" } });
  const said: string[] = [];
  const many = [...new Array(200).fill(layers![0]), layers![1]];
  const keptBy = (format: "jpeg" | "webp", list = many) =>
    withLayers(recipe, list, format, (line) => said.push(line)).layers?.length;
  assert.deepEqual([keptBy("webp"), keptBy("jpeg", layers), keptBy("jpeg")], [201, 2, undefined]);
  assert.equal(said.length, 1);
  assert.match(said[0], /A jpeg has no room for all 201 layers.*A \.png or \.webp has more/);
});

Deno.test("a path that an early version wrote is not looked at", () => {
  const model = { ...RECIPE.model, path: "https://evil.example/x.safetensors" };
  assert.ok(!JSON.stringify(read({ ...RECIPE, model })).includes("evil"));
});

Deno.test("what is damaged in a recipe is named, and where", () => {
  const without = <T extends object>(value: T, key: keyof T) => ({ ...value, [key]: undefined });
  const cases: [recipe: unknown, message: RegExp][] = [
    [null, /a\.png: its settings are damaged: the recipe must be an object, not null/],
    [{ ...RECIPE, model: null }, /model must be an object, not null/],
    [{ ...RECIPE, model: without(RECIPE.model, "hash") }, /model\.hash is missing/],
    [{ ...RECIPE, model: { ...RECIPE.model, type: "f64" } }, /model\.type takes f16, f32, q8_0, q4_0, not "f64"/],
    [{ ...RECIPE, model: { ...RECIPE.model, preset: 5 } }, /model\.preset takes a text/],
    [{ ...RECIPE, model: { ...RECIPE.model, parts: { unet: "x" } } }, /model\.parts\.unet takes a hash/],
    [{ ...RECIPE, settings: {} }, /settings\.steps is missing/],
    [{ ...RECIPE, settings: { ...RECIPE.settings, samplingMethod: "__proto__" } }, /Unknown sampler "__proto__"/],
    [{ ...RECIPE, settings: { ...RECIPE.settings, scheduler: "constructor" } }, /Unknown scheduler "constructor"/],
    [{ ...RECIPE, settings: { ...RECIPE.settings, clipSkip: 1e9 } }, /settings\.clipSkip takes/],
    [{ ...RECIPE, settings: { ...RECIPE.settings, originalSize: "x" } }, /settings\.originalSize takes two whole/],
    [{ ...RECIPE, settings: { ...RECIPE.settings, crops: [0, 0] } }, /no option settings\.crops\. Did you mean "crop"/],
    [{ ...RECIPE, masks: { "1": 5 } }, /masks\.1 takes a hash/],
    [{ ...RECIPE, plan: { ...RECIPE.plan, regions: 5 } }, /regions/],
    [{ ...RECIPE, layers: [] }, /layers must be a list of 1 to 256 drawings/],
    [{ ...RECIPE, layers: [{ ...PAINTED.layers[1], mask: "<>" }] }, /layers\.0\.mask takes a PNG in base64, not "<>"/],
    [{ ...RECIPE, layers: [RECIPE, { plan: RECIPE.plan }] }, /must be an object|layers\.1\.settings/],
  ];
  for (const [recipe, message] of cases) assert.throws(() => read(recipe), message);
});

Deno.test("whatever stands in the place of any value of a recipe, it is read or refused with a line", () => {
  const hostile = [null, 5, -1, 1e300, "", "x", "__proto__", "\0", [], {}, [[]], true, "x".repeat(1e5), {
    a: { b: [] },
  }];
  let refused = 0, count = 0;
  const spoil = (value: unknown, place: (spoilt: unknown) => unknown) => {
    for (const other of hostile) {
      count++;
      try {
        read(place(other));
      } catch (error) {
        if (!(error instanceof RpgError)) throw error;
        assert.ok(error.message.length < 600 && !error.message.includes("\n"), error.message.slice(0, 200));
        refused++;
      }
    }
    if (typeof value !== "object" || value === null) return;
    for (const [key, part] of Object.entries(value)) {
      spoil(
        part,
        (spoilt) => place(Array.isArray(value) ? value.with(Number(key), spoilt) : { ...value, [key]: spoilt }),
      );
    }
  };
  spoil(PAINTED, (spoilt) => spoilt);
  assert.ok(count > 1000 && refused > 0.7 * count, `${refused} of ${count} refused`);
});
