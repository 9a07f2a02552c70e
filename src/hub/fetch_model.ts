/**
 * What `--model` may be: a path, a name on the hub, or the URL of a file. What fetches is loaded only where there is
 * something to fetch.
 *
 * @module
 */
import { exists } from "../files/byte_file.ts";
import type { HubOptions } from "./hub.ts";

const NAME = /^([\w-][\w.-]*\/[\w-][\w.-]*)(?:\/([\w./-]+\.(?:safetensors|gguf|ckpt)))?(?:@([\w.-]+))?$/;

/**
 * A path on this disk for what a user named: an existing path stays as it is, `owner/name` (or
 * `owner/name/file.safetensors`, each with `@revision`) and URLs are downloaded unless they are in the cache. A URL may
 * end in `#sha256=…`, which its file must then have.
 * @throws UsageError for an address that is none, ModelError where it cannot be had
 */
export async function fetchModel(model: string, options: HubOptions = {}): Promise<string> {
  if (/^https?:/i.test(model)) return await (await import("./fetch_url.ts")).fetchUrl(model, options);
  if (await exists(model)) return model;
  const name = model.match(NAME);
  if (!name) return model;
  const [, repository, file, revision = "main"] = name;
  const { fetchFromHub } = await import("./hub.ts");
  return await fetchFromHub({ repository, file, revision }, options);
}
