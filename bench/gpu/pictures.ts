/**
 * README's first picture from the prompt to the PNG, in a process of its own each time, beside docs/first.png, which a
 * software adapter drew: the first proof that all is right on a GPU.
 *
 *     deno run -A pictures.ts FOLDER [--small]
 *
 * @module
 */
import { join } from "../../src/deps/path.ts";
import { readPicture } from "../../src/picture/read_picture.ts";
import { follow } from "./part.ts";
import { begin, firstLine, say } from "./rows.ts";

const ROOT = new URL("../..", import.meta.url).pathname;
const PROMPT = "a red apple on the left and a blue teapot on the right";
const HEADER = [
  "picture, 256², 20 steps",
  "prompt to PNG",
  "load",
  "encode, compile",
  "steps",
  "decode",
  "off by at most, mean (of 255)",
  "PSNR",
];
const [folder] = Deno.args;
const steps = Deno.args.includes("--small") ? ["--steps", "2"] : [];

/** How far a picture is from another of its size. */
function distance(a: Uint8Array, b: Uint8Array) {
  let [most, sum, squares] = [0, 0, 0];
  for (let i = 0; i < a.length; i++) {
    const off = Math.abs(a[i] - b[i]);
    most = Math.max(most, off);
    sum += off;
    squares += off * off;
  }
  const psnr = squares === 0 ? "the same" : `${(10 * Math.log10(255 ** 2 * a.length / squares)).toFixed(1)} dB`;
  return { off: `${most}, ${(sum / a.length).toFixed(3)}`, psnr };
}

const SHOWN = "picture.png";
const FIRST = "first time";
const elsewhere = await Deno.makeTempDir();
const reference = await readPicture(await Deno.readFile(join(ROOT, "docs/first.png")), "docs/first.png");
async function draw(name: string, file: string, ...flags: string[]): Promise<void> {
  const out = join(file === SHOWN ? folder : elsewhere, file);
  const command = [Deno.execPath(), "run", "-A", "--no-check", join(ROOT, "main.ts"), PROMPT, "--planner", "rules"];
  const lines: string[] = [];
  const started = performance.now();
  const code = await follow([...command, "--json", "--force", ...steps, "-o", out, ...flags], {
    limit: name === FIRST ? 45 : 20, // the first one compiles all kernels
    onLine(line) {
      lines.push(line);
      if (!/^(step|[{} ])/.test(line)) begin(`${name}: ${line}`);
    },
  });
  const seconds = (performance.now() - started) / 1000;
  for (const line of lines.filter((line) => /^Tr(ied|ying) |wrongly|could not|did not come back/.test(line))) {
    say("Said", ["picture", "what was said"], [name, line]);
  }
  try {
    const text = lines.filter((line) => /^[{} ]/.test(line)).join("\n");
    const { timings } = JSON.parse(text.slice(text.indexOf("{"), text.lastIndexOf("}") + 1));
    const sampling = timings.steps.reduce((a: number, b: number) => a + b, 0);
    const times = [seconds, timings.load, timings.encode + timings.compile, sampling, timings.decode];
    const { off, psnr } = distance((await readPicture(await Deno.readFile(out), out)).data, reference.data);
    say("Pictures", HEADER, [name, ...times.map((s) => `${s.toFixed(2)} s`), off, psnr]);
  } catch (error) {
    const words = lines.filter((line) => line.trim() && !/^step|^[{} ]/.test(line)).slice(-2).join(" ");
    say("Pictures", HEADER, [name, "FAILED", `${code ?? "stopped"}`, firstLine(words || error), "", "", "", ""]);
    console.log(lines.slice(-12).join("\n"));
  }
}

await draw(FIRST, SHOWN, "--no-tune");
await draw("second time", SHOWN, "--no-tune");
await draw("third time", SHOWN, "--no-tune");
await draw("f32", "other.png", "--type", "f32", "--no-tune");
await draw("first time that kernels are tried", "other.png");
await draw("after that", "other.png");
await Deno.remove(elsewhere, { recursive: true });
