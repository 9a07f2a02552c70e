/**
 * Says what is where in a picture of the bundled model: the detector that weights/training/judge.py trained apart from
 * the model, on real scenes only. It sees pictures at half their size, in cells of 16 × 16 pixels; plain loops, since a
 * picture has few of them.
 *
 * @module
 */
import { BUNDLED_JUDGE } from "../assets.ts";
import { openSafetensors } from "../formats/safetensors.ts";
import { readFloats } from "../nn/weights.ts";
import { partsOf } from "../picture/morphology.ts";
import type { Picture } from "../picture/picture.ts";
import type { Rect } from "../region/layout.ts";

/** An object: at least `SMALLEST` touching cells of one concept. */
export interface Found {
  name: string;
  /** Absent: the colour that such things have by themselves. */
  colour?: string;
  /** Its middle, as fractions of the picture. */
  x: number;
  y: number;
  /** Around its cells, in fractions of the picture. */
  box: Rect;
  cells: number;
}

/** Channels of one size. */
interface Planes {
  height: number;
  width: number;
  /** [channel][y][x] */
  data: Float32Array;
}

interface Convolution {
  stride: number;
  dilation: number;
  weight: Float32Array;
  bias: Float32Array;
  /** Taps along a side of the kernel. */
  side: number;
}

const SMALLEST = 6;
const STEM = 3;
const REACHES = [1, 2, 3, 2, 1];

/** The trained detector. */
export class Detector {
  private constructor(
    private readonly layers: readonly Convolution[],
    private readonly heads: Convolution,
    /** What it can find. */
    readonly concepts: readonly string[],
    /** The colours that it tells apart. */
    readonly colours: readonly string[],
  ) {}

  /** Reads the weights. */
  static async load(path: string = BUNDLED_JUDGE): Promise<Detector> {
    const source = await openSafetensors(path);
    const read = async (name: string, stride: number, dilation: number): Promise<Convolution> => {
      const weight = source.tensors.get(`${name}.weight`)!;
      return {
        stride,
        dilation,
        weight: await readFloats(source, weight),
        bias: await readFloats(source, source.tensors.get(`${name}.bias`)!),
        side: weight.shape[3],
      };
    };
    const layers: Convolution[] = [];
    for (let k = 0; k < STEM; k++) layers.push(await read(`${k}`, 2, 1));
    for (const [k, reach] of REACHES.entries()) layers.push(await read(`${STEM + k}`, 1, reach));
    const heads = await read("heads", 1, 1);
    source.close();
    const list = (key: string): string[] => JSON.parse(source.metadata[key]);
    return new Detector(layers, heads, list("concepts"), list("colours"));
  }

  /** Logits for each cell: the concepts and "nothing", then "its own colour" and the colours. */
  logits(picture: Picture): Planes {
    let x = halved(picture);
    for (const [k, layer] of this.layers.entries()) {
      const y = convolve(x, layer);
      for (let i = 0; i < y.data.length; i++) y.data[i] /= 1 + Math.exp(-y.data[i]); // SiLU
      if (k >= STEM) { for (let i = 0; i < y.data.length; i++) y.data[i] += x.data[i]; }
      x = y;
    }
    return convolve(x, this.heads);
  }

  /** The cells that show a concept, wherever they lie, in fractions of the picture. */
  cellsOf(picture: Picture, name: string): Rect[] {
    const { data, width, height } = this.logits(picture);
    const area = width * height;
    const wanted = this.concepts.indexOf(name);
    const shows = (i: number) => {
      for (let k = 0; k <= this.concepts.length; k++) if (data[k * area + i] > data[wanted * area + i]) return false;
      return true;
    };
    return Array.from({ length: area }, (_, i) => i).filter(shows).map((i) => {
      const [x, y] = [i % width, Math.floor(i / width)];
      return { x0: x / width, y0: y / height, x1: (x + 1) / width, y1: (y + 1) / height };
    });
  }

  /** All objects, the largest first. */
  look(picture: Picture): Found[] {
    const { data, width, height } = this.logits(picture);
    const nothing = this.concepts.length;
    const area = width * height;
    const best = (from: number, count: number, cells: readonly number[]) => {
      const sums = Array.from(
        { length: count },
        (_, k) => cells.reduce((sum, i) => sum + data[(from + k) * area + i], 0),
      );
      return sums.indexOf(Math.max(...sums));
    };
    // Numbers of the concepts from 1; 0 where there is nothing.
    const concept = Uint8Array.from({ length: area }, (_, i) => (best(0, nothing + 1, [i]) + 1) % (nothing + 1));
    return partsOf(concept, width).filter((cells) => cells.length >= SMALLEST)
      .sort((a, b) => b.length - a.length)
      .map((cells) => {
        const hue = best(nothing + 1, this.colours.length + 1, cells);
        const [columns, rows] = [cells.map((i) => i % width), cells.map((i) => Math.floor(i / width))];
        const mean = (places: readonly number[]) => places.reduce((sum, at) => sum + at + 0.5, 0) / cells.length;
        return {
          name: this.concepts[concept[cells[0]] - 1],
          colour: hue ? this.colours[hue - 1] : undefined,
          x: mean(columns) / width,
          y: mean(rows) / height,
          box: {
            x0: Math.min(...columns) / width,
            y0: Math.min(...rows) / height,
            x1: (Math.max(...columns) + 1) / width,
            y1: (Math.max(...rows) + 1) / height,
          },
          cells: cells.length,
        };
      });
  }
}

/** Means of 2 × 2 pixels, in −1 … 1. */
function halved({ width, height, data }: Picture): Planes {
  const [columns, rows] = [Math.floor(width / 2), Math.floor(height / 2)];
  const out = new Float32Array(3 * columns * rows);
  const bytes = data.length / (width * height);
  for (let y = 0; y < rows; y++) {
    for (let x = 0; x < columns; x++) {
      for (let c = 0; c < 3; c++) {
        const at = (2 * y * width + 2 * x) * bytes + c;
        const sum = data[at] + data[at + bytes] + data[at + width * bytes] + data[at + (width + 1) * bytes];
        out[(c * rows + y) * columns + x] = sum / 4 / 127.5 - 1;
      }
    }
  }
  return { width: columns, height: rows, data: out };
}

/** A convolution with zeros around the picture. */
function convolve(x: Planes, { weight, bias, side, stride, dilation }: Convolution): Planes {
  const [height, width] = [Math.ceil(x.height / stride), Math.ceil(x.width / stride)];
  const inputs = weight.length / bias.length / side ** 2;
  const data = new Float32Array(bias.length * height * width);
  const reach = (side - 1) / 2 * dilation;
  for (let o = 0, at = 0; o < bias.length; o++) {
    const out = data.subarray(o * height * width, (o + 1) * height * width).fill(bias[o]);
    for (let i = 0; i < inputs; i++) {
      const plane = x.data.subarray(i * x.height * x.width, (i + 1) * x.height * x.width);
      for (let dy = -reach; dy <= reach; dy += dilation) {
        for (let dx = -reach; dx <= reach; dx += dilation) {
          const w = weight[at++];
          for (let row = 0; row < height; row++) {
            const sy = row * stride + dy;
            if (sy < 0 || sy >= x.height) continue;
            const first = Math.max(0, Math.ceil(-dx / stride));
            const end = Math.min(width, Math.floor((x.width - 1 - dx) / stride) + 1);
            for (let column = first; column < end; column++) {
              out[row * width + column] += w * plane[sy * x.width + column * stride + dx];
            }
          }
        }
      }
    }
  }
  return { height, width, data };
}
