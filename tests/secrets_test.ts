import assert from "@std/assert";
import { ModelError } from "../src/errors.ts";
import { keepSecret, publicName, publicText, withoutKeys } from "../src/secrets.ts";

Deno.test("a message shows no key, no user, password or query of a URL, and no home folder", () => {
  keepSecret("sk-SECRETKEY-abcdef0123456789");
  for (const word of ["abc", "none", "local", "ollama", "v1.5", ""]) keepSecret(word); // what prompts hold as well
  keepSecret(undefined);
  const before = Deno.env.get("HOME");
  Deno.env.set("HOME", "/home/alice");
  try {
    const cases: [told: string, shown: string][] = [
      ["Bearer sk-SECRETKEY-abcdef0123456789!", "Bearer [key]!"],
      ["{\\u0073k-SECRETK\\u0045Y\\u002dabcdef0123456789}", "{[key]}"],
      ["an abc in a local market, none left, ollama v1.5", "an abc in a local market, none left, ollama v1.5"],
      ["https://bob:pass@host/v1 failed", "https://host/v1 failed"],
      ["https://bob:p@ss@host:8080/v1?key=S&x=1 failed", "https://host:8080/v1?… failed"],
      ['"http://host/m.safetensors?token=SECRET#sha256=ab".', '"http://host/m.safetensors?…".'],
      ["see https://host/a@b/c", "see https://host/a@b/c"],
      ["mail bob@host, or ask?", "mail bob@host, or ask?"],
      ["/home/alice/models/x and /home/alice2/y", "~/models/x and /home/alice2/y"],
      ["/home/aliceé/x, /mnt/home/alice/x, /home/alice", "/home/aliceé/x, /mnt/home/alice/x, ~"],
    ];
    for (const [told, shown] of cases) {
      assert.equal(publicText(told), shown);
      assert.equal(new ModelError(told).message, shown);
    }
    assert.equal(withoutKeys("a prompt with https://host/?q=1"), "a prompt with https://host/?q=1");
  } finally {
    if (before === undefined) Deno.env.delete("HOME");
    else Deno.env.set("HOME", before);
  }
});

Deno.test("a place is called by its last part", () => {
  const cases = [
    ["/home/alice/models/my vae.safetensors", "my vae.safetensors"],
    ["C:\\Users\\alice\\vae\\", "vae"],
    ["https://bob:pass@host/a/x.safetensors?token=S/ECRET#frag", "x.safetensors"],
    ["owner/name", "name"],
    ["mask.png", "mask.png"],
  ];
  for (const [place, name] of cases) assert.equal(publicName(place), name);
});
