/**
 * Opens a model, whatever its container: `openCheckpoint` is the door, `Checkpoint` what the rest of the program sees.
 *
 * @module
 */
import { UsageError } from "../errors.ts";
import { publicName } from "../secrets.ts";
import { clipTokenizer } from "../text/tokenizer.ts";
import { isFolder } from "../files/byte_file.ts";
import type { DownloadProgress } from "../hub/download.ts";
import { checkTables } from "./check_config.ts";
import { fetchModel } from "../hub/fetch_model.ts";
import { WEIGHTS } from "./find_models.ts";
import { openFolder } from "./folder.ts";
import type { Checkpoint, Parts } from "./parts.ts";
import { EDM_LATENTS, predictionOf, presetByModelName, presetByName, PRESETS } from "./preset.ts";
import type { Told } from "./single_file_preset.ts";

/** What a user may overrule. */
export interface OpenOptions {
  /** A preset's name, or "auto". */
  preset?: string;
  /** A file or folder whose UNet replaces the model's. */
  unet?: string;
  /** A file or folder whose VAE replaces the model's. */
  vae?: string;
  /** What the UNet predicts: "eps", "v", or "auto" for what was detected. */
  prediction?: "auto" | "eps" | "v";
  /** Rescale the schedule to a zero terminal signal-to-noise ratio. */
  zsnr?: boolean;
  /** A textual inversion file, or a folder of them, for `embedding:name` in prompts. */
  embeddings?: string;
  /** Weight files to prefer in folders, such as "fp16". */
  variant?: string;
  /** Called while a model that is not on this disk comes from the hub or another site. */
  onDownload?: (progress: DownloadProgress) => void;
  /** Aborting it ends the opening and the loading: nothing stays on the device, and what was downloaded is kept. */
  signal?: AbortSignal;
}

/**
 * Opens a diffusers folder or a single file, and finds out what it is.
 * @param model a path, a name on the hub (`owner/name`, or with `/file.safetensors` or `@revision`), or the URL of a
 *   file
 * @throws ModelError where the files are missing, damaged, or no text-to-image model; UsageError for options that do
 *   not fit it
 */
export async function openCheckpoint(model: string, options: OpenOptions = {}): Promise<Checkpoint> {
  const { variant, signal, onDownload: onProgress } = options;
  const path = await fetchModel(model, { variant, signal, onProgress });
  const folder = await isFolder(path);
  const parts = folder
    ? await openFolder(path, variant)
    : await (await import("./single_file.ts")).openSingleFile(path, options.vae !== undefined, signal);
  const close = () => parts.sources.forEach((source) => source.close());
  try {
    const { family, reason } = parts;
    const name = modelName(path);
    let note: Told | undefined;
    if (options.unet) {
      const { openUnet } = await import("./unet_file.ts");
      const unet = await openUnet(await fetchModel(options.unet, { signal, onProgress }), parts, variant);
      note = unet.note;
      parts.sources.push(unet.source);
      parts.unet = unet;
      reason.push(`UNet: ${publicName(options.unet)}, as asked.`);
    }
    const { preset, scheduler } = choosePreset(parts, name, options, note);
    if (!folder && preset.name === "playground-v2.5" && !parts.vae.config.latents_mean) {
      Object.assign(parts.vae.config, EDM_LATENTS);
      reason.push("Its latents' mean and deviation are not in the file: Playground v2.5's own are taken.");
    }
    if (options.vae) {
      const { openVae } = await import("./vae_file.ts");
      const vae = await openVae(await fetchModel(options.vae, { signal, onProgress }), parts.vae.config, variant);
      parts.sources.push(vae.source);
      parts.vae = vae;
      reason.push(`VAE: ${publicName(options.vae)}, as asked.`);
    }
    if (options.embeddings) await (await import("./embeddings.ts")).addEmbeddings(parts, options.embeddings);
    parts.textEncoders.forEach(checkTables);
    signal?.throwIfAborted();
    const tokenizers = parts.vocabularies.map((vocabulary, i) => {
      const positions = parts.textEncoders[i].config.max_position_embeddings;
      const longest = typeof positions === "number" ? positions : 77;
      return clipTokenizer({ ...vocabulary, maxLength: Math.min(vocabulary.maxLength, longest) });
    });
    const { unet, vae, textEncoders, vocabularies } = parts;
    const asked = {
      preset: options.preset,
      unet: options.unet,
      vae: options.vae,
      prediction: options.prediction,
      zsnr: options.zsnr,
      embeddings: options.embeddings,
    };
    const networks = { unet, vae, textEncoders, vocabularies, tokenizers };
    return { name, family, reason, path, ...networks, scheduler, preset, asked, close };
  } catch (error) {
    close();
    throw error;
  }
}

