/** Packing of a file's matrices into panels against a naive twin, for every number type a file may have. */
import assert from "@std/assert";
import { readFloats } from "../../src/gpu/storage.ts";
import { toFloat32 } from "../../src/formats/dtype.ts";
import type { DType, TensorInfo, TensorSource } from "../../src/formats/tensor_source.ts";
import { Weights } from "../../src/nn/weights.ts";
import { PACKABLE } from "../../src/ops/pack.ts";
import { fileTaps, panelCount, type Weight } from "../../src/ops/weight.ts";
import { assertClose, testDevice, WAYS } from "./harness.ts";
import { F2, F4 } from "./winograd.ts";

/** Finite numbers of a type, as their bytes. @param largest of them, but in eight bits */
function bytesOf(dtype: DType, count: number, largest = 3): Uint8Array {
  const values = Float32Array.from({ length: count }, (_, i) => Math.sin(i) * largest);
  if (dtype === "F32") return new Uint8Array(values.buffer);
  if (dtype === "F16") return new Uint8Array(Float16Array.from(values).buffer);
  if (dtype === "BF16") return new Uint8Array(Uint16Array.from(new Uint32Array(values.buffer), (b) => b >>> 16).buffer);
  // Up to 448 and 57344; the next are no numbers. Up to 1792 where much larger ones are made of them.
  const most = dtype === "F8_E5M2" ? largest < 3 ? 104 : 124 : 127;
  return Uint8Array.from(values, (_, i) => i * 37 % 255 % most | (i & 1) << 7);
}

/** G·g·Gᵀ of nine taps. */
function winograd(g: Float32Array, G: readonly (readonly number[])[]): number[] {
  return G.flatMap((down) =>
    G.map((across) => {
      let sum = 0;
      for (let t = 0; t < 9; t++) sum += down[Math.floor(t / 3)] * across[t % 3] * g[t];
      return sum;
    })
  );
}

/** out[panel][tap][channel][column], the columns of a gated panel in turns of four values and four gates. */
function naive(file: Float32Array, rows: number, weight: Weight): Float32Array {
  const { inChannels: channels, taps, gated, panel } = weight;
  const outputs = gated ? rows / 2 : rows;
  const depth = Math.ceil(channels / 4) * 4;
  const out = new Float32Array(panelCount(weight) * taps * depth * panel);
  for (let row = 0; row < rows; row++) {
    const column = !gated ? row : Math.floor(row % outputs / 4) * 8 + row % outputs % 4 + (row < outputs ? 0 : 4);
    for (let c = 0; c < channels; c++) {
      const inFile = fileTaps(weight);
      const from = file.subarray((row * channels + c) * inFile, (row * channels + c + 1) * inFile);
      (taps > 9 ? winograd(from, taps === 16 ? F2.G : F4.G) : [...from]).forEach((value, t) =>
        out[((Math.floor(column / panel) * taps + t) * depth + c) * panel + column % panel] = value
      );
    }
  }
  return out;
}

interface Shape {
  rows: number;
  channels: number;
  taps: 1 | 9;
  gated: boolean;
  variant?: "winograd" | "winograd 4";
  largest?: number;
}

const SHAPES: Shape[] = [
  { rows: 64, channels: 8, taps: 1, gated: false },
  { rows: 70, channels: 24, taps: 9, gated: false },
  { rows: 5, channels: 9, taps: 9, gated: false }, // neither rows nor channels are whole quads
  { rows: 12, channels: 20, taps: 1, gated: false },
  { rows: 5, channels: 9, taps: 1, gated: false, largest: 1.9 },
  { rows: 70, channels: 60, taps: 1, gated: false, largest: 1e-4 }, // where halfs have fewer bits
  { rows: 80, channels: 40, taps: 1, gated: true },
  { rows: 200, channels: 12, taps: 1, gated: true },
  { rows: 70, channels: 10, taps: 9, gated: false, variant: "winograd" },
  { rows: 70, channels: 13, taps: 9, gated: false, variant: "winograd", largest: 0.5 },
  { rows: 70, channels: 10, taps: 9, gated: false, variant: "winograd 4", largest: 2.9 },
  { rows: 70, channels: 13, taps: 9, gated: false, variant: "winograd 4", largest: 0.5 },
  // More than is read at a time.
  { rows: 328, channels: 402, taps: 1, gated: true },
  { rows: 150, channels: 121, taps: 9, gated: false, variant: "winograd", largest: 0.01 },
  { rows: 150, channels: 121, taps: 9, gated: false, variant: "winograd 4", largest: 0.01 },
];

for (const { precision, kind, name } of WAYS) {
  Deno.test(`packing ${name}: every type and shape lands where matmul looks for it`, async () => {
    const device = await testDevice(kind);
    for (const dtype of PACKABLE) {
      // All in one load, so that most do not begin at the start of what travels.
      const weights = new Weights(device, precision, "test");
      const files = SHAPES.map(({ rows, channels, taps, largest }) => bytesOf(dtype, rows * channels * taps, largest));
      const matrices = SHAPES.map(({ rows, channels, taps, gated, variant }, i) => {
        device.forced.set("conv3x3", variant ?? "taps");
        return weights.matrix(`w${i}`, channels, gated ? rows / 2 : rows, { taps, gated, bias: false });
      });
      device.forced.clear();
      const tensors = new Map(SHAPES.map(({ rows, channels, taps }, i): [string, TensorInfo] => {
        const shape = taps === 9 ? [rows, channels, 3, 3] : [rows, channels];
        return [`w${i}.weight`, { name: `w${i}.weight`, dtype, shape, bytes: files[i].length, file: "memory" }];
      }));
      const source: TensorSource = {
        tensors,
        describe: "memory",
        close() {},
        read(tensor, into, start = 0) {
          into.set(files[Number(tensor.match(/\d+/))].subarray(start, start + into.length));
          return Promise.resolve();
        },
      };
      await weights.load(source);
      for (const [i, shape] of SHAPES.entries()) {
        const expected = naive(toFloat32(files[i], dtype), shape.rows, matrices[i]);
        const stored = precision === "f16" ? Float32Array.from(new Float16Array(expected)) : expected;
        const actual = await readFloats(device, matrices[i].panels);
        const what = `${dtype} ${JSON.stringify(shape)}`;
        if (!shape.variant) assert.deepEqual(actual, stored, what);
        else {
          // Sums are rounded as the largest of their terms are.
          const unit = precision === "f16" ? 1e-3 : 1e-6;
          assertClose(actual, stored, Math.max(unit, 1e-6 * expected.reduce((a, b) => Math.max(a, Math.abs(b)))), unit);
        }
      }
      weights.release();
    }
  });
}
