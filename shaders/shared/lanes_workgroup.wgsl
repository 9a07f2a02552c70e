// Eight neighbouring lanes exchange values through workgroup memory, where an adapter has no usable subgroups.
var<workgroup> shared_values: array<vec4f, 8 * SLOTS * WAVES>;
var<private> first_value: u32;
fn lanes_begin(wave: u32) { first_value = wave * 8u * SLOTS; }
fn lanes_put(slot: u32, lane: u32, v: vec4f) { shared_values[first_value + slot * 8u + lane] = v; }
fn lanes_ready() { workgroupBarrier(); }
// Value of `slot` held by lane `other`; `mine` is this lane's own.
fn lanes_get(slot: u32, other: u32, mine: vec4f) -> vec4f { return shared_values[first_value + slot * 8u + other]; }
fn lanes_sum(lane: u32, v: vec4f) -> vec4f {
  lanes_put(0u, lane, v);
  workgroupBarrier();
  var sum = vec4f(0);
  for (var other = 0u; other < 8u; other++) { sum += lanes_get(0u, other, v); }
  workgroupBarrier();
  return sum;
}
