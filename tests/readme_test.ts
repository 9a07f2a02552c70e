import assert from "@std/assert";
import { existsSync } from "node:fs";
import { resolve } from "@std/path";
import { flagOf } from "../src/settings/check.ts";
import { SETTINGS } from "../src/settings/schema.ts";

const root = resolve(import.meta.dirname!, "..");
const readme = Deno.readTextFileSync(`${root}/README.md`);
const { tasks } = JSON.parse(Deno.readTextFileSync(`${root}/deno.json`));

Deno.test("every task, flag and file that README names exists", () => {
  const named = [...readme.matchAll(/deno(?:@[\d.]+)? task ([\w:]+)/g)].map(([, name]) => name);
  assert.ok(named.includes("start") && named.includes("test"));
  assert.deepEqual(named.filter((name) => !(name in tasks)), []);

  const flags = [...readme.matchAll(/(?<![\w-])--([a-z][\w-]*)/g)].map(([, name]) => name);
  const ours = Object.keys(SETTINGS).map((name) => flagOf(name).slice(2));
  assert.deepEqual(flags.filter((name) => !ours.includes(name) && !name.startsWith("allow-")), []);

  const links = [...readme.matchAll(/\]\((?!https?:)([^)#]+)/g)].map(([, path]) => path);
  assert.deepEqual(links.filter((path) => !existsSync(`${root}/${path}`)), []);
});

Deno.test("the gate runs README's test command word for word", () => {
  const command = "npx -y deno@2.9.6 task test";
  assert.ok(readme.includes(command));
  assert.match(Deno.readTextFileSync(`${root}/.ci/run`), new RegExp(`^${command} `, "m"));
});
