import assert from "@std/assert";
import { compileLine } from "../../src/cli/compile_line.ts";

Deno.test("what a GPU's driver compiles is told at once and every three seconds, a software adapter's where it takes long", () => {
  const told = (software: boolean) => {
    const lines: string[] = [];
    let now = 0;
    const summary = { name: "a GPU", vendor: "", driver: "", software };
    const line = compileLine({ summary }, (text) => lines.push(text), () => now);
    for (let done = 0; done < 8; done++) {
      line({ done, total: 8 });
      now += 900;
    }
    line({ done: 0, total: 1 });
    return lines;
  };
  assert.deepEqual(told(false), [
    "Compiling 8 kernels for a GPU (its driver keeps them)",
    "Compiling 8 kernels for a GPU, 4 done (its driver keeps them)",
    "Compiling a kernel for a GPU (its driver keeps them)",
  ]);
  assert.deepEqual(told(true), ["Compiling 8 kernels for a GPU, 4 done (its driver keeps them)"]);
});
