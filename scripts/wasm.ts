/**
 * `deno task wasm`: compiles wasm/pack.ts by AssemblyScript and writes src/nn/pack_wasm.ts, which has the result as
 * text: so it travels with the modules, whether they are run, compiled or fetched.
 *
 * @module
 */
const COMPILER = "npm:assemblyscript@0.28.20/asc";
const OPTIONS = ["-O3", "--enable", "simd", "--runtime", "stub", "--noAssert"];

const folder = await Deno.makeTempDir();
const out = `${folder}/pack.wasm`;
const { success } = await new Deno.Command(Deno.execPath(), {
  args: ["run", "-A", "--no-lock", COMPILER, "wasm/pack.ts", "--outFile", out, ...OPTIONS],
  stdout: "inherit",
  stderr: "inherit",
}).spawn().status;
if (!success) Deno.exit(1);
const lines = (await Deno.readFile(out)).toBase64().match(/.{1,110}/g)!;
await Deno.remove(folder, { recursive: true });
await Deno.writeTextFile(
  "src/nn/pack_wasm.ts",
  [
    "/**\n * wasm/pack.ts, compiled by `deno task wasm`, in Base64.\n *\n * @module\n */",
    "/** What pack_memory.ts instantiates. */",
    "export const PACK_WASM =",
    ...lines.map((line, i) => `  "${line}"${i < lines.length - 1 ? " +" : ";"}`),
    "",
  ].join("\n"),
);
