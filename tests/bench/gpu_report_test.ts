/** What bench:gpu makes of what its parts say. */
import assert from "@std/assert";
import { follow, runPart } from "../../bench/gpu/part.ts";
import { attentionOf, convolutionOf, productOf } from "../../bench/gpu/references.ts";
import { allTables, TORCH, VARIANTS } from "../../bench/gpu/report.ts";
import { rowOf } from "../../bench/gpu/rows.ts";
import { attentionTwin, convTwin, linearTwin, random } from "../../src/nn/twins.ts";

Deno.test("a part that is stopped has said what it knew, and its children end with it", async () => {
  const log = await Deno.makeTempFile();
  const row = `{"title":"t","header":["a"],"row":["1"]}`;
  const script = `echo '${row}'; echo '{"title" broken'; sh -c 'sleep 60; echo late' & sleep 60`;
  let seen = 0;
  const changed = () => void seen++;
  const result = await runPart("p", ["sh", "-c", script], { limit: 4, cwd: ".", log, changed });
  assert.deepEqual(result.rows, [rowOf(row)]);
  assert.equal(result.outcome, "stopped after 4 s");
  assert.ok(result.words!.includes("broken") && seen === 2);
  assert.equal(await follow(["sh", "-c", "exit 3"], { limit: 5, onLine: () => {} }), 3);
  assert.equal((await runPart("p", ["no such program"], { limit: 1, cwd: ".", log, changed })).rows.length, 0);
  await Deno.remove(log);
});

Deno.test("a kernel's line has the fastest variant that is right, and torch beside it", () => {
  const header = ["kernel", "type", "variant", "GFLOP/s", "of f32 peak", "error", ""];
  const variant = (...row: string[]) => ({ title: VARIANTS, header, row });
  const rows = [
    variant("matmul", "f16", "used", "100", "50 %", "1e-4", ""),
    variant("matmul", "f16", "tile 4", "120", "60 %", "1e-4", ""),
    variant("matmul", "f16", "tile 8", "900", "450 %", "1e+0", "WRONG"),
    { title: TORCH, header: [], row: ["matmul", "f16", "400", ""] },
  ];
  const [summary] = allTables([{ part: "kernels", outcome: "done", seconds: 1, rows }]).slice(-1);
  assert.deepEqual(summary.rows, [["matmul", "f16", "100", "50 %", "tile 4: 120 (60 %)", "400", "0.25×"]]);
});

Deno.test("the plain sums are those that kernels are tried with", () => {
  const close = (a: number, b: number) => assert.ok(Math.abs(a - b) < 1e-5, `${a} ${b}`);
  const [m, k, n] = [3, 5, 4];
  const x = random(m * k, 1), w = random(n * k, 2);
  close(productOf(x, w, k)(2, 3), linearTwin(x, w, new Float32Array(n), { m, k, n })[2 * n + 3]);
  const picture = random(25 * 4, 3), kernel = random(4 * 4 * 9, 4);
  const size = { height: 5, width: 5, channels: 4, outputs: 4 };
  const convolved = convTwin(picture, kernel, new Float32Array(4), size);
  for (const at of [0, 12, 24]) close(convolutionOf(picture, kernel, 4, 5)(at, 1), convolved[at * 4 + 1]);
  const [rows, d] = [6, 4], qkv = random(rows * 3 * d, 5);
  const q = Float32Array.from({ length: rows * d }, (_, i) => qkv[Math.floor(i / d) * 3 * d + i % d]);
  const kv = Float32Array.from(
    { length: 2 * rows * d },
    (_, i) => qkv[Math.floor(i / 2 / d) * 3 * d + d + i % (2 * d)],
  );
  close(attentionOf(q, kv, 1, d)(4, 2), attentionTwin(qkv, rows, d)[4 * d + 2]);
});
