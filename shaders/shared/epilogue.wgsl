// The end of a product: out[m, n] = act(sum[m, n] + bias[n] + shift[b(m), n]) + residual[m, n]. GATED: columns come as
// 4 values, 4 gates: out = value · gelu(gate). What is absent is a constant, since a software adapter runs both sides
// of every branch: SHIFT is 0 or 1, or 2 where it has a row for every row: values, then gates; ACTIVATION as in
// src/ops/activation.ts. A residual alone is always read, since a pipeline takes longer to compile than a zero to read.
// Uniforms: rows; quads of output channels; entry_rows, the rows of a batch entry, which share a row of shift;
// has_bias, has_residual and has_shift, without which the zero that stands in is added; shift_quads of a row of shift,
// and shift_first of those that count; slope of a swish, v / (1 + 2^(slope·v)):
// SiLU and the quick GELU are one pipeline.
@group(0) @binding(1) var<storage, read> bias: array<vec4f>;
// tensor 2 shift
// tensor 3 residual
// result 4 out
// use activations

const OUTSIDE = 0xffffffffu;

// What row m is shifted by, by its row of shift: m itself, or its batch entry, where SHIFT is 1.
fn shift_row(m: u32) -> u32 {
  if (SHIFT == 1u) { return m / p.entry_rows; }
  return m;
}

fn finish_quad(sum: vec4f, m: u32, quad: u32, shifted: u32) {
  if (m >= p.rows || quad >= p.quads) { return; }
  var v = sum;
  if (SHIFT == 1u) { v += shift_at((shifted * p.shift_quads + p.shift_first + quad) * p.has_shift); }
  if (ACTIVATION == 1u) { v = v / (1.0 + exp2(p.slope * v)); } else { v = activate(v, ACTIVATION); }
  let at = m * p.quads + quad;
  out_put(at, v + residual_at(at * p.has_residual));
}

// The bias of the eight columns of one lane of a panel: read once for all of its rows.
fn bias_of(lane: u32) -> array<vec4f, 2> {
  return array<vec4f, 2>(bias[lane * 2u * p.has_bias], bias[(lane * 2u + 1u) * p.has_bias]);
}

// The end of those columns, bias included.
fn finish(low: vec4f, high: vec4f, m: u32, lane: u32, shifted: u32) {
  if (GATED == 1u) {
    var value = low;
    var gate = high;
    if (SHIFT == 2u && m < p.rows && lane < p.quads) {
      value += shift_at(m * 2u * p.quads + lane);
      gate += shift_at((m * 2u + 1u) * p.quads + lane);
    }
    finish_quad(value * gelu(gate), m, lane, shifted);
  } else {
    finish_quad(low, m, lane * 2u, shifted);
    finish_quad(high, m, lane * 2u + 1u, shifted);
  }
}
