import assert from "@std/assert";
import { expand } from "../../src/gpu/expand.ts";

Deno.test("expand repeats marked lines, nested, and leaves the rest alone", () => {
  const source = [
    "a",
    "// for $i in ROWS",
    "x$i",
    "  // for $j in 2",
    "  y$i_$j",
    "  // end",
    "// end",
    "// for the record",
  ];
  assert.equal(expand(source.join("\n"), { ROWS: 2 }), "a\nx0\n  y0_0\n  y0_1\nx1\n  y1_0\n  y1_1\n// for the record");
});

Deno.test("expand names the line of a block without an end, and of an unknown count", () => {
  assert.throws(() => expand("a\n// for $i in 2\nx", {}), /line 2: this "for" has no "end"/);
  assert.throws(() => expand("// for $i in ROWS\nx\n// end", {}), /"ROWS" is no constant/);
});
