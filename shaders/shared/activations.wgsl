// Nonlinearities of the networks.
fn silu(v: vec4f) -> vec4f { return v / (1.0 + exp(-v)); }

// erf to 1.5e-7 (Abramowitz and Stegun 7.1.26).
fn erf(v: vec4f) -> vec4f {
  let t = 1.0 / (1.0 + 0.3275911 * abs(v));
  let poly = t * (0.254829592 + t * (-0.284496736 + t * (1.421413741 + t * (-1.453152027 + t * 1.061405429))));
  return sign(v) * (1.0 - poly * exp(-v * v));
}
fn gelu(v: vec4f) -> vec4f { return 0.5 * v * (1.0 + erf(v * 0.70710678)); }

// By number, in the order of src/ops/activation.ts.
fn activate(v: vec4f, kind: u32) -> vec4f {
  switch kind {
    case 1u: { return silu(v); }
    case 2u: { return gelu(v); }
    case 3u: { return v / (1.0 + exp(-1.702 * v)); }
    case 4u: { return max(v, vec4f(0)); }
    case 5u: { return max(v, 0.2 * v); }
    case 6u: { return 3.0 * tanh(v / 3.0); }
    default: { return v; }
  }
}
