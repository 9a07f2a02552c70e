/**
 * Models by name from the Hugging Face hub, in the cache layout its own libraries use: `blobs/<hash>`,
 * `snapshots/<commit>/<file>` as links to them, `refs/<revision>`. Our own client, because @huggingface/hub 2.17
 * neither resumes a download nor checks its hash, and does not know HF_HUB_OFFLINE.
 *
 * @module
 */
import { brief, briefText } from "../brief.ts";
import { dirname } from "../deps/path.ts";
import { ModelError, UsageError } from "../errors.ts";
import { exists, fileError } from "../files/byte_file.ts";
import { cacheHome } from "../files/cache_home.ts";
import { type Environment, valueOf } from "../files/environment.ts";
import { keepSecret, publicText } from "../secrets.ts";
import { download, type DownloadOptions, type Expected } from "./download.ts";
import { neededFiles } from "./hub_files.ts";
import { readText } from "../files/json_file.ts";
import { BYTES_OF, COUNT_OF } from "../limits.ts";
import { HopelessError, request, type RequestOptions, textOf } from "./request.ts";

/** What of the hub a user asks for. */
export interface HubModel {
  /** "owner/name" */
  repository: string;
  /** Branch, tag or commit. */
  revision: string;
  /** One file of it, instead of what a diffusers model needs. */
  file?: string;
}

/** How to fetch from the hub. */
export interface HubOptions extends DownloadOptions {
  env?: Environment;
  variant?: string;
}

interface RemoteFile extends Expected {
  path: string;
}

/**
 * The folder (or file) of a model on this disk, downloaded where it is not there yet.
 * @throws ModelError naming the repository and what went wrong
 */
export async function fetchFromHub(model: HubModel, options: HubOptions = {}): Promise<string> {
  const env = options.env ?? Deno.env.get;
  if (!/^[\w-][\w.-]*$/.test(model.revision)) {
    throw new ModelError(
      `${brief(model.revision)} is no revision of ${model.repository} that can be kept in the cache.`,
    );
  }
  const folder = `${hubCache(env)}/models--${model.repository.replace("/", "--")}`;
  if (isOffline(env)) return await cached(folder, model, options.variant);

  const endpoint = endpointOf(env);
  const token = valueOf(env, "HF_TOKEN") ?? await savedToken(env);
  keepSecret(token);
  const headers: Record<string, string> = token ? { authorization: `Bearer ${token}` } : {};
  const { commit, files } = await listRepository(endpoint, model, { ...options, headers });
  const names = files.map(({ path }) => path);
  const needed = model.file ? [model.file] : neededFiles(model.repository, names, options.variant);
  const missing = needed.find((path) => !names.includes(path));
  if (missing) throw new ModelError(`${model.repository} has no file ${missing}.`);

  const snapshot = `${folder}/snapshots/${commit}`;
  const wanted = files.filter(({ path }) => needed.includes(path));
  const totalBytes = wanted.reduce((sum, { size = 0 }) => sum + size, 0);
  let before = 0;
  for (const file of wanted) {
    const url = `${endpoint}/${model.repository}/resolve/${commit}/${
      file.path.split("/").map(encodeURIComponent).join("/")
    }`;
    const done = before;
    await fetchFile(url, file, folder, snapshot, {
      ...options,
      headers,
      onProgress: options.onProgress && ((progress) => {
        const doneBytes = done + progress.doneBytes;
        const secondsLeft = (totalBytes - doneBytes) / progress.bytesPerSecond;
        options.onProgress!({ ...progress, file: file.path, doneBytes, totalBytes, secondsLeft });
      }),
    });
    before += file.size ?? 0;
  }
  // Written last: a revision points to a commit only once all of it is here.
  await makeFolder(`${folder}/refs`);
  await Deno.writeTextFile(`${folder}/refs/${model.revision}`, commit);
  return only(snapshot, needed);
}

/** A model file alone is the model; else the folder around the files. */
function only(snapshot: string, needed: string[]): string {
  return needed.includes("model_index.json") ? snapshot : `${snapshot}/${needed[0]}`;
}

/** Where the hub's libraries keep what they downloaded. */
export function hubCache(env: Environment): string {
  return valueOf(env, "HF_HUB_CACHE") ?? `${hubHome(env)}/hub`;
}

function hubHome(env: Environment): string {
  return valueOf(env, "HF_HOME") ?? `${cacheHome(env)}/huggingface`;
}

/** Whether nothing may be downloaded. */
export function isOffline(env: Environment): boolean {
  return /^(1|on|yes|true)$/i.test(env("HF_HUB_OFFLINE") ?? "");
}

/** Where the hub is, without a slash at its end. @throws UsageError where HF_ENDPOINT is no address */
export function endpointOf(env: Environment): string {
  const said = valueOf(env, "HF_ENDPOINT") ?? "https://huggingface.co";
  const url = URL.parse(said);
  if (!url || !/^https?:$/.test(url.protocol)) {
    throw new UsageError(`HF_ENDPOINT is ${brief(said)}, which is no address such as https://huggingface.co.`);
  }
  return said.replace(/\/+$/, "");
}

async function makeFolder(path: string): Promise<void> {
  await Deno.mkdir(path, { recursive: true }).catch((error) => {
    throw fileError(path, error);
  });
}

async function savedToken(env: Environment): Promise<string | undefined> {
  const path = `${hubHome(env)}/token`;
  return await exists(path) ? (await readText(path)).trim() || undefined : undefined;
}