/** The name people know a model by: of a hub snapshot the repository's, else the file's or folder's. */
export function modelName(path: string): string {
  const parts = path.replace(/\/+$/, "").split(/[\\/]/);
  const repository = parts.findLast((part) => part.startsWith("models--"));
  const last = parts[parts.length - 1];
  if (repository && /^[0-9a-f]{7,}$|^snapshots$/.test(last)) return repository.split("--").pop()!;
  return last.replace(WEIGHTS, "");
}

/** Presets that the scheduler or a prediction of ε merely hints at: a name may say more. */
const HINTS = new Set(["sd21-base", "sd-turbo", "hyper-sd15", "hyper-sdxl", "sdxl-lightning", "sdxl-turbo"]);

/**
 * A user's word counts first, then the file and name of a UNet that replaces the model's, of which the model's own
 * scheduler knows nothing; then the model's keys and config, then its name, then its family.
 */
function choosePreset(parts: Parts, name: string, options: OpenOptions, note?: Told) {
  const { family, reason } = parts;
  const asked = options.preset && options.preset !== "auto" ? presetByName(options.preset, family) : undefined;
  const unet = modelName(options.unet ?? "");
  const named = presetByModelName(unet, family);
  const noted = note && { ...PRESETS.get(note.name)!, ...(note.scheduler && { scheduler: note.scheduler }) };
  const byUnet = noted ?? (named?.name === "playground-v2.5" ? undefined : named); // whose latents are its VAE's own
  const byKeys = parts.presetName === undefined ? undefined : PRESETS.get(parts.presetName);
  const byName = presetByModelName(name, family);
  const fallback = [...PRESETS.values()].find((p) => p.family === family)!;
  // Where only the scheduler, or the spread of a bias of SD 2, gave a hint, a name says more, such as SD-Turbo's.
  const byKeysOrName = HINTS.has(byKeys?.name ?? "") && byName?.prediction === "epsilon" ? byName : byKeys ?? byName;
  const told = asked ?? byUnet;
  const known = told ?? byKeysOrName ?? fallback;
  if (asked) reason.push(`Preset ${known.name}: as asked.`);
  else if (byUnet) {
    const why = note ? `by the UNet's file, since ${note.why}` : `by the UNet's name "${unet}"`;
    reason.push(`Preset ${known.name} (${known.title}): ${why}.`);
  } else if (byKeysOrName && byKeysOrName === byName) {
    reason.push(`Preset ${known.name} (${known.title}): by the name "${name}".`);
  } else if (!byKeys) reason.push(`Preset ${known.name} (${known.title}): nothing says otherwise.`);

  const scheduler: Record<string, unknown> = { ...(told ? known.scheduler : parts.scheduler ?? known.scheduler) };
  if (options.prediction && options.prediction !== "auto") {
    if (predictionOf(scheduler) === "edm") {
      throw new UsageError(`--prediction does not apply to ${known.title}'s EDM formulation. Leave it out.`);
    }
    scheduler.prediction_type = options.prediction === "v" ? "v_prediction" : "epsilon";
    reason.push(`Predicts ${options.prediction === "v" ? "v" : "ε"}: as asked.`);
  } else {
    reason.push(
      `Predicts ${predictionOf(scheduler)}, by ${parts.scheduler && !told ? "its scheduler" : "its preset"}.`,
    );
  }
  if (options.zsnr) {
    scheduler.rescale_betas_zero_snr = true;
    scheduler.timestep_spacing = "trailing";
    reason.push("Zero terminal SNR, with trailing steps: as asked.");
  }
  const { scheduler: _, names: __, ...settings } = known;
  const { forceZerosForEmptyPrompt = settings.forceZerosForEmptyPrompt, ...own } = parts.own;
  const prediction = predictionOf(scheduler);
  // LCM's own UNets take the guidance as an input, at 8.
  const guided = !asked && parts.unet.config.time_cond_proj_dim ? { cfgScale: 8 } : {};
  const preset = { ...settings, ...(told ? {} : own), ...guided, forceZerosForEmptyPrompt, prediction };
  return { preset, scheduler };
}
