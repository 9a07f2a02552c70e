/**
 * The backbone compiled for one drawing: evaluates the guided prediction without creating anything. Each phase is a
 * section of the graph, in which the backbone is recorded once for every size of its batches; all phases share weights,
 * prompts and memory.
 *
 * @module
 */
import type { Device } from "../gpu/device.ts";
import { Graph } from "../gpu/graph.ts";
import type { Program } from "../gpu/program.ts";
import type { StreamedProgram } from "../gpu/streamed_program.ts";
import { placeAlone, releasePlace, writeFloats, writeTensor } from "../gpu/storage.ts";
import { describeTensor, padChannels, type Tensor } from "../gpu/tensor.ts";
import { type PromptInputs, vectorInputs } from "../nn/backbone.ts";
import { withRowAdapters } from "../nn/row_adapters.ts";
import { sightTable, sightWords } from "../ops/attention.ts";
import { concat } from "../ops/elementwise.ts";
import { callInput, callWords, guide, latentsIn, NEGATIVE_SLOT, rescale, SCRATCH_SLOT } from "../ops/latents.ts";
import type { Evaluate } from "../sample/types.ts";
import { windowsOf } from "../ops/windows.ts";
import type { Picture } from "../picture/picture.ts";
import { ABSENT, type Batch, type ContextRows, type PromptKey } from "./conditioning.ts";
import type { Control } from "./controls.ts";
import type { Drawing, Phase } from "./drawing.ts";
import { type Encoding, zeroPrompt } from "./encode_prompts.ts";
import { type DeviceLatents, type LatentSize, latentsTensor, type Slot } from "./latent_space.ts";
import type { Model } from "./model.ts";
import type { Networks } from "./networks.ts";
import type { Part } from "./part.ts";
import { rowChanges } from "./region_loras.ts";
import type { Stage } from "./stage.ts";

/** What of a drawing decides the sampling's graphs. */
type Asked = Pick<Drawing, "size" | "context" | "wording" | "phases" | "settings" | "loras">;

/**
 * What an inpainting network reads beside latents, without a place yet: plain f32 [1, height, width, channels padded to
 * 4].
 */
export function shownTensor({ backbone }: Networks, { height, width, channels }: LatentSize): Tensor | undefined {
  const more = backbone.network.inChannels - channels;
  return more > 0 ? describeTensor("shown", [1, height, width, padChannels(more)], "f32", "plain") : undefined;
}

/** Sampling: the weights of the backbone and of ControlNets may come in windows. */
export function samplingStage(networks: Networks, asked: Asked): Stage {
  const latents = latentsTensor(asked.size);
  const shown = shownTensor(networks, asked.size);
  return {
    name: "sampling",
    parts: [
      networks.backbone,
      ...(asked.loras.regional ? [asked.loras.regional.part] : []),
      ...new Set(asked.phases.flatMap(({ controls }) => controls.map(({ part }) => part))),
    ],
    streams: true,
    heldBytes: latents.bytes + (shown?.bytes ?? 0),
    record() {
      const { prompts, sampling } = recordSampling(networks, latents, shown, asked);
      return [[prompts, sampling]];
    },
  };
}

/**
 * Records what the network reads in windows of the picture: the latents that `call` names, and behind them what an
 * inpainting network is shown.
 */
export function reader(g: Graph, latents: Tensor, shown: Tensor | undefined, call: Tensor) {
  const asTheyAre = ({ shape: [, , , channels] }: Tensor) => ({
    multiply: g.constant("ones", new Float32Array(channels).fill(1)),
    add: g.constant("zeros", new Float32Array(channels)),
  });
  const first = shown && g.constant("first", callWords({ slot: 0, scale: 1 }));
  const affine = asTheyAre(latents);
  const shownAffine = shown && asTheyAre(shown);
  return (windows: Parameters<typeof latentsIn>[3]) => {
    const noisy = latentsIn(g, latents, call, windows, affine);
    return { noisy, input: shown ? concat(g, noisy, latentsIn(g, shown, first!, windows, shownAffine!)) : noisy };
  };
}

