// Three independent chains of vec4 multiply-adds, `rounds` times: the arithmetic an adapter can do. With one factor and one summand they
// fit the 16 registers of AVX2.
struct Params {
  rounds: u32,
}
@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(1) var<storage, read_write> seed: array<f32>;
@group(0) @binding(2) var<storage, read_write> out: array<f32>;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let a = seed[id.x];
  let b = a * 0.5;
  // for $i in 3
  var v$i = vec4f(a + $i);
  // end
  for (var round = 0u; round < p.rounds; round++) {
    // for $j in 8
    // for $i in 3
    v$i = fma(v$i, vec4f(a), vec4f(b));
    // end
    // end
  }
  var sum = vec4f(0);
  // for $i in 3
  sum += v$i;
  // end
  out[id.x] = sum.x + sum.y + sum.z + sum.w;
}
