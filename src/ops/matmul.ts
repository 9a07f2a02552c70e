/**
 * Linear layers and convolutions.
 *
 * @module
 */
import type { Graph } from "../gpu/graph.ts";
import { padChannels, sizeOf, type Tensor } from "../gpu/tensor.ts";
import { type Epilogue, product } from "./product.ts";
import { scaleRows } from "./row_adapter.ts";
import { isTransformed, type RowAdapter, type Weight } from "./weight.ts";
import { winograd } from "./winograd.ts";

/** y = act(x·W + b …): x [batch, …, in] → [batch, …, out]. A 1×1 convolution is this over the pixels. */
export function linear(g: Graph, x: Tensor, weight: Weight, epilogue: Epilogue = {}): Tensor {
  const { adapter, ...plain } = weight;
  if (adapter) {
    return adapted(g, linear(g, x, adapter.down), adapter, weight, epilogue, (more) => linear(g, x, plain, more));
  }
  const outer = x.shape.slice(0, -1);
  expectChannels(x, weight);
  const out = g.tensor(weight.name, [...outer, padChannels(weight.outChannels)]);
  product(g, x, weight, { rows: sizeOf(outer), entryRows: sizeOf(outer.slice(1)) }, epilogue, out);
  return out;
}

/** How a 3×3 convolution walks over the picture. */
export interface ConvOptions extends Epilogue {
  stride?: 1 | 2;
  /** Double the picture (nearest neighbour) and cut it to [height, width] before convolving. */
  upsampleTo?: readonly [number, number];
  /** Pad (0, 1, 0, 1) instead of 1 on each side: the VAE encoder's downsampling. */
  padAfter?: boolean;
}

/** 3×3 convolution in NHWC: x [batch, height, width, in] → [batch, height', width', out]. */
export function conv3x3(g: Graph, x: Tensor, weight: Weight, options: ConvOptions = {}): Tensor {
  const { adapter, ...plain } = weight;
  if (adapter) {
    const { shift: _shift, residual: _residual, activation: _activation, ...geometry } = options;
    const low = conv3x3(g, x, adapter.down, geometry);
    return adapted(g, low, adapter, weight, options, (more) => conv3x3(g, x, plain, { ...geometry, ...more }));
  }
  const [batch, height, width] = x.shape;
  expectChannels(x, weight);
  const { stride = 1, upsampleTo, padAfter = false } = options;
  const [viewHeight, viewWidth] = upsampleTo ?? [height, width];
  const along = (n: number) => Math.floor((n - (padAfter ? 2 : 1)) / stride) + 1;
  const [outHeight, outWidth] = [along(viewHeight), along(viewWidth)];
  const out = g.tensor(weight.name, [batch, outHeight, outWidth, padChannels(weight.outChannels)]);
  if (isTransformed(weight)) {
    if (stride !== 1 || padAfter) throw new Error(`${weight.name} is declared for stride 1 (nn/weights.ts).`);
    winograd(g, x, weight, options, [viewHeight, viewWidth], out);
    return out;
  }
  product(
    g,
    x,
    weight,
    {
      rows: batch * outHeight * outWidth,
      entryRows: outHeight * outWidth,
      geometry: {
        in_width: width,
        in_height: height,
        view_width: viewWidth,
        view_height: viewHeight,
        out_width: outWidth,
        out_height: outHeight,
        stride,
        pad: padAfter ? 0 : 1,
        up: upsampleTo !== undefined,
      },
    },
    options,
    out,
  );
  return out;
}

/**
 * A layer with what its adapter adds: afterwards, as a residual, where nothing bends the result; else before it is
 * bent.
 */
function adapted(
  g: Graph,
  low: Tensor,
  { up, scales }: RowAdapter,
  { gated }: Weight,
  epilogue: Epilogue,
  layer: (epilogue: Epilogue) => Tensor,
): Tensor {
  const shares = scaleRows(g, low, scales(g, low.shape.slice(0, -1)));
  const bends = gated || epilogue.activation !== undefined && epilogue.activation !== "none";
  return bends
    ? layer({ ...epilogue, before: linear(g, shares, up) })
    : linear(g, shares, up, { residual: layer(epilogue) });
}

function expectChannels(x: Tensor, weight: Weight): void {
  const channels = x.shape[x.shape.length - 1];
  if (channels !== padChannels(weight.inChannels)) {
    throw new Error(`${weight.name} takes ${weight.inChannels} channels, but "${x.label}" has ${channels}.`);
  }
}