/** Records all phases as sections of one graph, and what depends on the prompts only into a graph of its own. */
function recordSampling({ backbone }: Networks, latents: Tensor, shown: Tensor | undefined, asked: Asked) {
  const { context, phases, settings, size } = asked;
  const { network, weights } = backbone;
  const { device, precision } = weights;
  const prompts = new Graph(device, "prompts", precision);
  const contextTensor = prompts.input("context", [1, context.tokens, network.contextDim]);
  const keys = new Map<string, Tensor>();
  const g = new Graph(device, "sampling", precision);
  const call = callInput(g);
  const read = reader(g, latents, shown, call);
  const { cfgScale, guidanceRescale = 0 } = settings;
  const rescaled = guidanceRescale > 0 && cfgScale > 1;

  const hints = new Hints(prompts);
  const recordPhase = ({ batches, controls }: Phase) => {
    const rows = rowsAt(asked, 0);
    const section = g.beginSection();
    const inputs = batches.map((batch, i) => {
      const n = batch.entries.length;
      const step = vectorInputs(g, network.stepVectors, n);
      const entry = vectorInputs(g, network.entryVectors, n);
      const table = sightTable(g, batch.sights(rows));
      const origins = g.constant("origins", Uint32Array.from(batch.origins.flat()));
      const windows = { batch: n, height: batch.height, width: batch.width, origins };
      const { noisy, input } = read(windows);
      const { regional } = asked.loras;
      const layers = regional
        ? withRowAdapters(weights, regional.part.weights, rowChanges(regional, batch, context))
        : weights;
      const conditioning: PromptInputs = {
        graph: prompts,
        context: contextTensor,
        keys,
        map: (h, w) => ({ ...batch.map(h, w, rows), table }),
      };
      const steering = controls.filter(({ shownOnly }) => batch.shows || !shownOnly);
      const residuals = steering.map((control) => {
        const { part, strengths } = control;
        const hint = hints.of(control, batch);
        const own = { ...conditioning, keys: hints.keysOf(part) };
        const features = part.network.record(g, part.weights, { latents: noisy, step, entry }, hint, own);
        return { ...features, strengths };
      });
      const prediction = network.record(g, layers, { latents: input, step, entry, residuals }, conditioning);
      const sum = (share: Float32Array<ArrayBuffer>, to?: Slot) =>
        guide(g, prediction, origins, g.constant("share", share), call, latents, { to, more: i > 0 });
      sum(batch.share);
      if (rescaled) sum(batch.conditionalShare, SCRATCH_SLOT);
      if (batch.negativeShare) sum(batch.negativeShare, NEGATIVE_SLOT);
      return { batch, step, entry, table };
    });
    if (rescaled) rescale(g, call, latents, guidanceRescale, size.channels);
    return { section, inputs };
  };
  const known = new Map<Phase["batches"], ReturnType<typeof recordPhase>>();
  const once = (phase: Phase) => {
    if (!known.has(phase.batches)) known.set(phase.batches, recordPhase(phase));
    return known.get(phase.batches)!;
  };
  return { prompts, sampling: g, context: contextTensor, call, pictures: hints.pictures, phases: phases.map(once) };
}

/** The embeddings of control pictures, recorded in the graph that runs once. */
class Hints {
  /** The places of the pictures. */
  readonly pictures: { tensor: Tensor; picture: Picture }[] = [];
  readonly #embedded = new Map<Control, Tensor>();
  readonly #windows = new Map<string, Tensor>();
  readonly #keys = new Map<Part, Map<string, Tensor>>();

  constructor(readonly graph: Graph) {}

  /** Keys and values of the prompts in a network's layers. */
  keysOf(part: Part): Map<string, Tensor> {
    if (!this.#keys.has(part)) this.#keys.set(part, new Map());
    return this.#keys.get(part)!;
  }

  /** A control's embedded picture as each entry of a batch sees it. */
  of(control: Control, { entries, height, width, origins }: Batch): Tensor {
    const { graph } = this;
    const embedded = this.#embedded.get(control) ?? this.#embed(control);
    const key = `${this.#indexOf(control)} ${height}×${width} ${origins.join(" ")}`;
    let windows = this.#windows.get(key);
    if (!windows) {
      const places = graph.constant("origins", Uint32Array.from(origins.flat()));
      const cut = windowsOf(graph, embedded, { batch: entries.length, height, width, origins: places });
      this.#windows.set(key, windows = graph.output(cut));
    }
    return windows;
  }

  #embed(control: Control): Tensor {
    const { part: { network, weights }, picture } = control;
    const tensor = this.graph.input("control picture", [1, picture.height, picture.width, padChannels(3)]);
    this.pictures.push({ tensor, picture });
    const embedded = network.embed(this.graph, weights, tensor);
    this.#embedded.set(control, embedded);
    return embedded;
  }

  #indexOf(control: Control): number {
    return [...this.#embedded.keys()].indexOf(control);
  }
}

/** Where the text of each prompt stands in the context at a step. */
function rowsAt({ context, wording }: Pick<Drawing, "context" | "wording">, step: number): ContextRows {
  return { get: (key) => context.rows.get(key === ABSENT ? key : wording.at(key, step)) };
}

/** A compiled backbone. */
export class Denoiser implements Disposable {
  /** How often the network was asked so far. */
  #evaluations = 0;
  #step = 0;
  /** The phase whose prompts are in place. */
  #entered = -1;

  private constructor(
    readonly device: Device,
    readonly drawing: Drawing,
    readonly programs: readonly (Program | StreamedProgram)[],
    readonly shown: Tensor | undefined,
    readonly evaluations: readonly Evaluate<Slot>[],
    readonly entering: readonly ((step: number) => void)[],
  ) {}

