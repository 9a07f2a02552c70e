// One kind of work over and over, for what it costs: KIND 0 multiply-adds in registers, 1 loads of four activations, 2
// loads of eight weights, 3 values from a neighbouring lane, 4 stores of four activations. TURNS times COUNT of them in
// a round. COUNT sums independent of each other: three of them are 12 registers of eight lanes, of the 16 that AVX2
// has; the factors are one each.
struct Params {
  rounds: u32,
  mask: u32,
}
@group(0) @binding(0) var<uniform> p: Params;
// tensor 1 x
// weights 2 w
// result 3 out
// use lanes

@compute @workgroup_size(8, WAVES)
fn main(@builtin(local_invocation_id) local: vec3u, @builtin(workgroup_id) group: vec3u) {
  lanes_begin(local.y);
  let lane = local.x;
  let first = (group.x * WAVES + local.y) * 8u + lane;
  let a = x_at(first & p.mask).x;
  let b = a * 0.5;
  // for $i in COUNT
  var v$i = vec4f(a) + f32($iu);
  // end
  for (var round = 0u; round < p.rounds; round++) {
    let at = first + round * 8u * COUNT * TURNS;
    if (KIND == 3u) {
      lanes_put(0u, lane, v0);
      lanes_ready();
    }
    // for $j in TURNS
    // for $i in COUNT
    if (KIND == 0u) { v$i = fma(v$i, vec4f(a), vec4f(b)); }
    if (KIND == 1u) { v$i += x_at((at + ($ju * COUNT + $iu) * 8u) & p.mask); }
    if (KIND == 2u) {
      let w = w_at((at + ($ju * COUNT + $iu) * 8u) & p.mask);
      v$i += w[0] + w[1];
    }
    if (KIND == 3u) { v$i += lanes_get(0u, (lane + $ju + round) & 7u, v0); }
    if (KIND == 4u) { out_put((at + ($ju * COUNT + $iu) * 8u) & p.mask, v$i); }
    // end
    // end
  }
  var sum = vec4f(0);
  // for $i in COUNT
  sum += v$i;
  // end
  out_put(first & p.mask, sum);
}
