/**
 * The adapters of a model: found by name or path, opened once, closed with it.
 *
 * @module
 */
import { briefText } from "../brief.ts";
import { basename, dirname, join } from "../deps/path.ts";
import { didYouMean } from "../did_you_mean.ts";
import { UsageError } from "../errors.ts";
import { exists, filesWithin } from "../files/byte_file.ts";
import { dataHome } from "../files/data_home.ts";
import { WEIGHTS } from "../model/find_models.ts";
import { once } from "../once.ts";
import { Adapter, type Bases } from "./adapter_file.ts";

/** Where adapters are looked up by name, where nobody says: the model folder's `loras`, then the user's data folder. */
export function loraFolders(model: string, isFolder: boolean): string[] {
  const beside = join(isFolder ? model : dirname(model), "loras");
  const home = dataHome();
  return [beside, ...(home === undefined ? [] : [join(home, "rpg", "loras")])];
}

/** Adapters by name. */
export class AdapterShelf {
  /** Files that go before the folders, by their names. */
  readonly #given = new Map<string, string>();
  readonly #open = new Map<string, Promise<Adapter>>();

  /** @param folders to look names up in, the first that has one counts */
  constructor(readonly bases: Bases, readonly folders: readonly string[]) {}

  /** Names a file, wherever it is: it goes before those of the folders. */
  add(path: string): void {
    this.#given.set(nameOf(path), path);
  }

  /**
   * Opens the adapter with this name.
   * @throws UsageError where there is none, ModelError where it does not fit the model
   */
  async find(name: string): Promise<Adapter> {
    return await this.#opened(await this.#placeOf(name));
  }

  /** The adapter that settings name: an open one with this hash, wherever it lies, or else the one with this name. */
  async named({ name, hash }: { name: string; hash: string }): Promise<Adapter> {
    for (const opening of this.#open.values()) {
      const adapter = await opening.catch(() => undefined);
      if (adapter?.hash === hash) return adapter;
    }
    return await this.find(name);
  }

  /** Opens the adapter with this path, or else with this name. @throws as {@linkcode AdapterShelf.find} */
  async open(path: string): Promise<Adapter> {
    return await this.#opened(await exists(path) ? path : await this.#placeOf(path));
  }

  /** Closes their files. */
  close(): void {
    for (const adapter of this.#open.values()) adapter.then((opened) => opened.close(), () => {});
    this.#open.clear();
  }

  #opened(path: string): Promise<Adapter> {
    return once(this.#open, path, () => Adapter.open(path, this.bases));
  }

  async #placeOf(name: string): Promise<string> {
    const given = this.#given.get(nameOf(name));
    if (given !== undefined) return given;
    const places = await listed(this.folders); // each time: files come while a model is open
    const place = places.get(nameOf(name));
    if (place !== undefined) return place;
    const names = [...places.keys()];
    throw new UsageError(
      `There is no LoRA ${briefText(name)} in ${this.folders.join(" or ") || "any folder"}.${
        didYouMean(nameOf(name), names)
      } ` +
        "Say where it is with --lora FILE=WEIGHT or --lora-dir DIR.",
    );
  }
}

/** A name for looking up: no folder, no ending, no capitals. */
export function nameOf(path: string): string {
  return basename(path.replaceAll("\\", "/")).replace(WEIGHTS, "").toLowerCase();
}

async function listed(folders: readonly string[]): Promise<Map<string, string>> {
  const places = new Map<string, string>();
  for (const folder of folders) {
    if (!await exists(folder)) continue;
    for (const file of await filesWithin(folder)) {
      if (WEIGHTS.test(file) && !places.has(nameOf(file))) places.set(nameOf(file), join(folder, file));
    }
  }
  return places;
}
