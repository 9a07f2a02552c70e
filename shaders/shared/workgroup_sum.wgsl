var<workgroup> sums: array<Sum, THREADS>;

// Sum of `mine` over a workgroup of THREADS, a power of two: numbers of the type that the shader calls Sum.
fn workgroup_sum(mine: Sum, thread: u32) -> Sum {
  sums[thread] = mine;
  for (var half = THREADS / 2u; half > 0u; half /= 2u) {
    workgroupBarrier();
    if (thread < half) { sums[thread] += sums[thread + half]; }
  }
  workgroupBarrier();
  let sum = sums[0];
  workgroupBarrier();
  return sum;
}
