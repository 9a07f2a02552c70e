import assert from "node:assert/strict";
import { ModelError, RpgError, UsageError } from "../../src/errors.ts";
import { fetchModel } from "../../src/hub/fetch_model.ts";
import { inFolder } from "../model/files.ts";

/** Answers one request by writing to its connection; the connection is closed when it returns. */
type Answer = (request: string, write: (text: string) => Promise<void>, stop: AbortSignal) => Promise<void> | void;

/** A server of bare connections, which may break every rule of HTTP. */
async function withServer(answer: Answer, use: (url: string, requests: string[]) => Promise<void>): Promise<void> {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const stop = new AbortController();
  const requests: string[] = [];
  const serve = async (connection: Deno.Conn) => {
    const buffer = new Uint8Array(8192);
    const length = await connection.read(buffer) ?? 0;
    const request = new TextDecoder().decode(buffer.subarray(0, length));
    requests.push(request);
    await answer(request, async (text) => void await connection.write(new TextEncoder().encode(text)), stop.signal);
  };
  const accepting = (async () => {
    const open: Promise<void>[] = [];
    for await (const connection of listener) {
      open.push(serve(connection).catch(() => {}).finally(() => connection.close()));
    }
    await Promise.all(open);
  })();
  try {
    await use(`http://127.0.0.1:${listener.addr.port}`, requests);
  } finally {
    stop.abort();
    listener.close();
    await accepting;
  }
}

const ok = (headers: string, body = "") => `HTTP/1.1 200 OK\r\n${headers}connection: close\r\n\r\n${body}`;
const until = (stop: AbortSignal) => new Promise<void>((resolve) => stop.addEventListener("abort", () => resolve()));

