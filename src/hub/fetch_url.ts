/**
 * Model files by their addresses: on the hub, on Civitai, anywhere.
 *
 * @module
 */
import { createHash } from "../deps/node.ts";
import { brief, briefText } from "../brief.ts";
import { ModelError, UsageError } from "../errors.ts";
import { exists, fileError } from "../files/byte_file.ts";
import { valueOf } from "../files/environment.ts";
import { announced, askedHash, nameOf } from "./announced.ts";
import { download } from "./download.ts";
import { endpointOf, fetchFromHub, hubCache, type HubModel, type HubOptions, isOffline } from "./hub.ts";
import { keepSecret, publicText } from "../secrets.ts";

const HUB_URL = /^\/([\w.-]+\/[\w.-]+)(?:\/(?:resolve|blob)\/([^/]+)\/(.+))?\/?$/;
/** What a file may be called in the cache: one name, without control characters, of a model. */
const FILE = /^(?!\.)[^/\\\p{Cc}]{1,200}\.(safetensors|gguf|ckpt|pt|pth|bin)$/iu;

/** A path on this disk for an address, whose file is downloaded unless it is in the cache. */
export async function fetchUrl(address: string, options: HubOptions): Promise<string> {
  const url = parseUrl(address);
  const env = options.env ?? Deno.env.get;
  const shown = publicText(url.href);
  const local = ["localhost", "127.0.0.1", "[::1]"].includes(url.hostname);
  if (url.protocol !== "https:" && !local) throw new ModelError(`${shown} is not encrypted; use https.`);
  const onHub = hubModel(url, endpointOf(env));
  if (onHub) return await fetchFromHub(onHub, options);
  const asked = askedHash(url);
  const folder = `${hubCache(env)}/urls/${keyOf(url)}`;
  const name = nameInPath(url);
  const known = FILE.test(name) ? await exists(`${folder}/${name}`) && name : await onlyFile(folder);
  if (known) return `${folder}/${known}`;
  if (isOffline(env)) throw new ModelError(`${shown} is not in the cache, and HF_HUB_OFFLINE forbids to download it.`);
  const token = isCivitai(url, env) ? valueOf(env, "CIVITAI_TOKEN") : undefined;
  keepSecret(token);
  const headers: Record<string, string> = token ? { authorization: `Bearer ${token}` } : {};
  const asking = { signal: options.signal, silence: options.silence, headers };
  const { size, hash, name: said } = await announced(url, asking);
  const file = FILE.test(name) ? name : said ?? await nameOf(url, asking);
  if (!file || !FILE.test(file)) {
    const found = file && file !== name ? ` (it is called ${briefText(file)})` : "";
    throw new ModelError(`${shown} does not end in a model file's name${found}: .safetensors, .ckpt or .pt.`);
  }
  await Deno.mkdir(folder, { recursive: true }).catch((error) => {
    throw fileError(folder, error);
  });
  const path = `${folder}/${file}`;
  await download(url.href, path, { size, hash: asked ?? hash }, { ...options, headers });
  return path;
}

function parseUrl(text: string): URL {
  const url = URL.parse(text);
  if (!url) throw new UsageError(`${brief(text.replace(/[?#].*$/s, ""))} is no address of a file: it cannot be read.`);
  return url;
}

/** The last part of an address's path; "" where that is no text. */
function nameInPath(url: URL): string {
  try {
    return decodeURIComponent(url.pathname.split("/").pop() ?? "");
  } catch {
    throw new UsageError(`${publicText(url.href)} is no address of a file: its percent signs stand for no text.`);
  }
}

/** Names a file in the cache by its address and the hash asked of it. Who asks is no part of that. */
function keyOf(url: URL): string {
  const plain = new URL(url);
  plain.username = plain.password = "";
  for (const key of ["token", "key", "access_token"]) plain.searchParams.delete(key);
  return createHash("sha256").update(plain.href).digest("hex").slice(0, 16);
}

/** The whole file that an earlier download left in a folder. */
async function onlyFile(folder: string): Promise<string | undefined> {
  if (!await exists(folder)) return undefined;
  const names = await Array.fromAsync(Deno.readDir(folder), (entry) => entry.name);
  return names.find((name) => FILE.test(name));
}

/** Where CIVITAI_TOKEN may go, and nowhere else. */
function isCivitai(url: URL, env: (name: string) => string | undefined): boolean {
  const own = valueOf(env, "CIVITAI_ENDPOINT");
  return /(^|\.)civitai\.com$/.test(url.hostname) || own !== undefined && URL.parse(own)?.origin === url.origin;
}

/** A page or file address of the hub as what it names there. */
function hubModel(url: URL, endpoint: string): HubModel | undefined {
  const match = url.origin === new URL(endpoint).origin ? url.pathname.match(HUB_URL) : null;
  if (!match) return undefined;
  nameInPath(url);
  const [, repository, revision = "main", file] = match;
  return { repository, revision: decodeURIComponent(revision), file: file && decodeURIComponent(file) };
}
