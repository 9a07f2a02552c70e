import { windowsOf } from "../../src/ops/windows.ts";
import { assertClose, compute, random, TOLERANCE, WAYS } from "./harness.ts";

for (const way of WAYS) {
  const [atol, rtol] = TOLERANCE[way.precision];

  Deno.test(`windows ${way.name}: odd sizes, each entry from its own place, overlapping`, async () => {
    const [height, width, channels] = [7, 11, 12];
    const x = random(height * width * channels);
    const origins = [[0, 0], [6, 2], [3, 3], [6, 2]];
    const [h, w] = [4, 5];
    const cut = await compute(
      way,
      [{ shape: [1, height, width, channels], values: x }],
      {},
      (g, _, [x]) =>
        windowsOf(g, x, {
          batch: origins.length,
          height: h,
          width: w,
          origins: g.constant("origins", Uint32Array.from(origins.flat())),
        }),
    );
    const expected = origins.flatMap(([left, top]) =>
      Array.from({ length: h * w * channels }, (_, i) => {
        const [c, pixel] = [i % channels, Math.floor(i / channels)];
        return x[((top + Math.floor(pixel / w)) * width + left + pixel % w) * channels + c];
      })
    );
    assertClose(cut, expected, atol, rtol);
  });
}