const ANSWERS: [what: string, answer: Answer, message: RegExp][] = [
  ["never answers", (_, __, stop) => until(stop), /could not be downloaded: no answer in 0\.2 seconds/],
  [
    "falls silent",
    async (_, write, stop) => {
      await write(ok("content-length: 20000000\r\n", "x".repeat(1000)));
      await until(stop);
    },
    /only 1000 bytes came in 0\.2 seconds/,
  ],
  [
    "sends a byte now and then",
    async (_, write, stop) => {
      await write(ok("content-length: 20000000\r\n"));
      while (!stop.aborted) {
        await write("x");
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
    },
    /only \d+ bytes came in 0\.2 seconds/,
  ],
  [
    "promises more than it has",
    (_, write) => write(ok("content-length: 20000\r\n", "x".repeat(1000))),
    /could not be downloaded/,
  ],
  [
    "gets a byte further at each try",
    (() => {
      let sent = 0;
      return (_, write) => write(ok("content-length: 20000\r\n", "x".repeat(++sent)));
    })(),
    /could not be downloaded/,
  ],
  [
    "breaks off within a chunk",
    (_, write) => write(ok("transfer-encoding: chunked\r\n", `ffff\r\n${"x".repeat(1000)}`)),
    /could not be downloaded/,
  ],
  ["claims a terabyte", (_, write) => write(ok("content-length: 1099511627776\r\n")), /expected at most/],
  ["sends a page", (_, write) => write(ok("content-type: text/html\r\n", "<h1>Log in")), /is a web page, not a file/],
  [
    "redirects in circles",
    (_, write) => write("HTTP/1.1 302 Found\r\nlocation: /m.safetensors\r\nconnection: close\r\n\r\n"),
    /Maximum number of redirects/,
  ],
  [
    "redirects to a file of this machine",
    (_, write) => write("HTTP/1.1 302 Found\r\nlocation: file:///etc/passwd\r\nconnection: close\r\n\r\n"),
    /Can not redirect/,
  ],
  ["speaks no HTTP", (_, write) => write("220 mail\r\n"), /could not be downloaded/],
];
for (const [what, answer, message] of ANSWERS) {
  Deno.test(`a server that ${what} is given up, its address shown without what may be secret`, () =>
    inFolder((folder) =>
      withServer(answer, async (url, requests) => {
        const options = { env: (name: string) => name === "HF_HOME" ? folder : undefined, waits: [1, 1], silence: 200 };
        await assert.rejects(
          fetchModel(`${url.replace("//", "//me:hidden@")}/m.safetensors?token=hidden`, options),
          (error) => {
            assert.ok(error instanceof ModelError, `${error}`);
            assert.match(error.message, message);
            assert.match(error.message, /127\.0\.0\.1:\d+\/m\.safetensors/);
            assert.ok(error.message.length < 300 && !error.message.includes("hidden"), error.message);
            return true;
          },
        );
        assert.ok(requests.length < 100, `${requests.length} requests`);
      })
    ));
}

Deno.test("what cannot be mended is not tried again", () =>
  inFolder((folder) =>
    withServer(
      (_, write) => write("HTTP/1.1 302 Found\r\nlocation: http://127.0.0.1:25/\r\nconnection: close\r\n\r\n"),
      (url) =>
        assert.rejects(
          fetchModel(`${url}/m.ckpt`, { env: (name) => name === "HF_HOME" ? folder : undefined, waits: [1e9] }),
          /port 25/,
        ),
    )
  ));

/** Signed stores refuse HEAD and name the file only where it is asked for. */
const civitai = (name: string): Answer => async (request, write) => {
  if (!/authorization: bearer key-1/i.test(request)) return await write("HTTP/1.1 401 No\r\nconnection: close\r\n\r\n");
  if (request.startsWith("HEAD")) return await write("HTTP/1.1 403 No\r\nconnection: close\r\n\r\n");
  await write(ok(`content-disposition: attachment; ${name}\r\ncontent-length: 5\r\n`, "12345"));
};

Deno.test("an address without a file's name: Civitai's, with a token that is shown nowhere", () =>
  inFolder((folder) =>
    withServer(civitai('filename="dream shaper_8.safetensors"'), async (url, requests) => {
      const variables: Record<string, string> = { HF_HOME: folder, CIVITAI_ENDPOINT: url };
      const get = () =>
        fetchModel(`${url}/api/download/models/128713?type=Model`, { env: (name) => variables[name], waits: [] });
      await assert.rejects(get(), (error) => error instanceof ModelError && /status 401/.test(error.message));
      variables.CIVITAI_TOKEN = "key-1";
      const path = await get();
      assert.match(path, /\/dream shaper_8\.safetensors$/);
      assert.equal(await Deno.readTextFile(path), "12345");
      const before = requests.length;
      assert.equal(await get(), path);
      assert.equal(requests.length, before, "it is in the cache");
      assert.ok(!path.includes("key-1"));
    })
  ));

Deno.test("a token is for Civitai alone", () =>
  inFolder((folder) =>
    withServer((_, write) => write(ok("content-length: 1\r\n", "x")), async (url, requests) => {
      const variables: Record<string, string> = { HF_HOME: folder, CIVITAI_TOKEN: "key-1", HF_TOKEN: "key-2" };
      await fetchModel(`${url}/m.ckpt`, { env: (name) => variables[name] });
      assert.ok(requests.length > 0 && !requests.some((request) => /key-/.test(request)));
    })
  ));

for (
  const name of [
    'filename="../../evil.safetensors"',
    "filename*=UTF-8''..%2F..%2Fevil.safetensors",
    'filename="evil.sh"',
    'filename=".safetensors"',
    "filename*=UTF-8''a%00.safetensors",
    "inline",
  ]
) {
  Deno.test(`a file called by ${name} is refused`, () =>
    inFolder((folder) =>
      withServer(civitai(name), async (url) => {
        const variables: Record<string, string> = { HF_HOME: folder, CIVITAI_ENDPOINT: url, CIVITAI_TOKEN: "key-1" };
        const options = { env: (variable: string) => variables[variable], waits: [] };
        await assert.rejects(
          fetchModel(`${url}/api/download/models/1`, options),
          /does not end in a model file's name/,
        );
        assert.deepEqual(await Array.fromAsync(Deno.readDir(folder)), []);
      })
    ));
}

const NO_ADDRESSES = [
  "http://",
  "https://",
  "https:x y",
  "https://exa mple/x.ckpt",
  "http://[::1/x.ckpt",
  "http://a:99999/x.ckpt",
  "http://127.0.0.1:1/%zz.safetensors",
  "https://127.0.0.1:1/%E0%A4.safetensors",
  "http://127.0.0.1:1/a%00.safetensors",
  "https://huggingface.co/me/%ff/resolve/main/a.ckpt?token=hidden",
  "https://h/x.ckpt#sha256=hidden",
];
for (const url of NO_ADDRESSES) {
  Deno.test(`${url} is refused in one line`, () =>
    inFolder(async (folder) => {
      const options = { env: (name: string) => name === "HF_HOME" ? folder : undefined, waits: [] };
      await assert.rejects(fetchModel(url, options), (error) => {
        assert.ok(error instanceof RpgError, `${error}`);
        return error.message.length < 300 && !error.message.includes("\n") && !/token=/.test(error.message);
      });
    }));
}

const ENVIRONMENTS: [what: string, variables: Record<string, string>, message: RegExp][] = [
  [
    "an endpoint that is none",
    { HF_ENDPOINT: "garbage", HOME: "/nowhere" },
    /HF_ENDPOINT is "garbage", which is no address/,
  ],
  ["no home", { HF_HUB_OFFLINE: "1" }, /neither XDG_CACHE_HOME nor HOME is set/],
  ["empty places", { HOME: "", XDG_CACHE_HOME: "", HF_HOME: "", HF_HUB_CACHE: "" }, /neither XDG_CACHE_HOME nor HOME/],
  ["a relative cache", { XDG_CACHE_HOME: "cache", HOME: "" }, /neither XDG_CACHE_HOME nor HOME is set/],
];
for (const [what, variables, message] of ENVIRONMENTS) {
  Deno.test(`with ${what} nothing lands in the working folder`, async () => {
    for (const model of ["me/tiny", "https://h.invalid/a.ckpt"]) {
      const said = fetchModel(model, { env: (name) => variables[name], waits: [] });
      await assert.rejects(said, (error) => error instanceof UsageError && message.test(error.message));
    }
  });
}

Deno.test("a cache where a folder cannot be is said", () =>
  withServer((_, write) => write(ok("content-length: 1\r\n", "x")), (url) =>
    assert.rejects(
      fetchModel(`${url}/m.ckpt`, { env: (name) => name === "HF_HUB_CACHE" ? "/dev/null/x" : undefined, waits: [] }),
      ModelError,
    )));

for (const body of ["null", "[]", '"x"', "{", '{"sha": 5}', `{"sha":"${"0".repeat(40)}","siblings":[null]}`]) {
  Deno.test(`a hub that answers ${body} is none`, () =>
    inFolder((folder) =>
      withServer((_, write) => write(ok(`content-length: ${body.length}\r\n`, body)), (url) => {
        const variables: Record<string, string> = { HF_HOME: folder, HF_ENDPOINT: url };
        return assert.rejects(fetchModel("me/tiny", { env: (name) => variables[name] }), ModelError);
      })
    ));
}
