/**
 * What `--model` may be: a path, a name on the hub, or the URL of a file.
 *
 * @module
 */
import { createHash } from "node:crypto";
import { ModelError } from "../errors.ts";
import { announced, askedHash } from "./announced.ts";
import { exists } from "../files/byte_file.ts";
import { download } from "./download.ts";
import { fetchFromHub, hubCache, type HubModel, type HubOptions } from "./hub.ts";

const NAME = /^([\w-][\w.-]*\/[\w-][\w.-]*)(?:\/([\w./-]+\.(?:safetensors|ckpt)))?(?:@([\w.-]+))?$/;
const HUB_URL = /^\/([\w.-]+\/[\w.-]+)(?:\/(?:resolve|blob)\/([^/]+)\/(.+))?\/?$/;

/**
 * A path on this disk for what a user named: an existing path stays as it is, `owner/name` (or `owner/name/file.safetensors`, each
 * with `@revision`) and URLs are downloaded unless they are in the cache. A URL may end in `#sha256=…`, which its file must then have.
 * @throws ModelError
 */
export async function fetchModel(model: string, options: HubOptions = {}): Promise<string> {
  if (/^https?:\/\//i.test(model)) return await fetchUrl(new URL(model), options);
  if (await exists(model)) return model;
  const name = model.match(NAME);
  if (!name) return model;
  const [, repository, file, revision = "main"] = name;
  return await fetchFromHub({ repository, file, revision }, options);
}

async function fetchUrl(url: URL, options: HubOptions): Promise<string> {
  const env = options.env ?? Deno.env.get;
  const local = ["localhost", "127.0.0.1", "[::1]"].includes(url.hostname);
  if (url.protocol !== "https:" && !local) throw new ModelError(`${url} is not encrypted; use https.`);
  const onHub = hubModel(url, env("HF_ENDPOINT") ?? "https://huggingface.co");
  if (onHub) return await fetchFromHub(onHub, options);
  const file = decodeURIComponent(url.pathname.split("/").pop() ?? "");
  if (!/^[^/\\]+\.(safetensors|ckpt|pt)$/i.test(file)) {
    throw new ModelError(`${url} does not end in a model file's name (.safetensors, .ckpt or .pt).`);
  }
  const asked = askedHash(url);
  const folder = `${hubCache(env)}/urls/${createHash("sha256").update(url.href).digest("hex").slice(0, 16)}`;
  const path = `${folder}/${file}`;
  if (await exists(path)) return path;
  if (/^(1|on|yes|true)$/i.test(env("HF_HUB_OFFLINE") ?? "")) {
    throw new ModelError(`${url} is not in the cache, and HF_HUB_OFFLINE forbids to download it.`);
  }
  await Deno.mkdir(folder, { recursive: true });
  const { size, hash } = await announced(url, options.signal);
  await download(url.href, path, { size, hash: asked ?? hash }, options);
  return path;
}

/** A page or file address of the hub as what it names there. */
function hubModel(url: URL, endpoint: string): HubModel | undefined {
  const match = url.origin === new URL(endpoint).origin ? url.pathname.match(HUB_URL) : null;
  if (!match) return undefined;
  const [, repository, revision = "main", file] = match;
  return { repository, revision: decodeURIComponent(revision), file: file && decodeURIComponent(file) };
}
