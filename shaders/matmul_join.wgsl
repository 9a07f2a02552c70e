// Joins the slices of a product: sums them, and ends it as matmul.wgsl would. One invocation: eight columns of one row.
// use epilogue
@group(0) @binding(5) var<storage, read_write> partial: array<vec4f>;   // [slice, row, lane of a panel, 8]

@compute @workgroup_size(64)
fn main(@builtin(local_invocation_index) local: u32, @builtin(workgroup_id) group: vec3u) {
  let lanes = p.panels * 8u;
  let index = (group.y * 32768u + group.x) * 64u + local;
  if (index >= p.rows * lanes) { return; }
  var low = vec4f(0);
  var high = vec4f(0);
  for (var slice = 0u; slice < p.slices; slice++) {
    let at = (slice * p.rows * lanes + index) * 2u;
    low += partial[at];
    high += partial[at + 1u];
  }
  finish(low, high, index / lanes, index % lanes);
}
