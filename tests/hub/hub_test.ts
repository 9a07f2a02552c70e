import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { CancelledError, ModelError } from "../../src/errors.ts";
import { modelName, openCheckpoint } from "../../src/model/checkpoint.ts";
import type { DownloadProgress } from "../../src/hub/download.ts";
import { fetchModel } from "../../src/hub/fetch_model.ts";
import { neededFiles } from "../../src/hub/hub_files.ts";
import { inFolder, tinyModel } from "../model/files.ts";

const COMMIT = "0123456789abcdef0123456789abcdef01234567";

/** How the server misbehaves, and what it was asked. */
interface Server {
  env: (name: string) => string | undefined;
  url: string;
  /** File → how many bytes come before the connection is cut; once each. */
  cuts: Map<string, number>;
  /** Files sent with a byte changed. */
  damaged: Set<string>;
  token?: string;
  /** Headers beside the usual ones, for a file. */
  more: (whole: Uint8Array) => Record<string, string>;
  /** "path range" of every file request. */
  requests: string[];
  variables: Record<string, string>;
}

/** A server that speaks the hub's API for one repository, me/tiny, with these files. */
async function withHub(files: Map<string, Uint8Array>, use: (server: Server) => Promise<void>): Promise<void> {
  const cache = await Deno.makeTempDir();
  const variables: Record<string, string> = { HF_HOME: cache };
  const state: Server = {
    env: (name) => variables[name],
    url: "",
    cuts: new Map(),
    damaged: new Set(),
    more: () => ({}),
    requests: [],
    variables,
  };
  const hex = (kind: string, ...parts: (string | Uint8Array)[]) =>
    parts.reduce((h, part) => h.update(part), createHash(kind)).digest("hex");
  const sibling = ([rfilename, bytes]: [string, Uint8Array]) => ({
    rfilename,
    size: bytes.length,
    blobId: hex("sha1", `blob ${bytes.length}\0`, bytes),
    ...(/\.(safetensors|bin)$/.test(rfilename) ? { lfs: { sha256: hex("sha256", bytes), size: bytes.length } } : {}),
  });
  const handle = (request: Request): Response => {
    const { pathname } = new URL(request.url);
    if (state.token && request.headers.get("authorization") !== `Bearer ${state.token}`) {
      return new Response("", { status: 401 });
    }
    if (pathname === "/api/models/me/tiny/revision/main") {
      return Response.json({ sha: COMMIT, siblings: [...files].map(sibling) });
    }
    const name = pathname.replace(/^\/(me\/tiny\/resolve\/\w+|plain|moved)\//, "");
    const whole = files.get(name);
    if (!whole) return new Response("", { status: 404 });
    if (pathname.startsWith("/moved/")) { // as the hub sends large files to its store
      const headers = { location: `/plain/${name}`, "x-linked-etag": `"${hex("sha256", whole)}"` };
      return new Response("", { status: 302, headers });
    }
    const bytes = state.damaged.has(name) ? whole.with(whole.length - 1, whole[whole.length - 1] ^ 1) : whole;
    const range = request.headers.get("range");
    if (request.method !== "HEAD") state.requests.push(`${name} ${range ?? "whole"}`);
    const start = Number(range?.match(/^bytes=(\d+)-$/)?.[1] ?? 0);
    const headers = {
      "content-length": String(bytes.length - start),
      "content-range": `bytes ${start}-${bytes.length - 1}/${bytes.length}`,
      etag: `"${hex("md5", bytes)}"`,
      ...state.more(whole),
    };
    if (request.method === "HEAD") return new Response(null, { headers });
    const cut = state.cuts.get(name);
    state.cuts.delete(name);
    const body = cut === undefined ? bytes.slice(start) : new ReadableStream({
      start(controller) {
        controller.enqueue(bytes.slice(start, start + cut));
        setTimeout(() => controller.error(new Error("cut")), 20);
      },
    });
    return new Response(body, { status: range ? 206 : 200, headers });
  };
  const server = Deno.serve({
    port: 0,
    hostname: "127.0.0.1",
    onListen() {},
    onError: () => new Response("", { status: 500 }),
  }, handle);
  state.url = `http://127.0.0.1:${server.addr.port}`;
  variables.HF_ENDPOINT = state.url;
  try {
    await use(state);
  } finally {
    await server.shutdown();
    await Deno.remove(cache, { recursive: true });
  }
}

async function filesOf(folder: string, prefix = ""): Promise<Map<string, Uint8Array>> {
  const files = new Map<string, Uint8Array>();
  for await (const { name, isDirectory } of Deno.readDir(`${folder}/${prefix}`)) {
    if (isDirectory) { for (const [path, bytes] of await filesOf(folder, `${prefix}${name}/`)) files.set(path, bytes); }
    else files.set(prefix + name, await Deno.readFile(`${folder}/${prefix}${name}`));
  }
  return files;
}

const waits = [1, 1, 1];
const one = (name: string, size = 300_000) =>
  new Map([[name, Uint8Array.from({ length: size }, (_, i) => i * 7 % 251)]]);

Deno.test("owner/name: what the model needs lands in the cache's layout, opens, and is not fetched twice", async () => {
  const files = await filesOf(tinyModel("sdxl"));
  files.set("README.md", new Uint8Array(9)).set("unet/diffusion_pytorch_model.bin", new Uint8Array(9)).set(
    "unet/model.onnx",
    new Uint8Array(9),
  );
  await withHub(files, async (hub) => {
    const seen: DownloadProgress[] = [];
    const path = await fetchModel("me/tiny", { env: hub.env, onProgress: (p) => seen.push(p) });
    assert.equal(path, `${hub.variables.HF_HOME}/hub/models--me--tiny/snapshots/${COMMIT}`);
    const names = hub.requests.map((request) => request.split(" ")[0]);
    assert.ok(names.includes("unet/diffusion_pytorch_model-00002-of-00003.safetensors"));
    assert.ok(!names.some((name) => /README|\.bin|onnx/.test(name)), names.join());
    assert.match(await Deno.readLink(`${path}/unet/config.json`), /^\.\.\/\.\.\/\.\.\/blobs\/[0-9a-f]{40}$/);
    assert.equal(await Deno.readTextFile(`${path}/../../refs/main`), COMMIT);
    assert.equal(seen.at(-1)!.doneBytes, seen.at(-1)!.totalBytes);
    const model = await openCheckpoint(path);
    assert.deepEqual([model.name, model.family], ["tiny", "sdxl"]);
    model.close();
    const before = hub.requests.length;
    await fetchModel("me/tiny@main", { env: hub.env });
    assert.equal(hub.requests.length, before);
    hub.variables.HF_HUB_OFFLINE = "1";
    hub.variables.HF_ENDPOINT = "http://127.0.0.1:1";
    assert.equal(await fetchModel("me/tiny", { env: hub.env }), path);
    await Deno.remove(`${path}/vae/config.json`);
    await assert.rejects(async () => await openCheckpoint(await fetchModel("me/tiny", { env: hub.env })), ModelError);
    await assert.rejects(fetchModel("me/other", { env: hub.env }), /not complete in the cache.*HF_HUB_OFFLINE/);
  });
});

Deno.test("runs at the same time bring a model once, and all of them have it", async () => {
  const files = await filesOf(tinyModel("sd1"));
  await withHub(files, async ({ env, requests }) => {
    const [path, ...others] = await Promise.all([1, 2, 3, 4].map(() => fetchModel("me/tiny", { env, waits })));
    assert.deepEqual(others, [path, path, path]);
    assert.deepEqual(requests, [...new Set(requests)]);
    const here = await filesOf(path);
    assert.equal(here.size, requests.length);
    const blobs = await Array.fromAsync(Deno.readDir(`${path}/../../blobs`), ({ name }) => name);
    assert.deepEqual(blobs.filter((name) => name.endsWith(".incomplete")), []);
    for (const [name, bytes] of here) assert.deepEqual(bytes, files.get(name), name);
  });
  await withHub(one("a.safetensors"), async ({ env, damaged }) => {
    damaged.add("a.safetensors");
    const runs = [1, 2, 3].map(() => assert.rejects(fetchModel("me/tiny", { env, waits }), /arrived damaged/));
    await Promise.all(runs);
  });
});

Deno.test("a cut connection is taken up where it broke, in the same run and in the next", async () => {
  const files = one("m.safetensors");
  await withHub(files, async (hub) => {
    hub.cuts.set("m.safetensors", 100_000);
    const path = await fetchModel("me/tiny", { env: hub.env, waits });
    assert.deepEqual(hub.requests, ["m.safetensors whole", "m.safetensors bytes=100000-"]);
    assert.deepEqual(await Deno.readFile(path), files.get("m.safetensors"));
  });
  await withHub(files, async (hub) => {
    hub.cuts.set("m.safetensors", 70_000);
    await assert.rejects(
      fetchModel("me/tiny", { env: hub.env, waits: [] }),
      /could not be downloaded.*goes on where it stopped/,
    );
    const blobs = `${hub.variables.HF_HOME}/hub/models--me--tiny/blobs`;
    const left = await Array.fromAsync(Deno.readDir(blobs), ({ name }) => name);
    assert.ok(left.length === 1 && left[0].endsWith(".incomplete"), left.join());
    const path = await fetchModel("me/tiny", { env: hub.env, waits });
    assert.equal(hub.requests.at(-1), "m.safetensors bytes=70000-");
    assert.deepEqual(await Deno.readFile(path), files.get("m.safetensors"));
  });
});

Deno.test("a wrong hash is refused, nothing stays, and the next try starts anew", async () => {
  for (const name of ["m.safetensors", "m.ckpt"]) { // sha256, and git's sha1
    const files = one(name);
    await withHub(files, async (hub) => {
      hub.damaged.add(name);
      await assert.rejects(fetchModel("me/tiny", { env: hub.env, waits }), /arrived damaged.*hash/);
      assert.deepEqual(await Array.fromAsync(Deno.readDir(`${hub.variables.HF_HOME}/hub/models--me--tiny/blobs`)), []);
      hub.damaged.clear();
      assert.deepEqual(await Deno.readFile(await fetchModel("me/tiny", { env: hub.env })), files.get(name));
    });
  }
});

Deno.test("gated, missing and strange repositories are refused with the way out", async () => {
  await withHub(one("m.safetensors", 10), async (hub) => {
    await assert.rejects(
      fetchModel("me/nothing", { env: hub.env }),
      /me\/nothing is no path on this disk.*no such repository/,
    );
    await assert.rejects(fetchModel("me/tiny/other.safetensors", { env: hub.env }), /has no file other/);
    hub.token = "secret";
    await assert.rejects(fetchModel("me/tiny", { env: hub.env }), /gated.*HF_TOKEN/);
    hub.variables.HF_TOKEN = "secret";
    assert.match(await fetchModel("me/tiny", { env: hub.env }), /m\.safetensors$/);
    hub.variables.HF_ENDPOINT = "http://127.0.0.1:1";
    await assert.rejects(
      fetchModel("me/tiny", { env: hub.env }),
      /cannot be had from http:\/\/127\.0\.0\.1:1.*HF_HUB_OFFLINE/,
    );
  });
  await withHub(new Map([["../../evil.safetensors", new Uint8Array(3)]]), async (hub) => {
    await assert.rejects(fetchModel("me/tiny", { env: hub.env }), /a file called "\.\.\/\.\.\/evil/);
  });
});

Deno.test("a plain URL: downloaded once, cut connections resumed, other files refused", async () => {
  const files = one("m.safetensors").set("page.html", new Uint8Array(3));
  await withHub(files, async (hub) => {
    hub.variables.HF_ENDPOINT = "https://hub.invalid";
    hub.cuts.set("m.safetensors", 100_000);
    const path = await fetchModel(`${hub.url}/plain/m.safetensors`, { env: hub.env, waits });
    assert.deepEqual(hub.requests, ["m.safetensors whole", "m.safetensors bytes=100000-"]);
    assert.deepEqual(await Deno.readFile(path), files.get("m.safetensors"));
    assert.equal(await fetchModel(`${hub.url}/plain/m.safetensors`, { env: hub.env }), path);
    await assert.rejects(fetchModel(`${hub.url}/plain/page.html`, { env: hub.env }), /model file's name/);
    await assert.rejects(fetchModel(`${hub.url}/plain/x.ckpt`, { env: hub.env }), /does not exist \(status 404\)/);
    await assert.rejects(fetchModel("http://example.com/m.ckpt", { env: hub.env }), /use https/);
  });
});

Deno.test("a plain URL's hash is checked: the one its user gives, else the one its server announces", async () => {
  const files = one("m.safetensors");
  const bytes = files.get("m.safetensors")!;
  const digest = createHash("sha256").update(bytes);
  const base64 = digest.copy().digest("base64"), hash = digest.digest("hex");
  await withHub(files, async (hub) => {
    hub.variables.HF_ENDPOINT = "https://hub.invalid";
    const get = (path: string) => fetchModel(`${hub.url}${path}`, { env: hub.env, waits: [] });
    const plain = "/plain/m.safetensors";
    await assert.rejects(get(`${plain}#sha256=12ab`), /"12ab" is no SHA-256/);
    await assert.rejects(get(`${plain}#sha256=${hash.replace(/^./, (c) => c === "0" ? "1" : "0")}`), /arrived damaged/);
    assert.deepEqual(await Deno.readFile(await get(`${plain}#sha256=${hash.toUpperCase()}`)), bytes);

    hub.damaged.add("m.safetensors");
    await assert.rejects(get("/moved/m.safetensors"), /arrived damaged.*hash/);
    const announcements: Record<string, string>[] = [
      { "repr-digest": `sha-512=:AAAA:, sha-256=:${base64}:` },
      { digest: `SHA-256=${base64}` },
      { "x-amz-checksum-sha256": base64 },
      { etag: `"${hash}"` },
    ];
    for (const headers of announcements) {
      hub.more = () => headers;
      await assert.rejects(get(plain), /arrived damaged.*hash/, JSON.stringify(headers));
    }
    hub.more = () => ({});
    hub.cuts.set("m.safetensors", 100_000);
    await assert.rejects(get(plain), /could not be downloaded.*Start again\.$/);
    assert.ok(await get(plain), "without a hash nobody can tell");
    assert.equal(hub.requests.at(-1), "m.safetensors whole");

    // With a hash, what came is taken up in the next run too.
    hub.damaged.clear();
    hub.cuts.set("m.safetensors", 100_000);
    await assert.rejects(get("/moved/m.safetensors"), /could not be downloaded/);
    assert.deepEqual(await Deno.readFile(await get("/moved/m.safetensors")), bytes);
    assert.equal(hub.requests.at(-1), "m.safetensors bytes=100000-");
  });
});

Deno.test("a full disk and a cancelled run keep what came and say so", async () => {
  await withHub(one("m.safetensors"), async (hub) => {
    const stop = new AbortController();
    hub.cuts.set("m.safetensors", 100_000);
    const onProgress = () => stop.abort(new CancelledError());
    await assert.rejects(fetchModel("me/tiny", { env: hub.env, signal: stop.signal, onProgress }), CancelledError);
    const blobs = `${hub.variables.HF_HOME}/hub/models--me--tiny/blobs`;
    const [left] = await Array.fromAsync(Deno.readDir(blobs), ({ name }) => name);
    assert.match(left, /\.incomplete$/);
    if (Deno.build.os === "linux") {
      await Deno.remove(`${blobs}/${left}`);
      await Deno.symlink("/dev/full", `${blobs}/${left}`); // every write to it finds no room
      await assert.rejects(fetchModel("me/tiny", { env: hub.env, waits }), /disk is full.*Make room/);
    }
  });
});

Deno.test("needed files: variants with their shards, single files by name", () => {
  const base = ["model_index.json", "unet/config.json", "vae/config.json", "vae/diffusion_pytorch_model.bin"];
  const shards = [
    "unet/diffusion_pytorch_model.safetensors.index.fp16.json",
    "unet/diffusion_pytorch_model.fp16-00001-of-00001.safetensors",
  ];
  assert.deepEqual(
    neededFiles("me/x", [...base, ...shards, "unet/diffusion_pytorch_model.bin", "model.ckpt"]).sort(),
    [...base, ...shards].sort(),
  );
  assert.deepEqual(neededFiles("me/x", ["a.safetensors", "README.md"]), ["a.safetensors"]);
  assert.throws(
    () => neededFiles("me/x", ["a.safetensors", "b.ckpt"]),
    /Say which: me\/x\/a\.safetensors, me\/x\/b\.ckpt/,
  );
  assert.throws(() => neededFiles("me/x", ["README.md"]), /It has no model file/);
});

Deno.test("a model is called by its repository, folder or file", () => {
  assert.equal(modelName("/c/models--me--sdxl-turbo/snapshots/0123456789ab"), "sdxl-turbo");
  assert.equal(modelName("/models/dream shaper/"), "dream shaper");
  assert.equal(modelName("C:\\m\\iter.comp.safetensors"), "iter.comp");
  assert.equal(modelName("/c/models--me--x/snapshots/0123456789ab/file.ckpt"), "file");
});

Deno.test("a local path is never looked up", () =>
  inFolder(async (folder) => {
    await Deno.mkdir(`${folder}/me/tiny`, { recursive: true });
    assert.equal(await fetchModel(`${folder}/me/tiny`, { env: () => "http://127.0.0.1:1" }), `${folder}/me/tiny`);
    assert.equal(
      await fetchModel("./missing.safetensors", { env: () => "http://127.0.0.1:1" }),
      "./missing.safetensors",
    );
  }));
