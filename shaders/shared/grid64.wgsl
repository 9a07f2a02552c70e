// Number of an invocation in a grid of workgroups of 64 that is folded into rows of `grid_width` groups.
fn invocation(group: vec3u, local: u32) -> u32 { return (group.y * p.grid_width + group.x) * 64u + local; }