  /**
   * Records, compiles, and computes all that depends on the prompts only.
   * @param encoding what the device may still be at
   * @param values what an inpainting network is shown beside latents [height, width, channels padded to 4]
   */
  static async create(
    model: Model,
    drawing: Drawing,
    latents: DeviceLatents,
    encoding: Pick<Encoding, "encoded">,
    values?: Float32Array,
    signal?: AbortSignal,
  ): Promise<Denoiser> {
    const { device, backbone: { network } } = model;
    const { settings, context, offload, stages } = drawing;
    const shown = shownTensor(model, latents.size);
    const recorded = recordSampling(model, latents.tensor, shown, drawing);
    const stream = offload === "stream" ? model.streamOf(stages.sampling, signal) : undefined;
    const programs: (Program | StreamedProgram)[] = [];
    let entering: ((step: number) => void)[];
    const written = new Map<Tensor, Float32Array | Uint32Array>();
    /** Writes what is not there already: most prompts never change. */
    const write = (tensor: Tensor, data: Float32Array | Uint32Array<ArrayBuffer>) => {
      if (written.get(tensor)?.every((value, i) => value === data[i])) return;
      written.set(tensor, data);
      if (data instanceof Uint32Array) writeTensor(device, tensor, data);
      else writeFloats(device, tensor, data);
    };
    try {
      if (shown) writeFloats(device, placeAlone(device, shown), values!);
      for (const graph of [recorded.prompts, recorded.sampling]) {
        programs.push(await (stream ? graph.compileStreamed(stream, signal) : graph.compile(signal)));
      }
      for (const { tensor, picture } of recorded.pictures) {
        writeFloats(device, tensor, Float32Array.from(picture.data, (level) => level / 255));
      }
      const zero = zeroPrompt(model);
      const encoded = await encoding.encoded;
      const embedding = (key: PromptKey) => key === ABSENT ? zero : encoded.get(key)!;
      const states = new Float32Array(context.tokens * network.contextDim);
      context.rows.forEach(({ start }, key) => states.set(embedding(key).states, start * network.contextDim));
      writeFloats(device, recorded.context, states);
      const { height, width, crop = [0, 0], originalSize = [height, width], targetSize = [height, width] } = settings;
      const sizes = [...originalSize, ...crop, ...targetSize];
      entering = recorded.phases.map(({ inputs }) => (step: number) => {
        for (const { batch, entry, table } of inputs) {
          write(table, sightWords(batch.sights(rowsAt(drawing, step))));
          for (const [name, tensor] of Object.entries(entry)) {
            const { of } = network.entryVectors[name];
            const at = (key: PromptKey) => embedding(key === ABSENT ? key : drawing.wording.at(key, step));
            const rows = batch.entries.map(({ pooled }) => of({ pooled: at(pooled).pooled, sizes }));
            write(tensor, Float32Array.from(rows.flatMap((row) => [...row])));
          }
        }
      });
      model.expectOpen();
      await programs[0].run();
    } catch (error) {
      programs.forEach((program) => program.destroy());
      if (shown) releasePlace(device, shown);
      throw error;
    }
    const evaluations = recorded.phases.map(
      ({ section, inputs }): Evaluate<Slot> => async (x, { timestep, inputScale }) => {
        const out = latents.take();
        writeTensor(device, recorded.call, callWords({ slot: x, scale: inputScale, out }));
        for (const [name, { of }] of Object.entries(network.stepVectors)) {
          const vector = of({ timestep, guidance: settings.cfgScale });
          for (const { batch, step } of inputs) writeFloats(device, step[name], repeat(vector, batch.entries.length));
        }
        await programs[1].run(section);
        return out;
      },
    );
    const denoiser = new Denoiser(device, drawing, programs, shown, evaluations, entering);
    denoiser.enter(0);
    return denoiser;
  }

  /** The guided prediction, by the phase that the evaluations so far have come to. */
  readonly evaluate: Evaluate<Slot> = (x, call) => {
    const phase = this.#phase();
    if (this.#entered !== phase) this.enter(this.#step);
    this.#evaluations++;
    return this.evaluations[phase](x, call);
  };

  /** The prediction for the negative prompts alone that came with the last, where a sampler wants it. */
  get negative(): (() => Slot) | undefined {
    return this.drawing.phases[0].batches[0].negativeShare && (() => NEGATIVE_SLOT);
  }

  /** Says which step comes next, and writes what the prompts say in it. */
  enter(step: number): void {
    this.#step = step;
    this.#entered = this.#phase();
    this.entering[this.#entered](step);
  }

  #phase(): number {
    const { phases } = this.drawing;
    const phase = phases.findIndex(({ until }) => this.#evaluations < until);
    return phase < 0 ? phases.length - 1 : phase; // behind the last step
  }

  /** Frees the activations. */
  [Symbol.dispose](): void {
    this.programs.forEach((program) => program.destroy());
    if (this.shown) releasePlace(this.device, this.shown);
  }
}

function repeat(row: Float32Array, count: number): Float32Array {
  const out = new Float32Array(row.length * count);
  for (let i = 0; i < count; i++) out.set(row, i * row.length);
  return out;
}
