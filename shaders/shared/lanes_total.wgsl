// Sum of `mine` over a workgroup of eight lanes of one subgroup, to the bits of workgroup_sum.wgsl.
fn workgroup_sum(mine: Sum, thread: u32) -> Sum {
  var sum = mine;
  sum += subgroupShuffleXor(sum, 4u);
  sum += subgroupShuffleXor(sum, 2u);
  sum += subgroupShuffleXor(sum, 1u);
  return sum;
}
