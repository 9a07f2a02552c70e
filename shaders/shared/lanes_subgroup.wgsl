// Eight neighbouring lanes exchange values by shuffles. A subgroup holds one or more such groups.
var<private> first_lane: u32;
fn lanes_begin(wave: u32) { first_lane = subgroupExclusiveAdd(1u) & ~7u; }  // adding ones before it numbers the lanes
fn lanes_put(slot: u32, lane: u32, v: vec4f) {}
fn lanes_ready() {}
// Value of `slot` held by lane `other`; `mine` is this lane's own.
fn lanes_get(slot: u32, other: u32, mine: vec4f) -> vec4f { return subgroupShuffle(mine, first_lane + other); }
fn lanes_sum(lane: u32, v: vec4f) -> vec4f {
  var sum = v;
  sum += subgroupShuffleXor(sum, 1u);
  sum += subgroupShuffleXor(sum, 2u);
  sum += subgroupShuffleXor(sum, 4u);
  return sum;
}
