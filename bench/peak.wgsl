// Three independent chains of vec4 multiply-adds, `rounds` times: the arithmetic an adapter can do. With one factor and
// one summand they fit the 16 registers of AVX2.
struct Params {
  rounds: u32,
}
@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(1) var<storage, read_write> seed: array<f32>;
@group(0) @binding(2) var<storage, read_write> out: array<f32>;

// for $h in HALFS
alias Quad = vec4<f16>;
// end
// for $f in FULL
alias Quad = vec4f;
// end

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let a = Quad(vec4f(seed[id.x]));
  let b = Quad(0.5) * a;
  // for $i in 3
  var v$i = a + Quad($i);
  // end
  for (var round = 0u; round < p.rounds; round++) {
    // for $j in 8
    // for $i in 3
    v$i = fma(v$i, a, b);
    // end
    // end
  }
  var sum = Quad(0);
  // for $i in 3
  sum += v$i;
  // end
  out[id.x] = f32(sum.x + sum.y + sum.z + sum.w);
}
