/** What a picture's phases must not disturb: samplers, previews, masks, cancelling. */
import assert from "@std/assert";
import { CancelledError, UsageError } from "../../src/errors.ts";
import { encodePng } from "../../src/formats/png.ts";
import { paint, type StepEvent } from "../../src/generate.ts";
import { loadModel, type Model } from "../../src/pipeline/model.ts";
import { parsePlan } from "../../src/plan/parse_plan.ts";
import type { Picture } from "../../src/picture/picture.ts";
import { plainPlan, type Plan, type PlanPhase } from "../../src/plan/plan.ts";
import type { SamplerName } from "../../src/sample/names.ts";
import { testDevice } from "../ops/harness.ts";

/** Draws in 64 × 48 and four steps; `previews` if asked. */
async function withModel(
  tell: (draw: (options: Options) => Promise<Drawn>, model: Model) => Promise<void>,
  offload = false,
) {
  const folder = new URL("../golden/models/sd1", import.meta.url).pathname;
  const model = await loadModel(folder, { device: await testDevice(), offload });
  try {
    await tell(async ({ onStep, looks, ...options }) => {
      const previews: Uint8Array[] = [];
      const { image } = await paint(model, {
        width: 64,
        height: 48,
        steps: 4,
        ...options,
        async onStep(event) {
          if (looks) previews.push((await event.preview("proj")).data);
          onStep?.(event);
        },
      });
      return { picture: image.data, previews };
    }, model);
  } finally {
    model.close();
  }
}

interface Options {
  plan: Plan;
  samplingMethod?: SamplerName;
  feather?: number;
  signal?: AbortSignal;
  /** Previews are wanted. */
  looks?: boolean;
  onStep?(event: StepEvent): unknown;
}

interface Drawn {
  picture: Uint8Array;
  /** After each step. */
  previews: Uint8Array[];
}

const planned = (more: Partial<Plan>, mask?: string) =>
  parsePlan({
    prompt: "a fox, an owl and a bee",
    basePrompt: "the dark forest",
    splitRatio: "1,2",
    regions: [
      { prompt: "a fox in the dark forest", brief: "a fox" },
      { splitRatio: "1;2", regions: [{ prompt: "an owl" }, { prompt: "a bee", ...(mask ? { mask } : {}) }] },
    ],
    ...more,
  });
const phases = (...modes: PlanPhase["mode"][]) => ({ phases: modes.map((mode) => ({ mode, share: 1 })) });

Deno.test("a preview is of its own step: asked for later, it is refused and leaves nothing on the device", () =>
  withModel(async (draw, { device }) => {
    const events: StepEvent[] = [];
    await draw({ plan: plainPlan("a fox", "test"), onStep: (event) => events.push(event) });
    const before = device.allocatedBytes;
    for (const event of events) await assert.rejects(() => event.preview("vae"), UsageError);
    assert.equal(device.allocatedBytes, before);
  }));

Deno.test("a preview changes nothing, whether it is waited for or not", () =>
  withModel(async (draw) => {
    const plan = plainPlan("a fox", "test");
    const waited = await draw({ plan, looks: true });
    const previews: Promise<Picture>[] = [];
    const onStep = (event: StepEvent) => {
      previews.push(event.preview("vae"), event.preview("proj"));
    };
    assert.deepEqual((await draw({ plan, onStep })).picture, waited.picture);
    const seen = await Promise.all(previews);
    assert.deepEqual(seen.filter((_, i) => i % 2).map(({ data }) => data), waited.previews);
  }, true));

Deno.test("a switch from a phase to its like changes no bit, whatever the sampler remembers", () =>
  withModel(async (draw) => {
    for (const samplingMethod of ["euler_a", "heun", "dpm++2m", "unipc", "pndm"] satisfies SamplerName[]) {
      const whole = await draw({ plan: planned({ mode: "attention" }), samplingMethod });
      const parted = await draw({ plan: planned(phases("attention", "attention")), samplingMethod });
      assert.deepEqual(parted, whole, samplingMethod);
    }
  }));

Deno.test("until the switch a bound picture is the canvases' own, with feathered borders and an uneven mask, too", () =>
  withModel(async (draw) => {
    const mask = await Deno.makeTempFile({ suffix: ".png" });
    const white = (x: number, y: number) => Math.hypot(x - 9, 1.4 * (y - 4)) < 6;
    const data = Uint8Array.from({ length: 16 * 12 * 4 }, (_, i) => white((i >> 2) % 16, (i >> 2) / 16 | 0) ? 255 : 0);
    await Deno.writeFile(mask, encodePng({ width: 16, height: 12, data }));
    const pictures = new Set<string>();
    for (const [file, feather] of [[undefined, 0], [undefined, 0.25], [mask, 0.25]] as const) {
      const canvases = await draw({ plan: planned({ mode: "canvas", baseRatio: 0 }, file), feather, looks: true });
      const attention = [{ mode: "attention" as const, share: 1 }];
      const plan = planned({ phases: [{ mode: "canvas", share: 1, baseRatio: 0 }, ...attention] }, file);
      const bound = await draw({ plan, feather, looks: true });
      assert.deepEqual(bound.previews.slice(0, 2), canvases.previews.slice(0, 2));
      assert.notDeepEqual(bound.previews[2], canvases.previews[2]);
      pictures.add(String(bound.picture));
    }
    assert.equal(pictures.size, 3, "a mask or a feather that does nothing");
    await Deno.remove(mask);
  }));

Deno.test("a picture may be cancelled at its switch, and the next is as ever", () =>
  withModel(async (draw, model) => {
    const plan = planned({ mode: "bind", baseRatio: 0.3 });
    const before = await draw({ plan });
    const bytes = model.device.allocatedBytes;
    const stop = new AbortController();
    const cancelled = draw({ plan, signal: stop.signal, onStep: ({ step }) => step === 2 && stop.abort() });
    await assert.rejects(cancelled, CancelledError);
    assert.equal(model.device.allocatedBytes, bytes);
    assert.deepEqual(await draw({ plan }), before);
  }));
