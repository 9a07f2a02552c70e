// out[row, c] = x[row, c] · table[kind[row], c]: what each row takes of the low-rank adapters that all rows share. One
// invocation: one quad.
struct Params {
  rows: u32,
  quads: u32,
  grid_width: u32,
}
@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(1) var<storage, read> kinds: array<u32>;
@group(0) @binding(2) var<storage, read> table: array<vec4f>;
// use grid64
// tensor 3 x
// result 4 out

@compute @workgroup_size(64)
fn main(@builtin(local_invocation_index) local: u32, @builtin(workgroup_id) group: vec3u) {
  let index = invocation(group, local);
  if (index >= p.rows * p.quads) { return; }
  let row = index / p.quads;
  out_put(index, x_at(index) * table[kinds[row] * p.quads + index % p.quads]);
}