/** Offline: a snapshot that holds all it needs, or an error. */
async function cached(folder: string, { repository, revision, file }: HubModel, variant?: string): Promise<string> {
  const ref = `${folder}/refs/${revision}`;
  const commit = await exists(ref) ? (await readText(ref)).trim() : revision;
  const snapshot = `${folder}/snapshots/${commit}`;
  const incomplete = (what: string) =>
    new ModelError(`${repository} is not complete in the cache (${what}), and HF_HUB_OFFLINE forbids to download it.`);
  if (!await exists(snapshot)) throw incomplete(`${snapshot} does not exist`);
  const names = await listTree(snapshot);
  const needed = file ? [file] : neededFiles(repository, names, variant);
  for (const path of needed) if (!await exists(`${snapshot}/${path}`)) throw incomplete(`${path} is missing`);
  return only(snapshot, needed);
}

async function listTree(folder: string, prefix = ""): Promise<string[]> {
  const names: string[] = [];
  for await (const { name, isDirectory } of Deno.readDir(`${folder}/${prefix}`)) {
    names.push(...(isDirectory ? await listTree(folder, `${prefix}${name}/`) : [prefix + name]));
  }
  return names;
}

async function listRepository(endpoint: string, model: HubModel, options: RequestOptions) {
  const { repository, revision } = model;
  const url = `${endpoint}/api/models/${repository}/revision/${encodeURIComponent(revision)}?blobs=true`;
  const say = (what: string, cause?: unknown) => {
    const place = `${repository} is no path on this disk, and cannot be had from ${publicText(endpoint)}`;
    return new ModelError(`${place}: ${what}.`, { cause });
  };
  let answer: unknown;
  try {
    const response = await request(url, options);
    const { status } = response;
    if (!response.ok) await response.body?.cancel();
    if (status === 401 || status === 403) {
      throw say(
        "it is private, gated or does not exist. If it is gated, accept its terms on its page and set HF_TOKEN",
      );
    }
    if (status === 404) throw say(`there is no such repository or revision "${revision}"`);
    if (!response.ok) throw say(`the server answered with status ${status}`);
    answer = JSON.parse(await textOf(response, BYTES_OF.listing, options));
  } catch (error) {
    options.signal?.throwIfAborted();
    if (error instanceof ModelError && !(error instanceof HopelessError)) throw error;
    if (error instanceof Deno.errors.NotCapable) throw say("run Deno with --allow-net", error);
    if (!(error instanceof SyntaxError)) {
      const why = error instanceof HopelessError ? error.reason : (error as Error).message;
      throw say(`${why}. If it was downloaded before, set HF_HUB_OFFLINE=1`, error);
    }
  }
  const { sha, siblings } = (answer ?? {}) as Record<string, unknown>;
  if (typeof sha !== "string" || !/^[0-9a-f]{40}$/.test(sha) || !Array.isArray(siblings)) {
    throw say("the server's answer is not the hub's (expected sha and siblings)");
  }
  if (siblings.length > COUNT_OF.files) throw say(`it has ${siblings.length} files`);
  return { commit: sha, files: siblings.map((entry) => remoteFile(entry, say)) };
}

/** Names and hashes come from outside and become paths: anything that could leave the cache is refused. */
function remoteFile(entry: Record<string, unknown> | null, say: (what: string) => ModelError): RemoteFile {
  const { rfilename, size, blobId, lfs } = entry ?? {};
  const large = lfs as { sha256?: unknown; oid?: unknown; size?: unknown } | undefined;
  const path = String(rfilename);
  if (
    path.split("/").some((part) => part === "" || part === "." || part === "..") || /[\\\p{Cc}]/u.test(path) ||
    path.length > COUNT_OF.name
  ) {
    throw say(`it has a file called ${brief(rfilename)}`);
  }
  const kind = large ? "sha256" : "git";
  const value = String(large ? large.sha256 ?? large.oid : blobId);
  if (!(large ? /^[0-9a-f]{64}$/ : /^[0-9a-f]{40}$/).test(value)) {
    throw say(`it gives ${briefText(path)} the hash ${brief(value)}`);
  }
  const bytes = large?.size ?? size;
  return { path, size: Number.isSafeInteger(bytes) ? bytes as number : undefined, hash: { kind, value } };
}

async function fetchFile(url: string, file: RemoteFile, folder: string, snapshot: string, options: DownloadOptions) {
  const link = `${snapshot}/${file.path}`;
  if (await exists(link)) return;
  const blob = `${folder}/blobs/${file.hash!.value}`;
  await makeFolder(`${folder}/blobs`);
  await makeFolder(dirname(link));
  if (!await exists(blob)) await download(url, blob, file, options);
  await place(blob, link, `${"../".repeat(file.path.split("/").length + 1)}blobs/${file.hash!.value}`);
}

/**
 * Gives a link its name in one step: another process may be about to do the same, and half a copy must not look whole.
 */
async function place(blob: string, link: string, target: string): Promise<void> {
  const part = `${link}.${crypto.randomUUID().slice(0, 8)}.part`;
  try {
    // Where links are forbidden (Windows), the hub's libraries copy too.
    await Deno.symlink(target, part).catch(() => Deno.copyFile(blob, part));
    await Deno.rename(part, link); // also in the place of a link whose blob was deleted
  } finally {
    await Deno.remove(part).catch(() => {}); // it is gone where all went well
  }
}
