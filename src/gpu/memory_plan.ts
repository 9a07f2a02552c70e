/**
 * Places tensors of known lifetimes in as little memory as a greedy pass finds, before anything is allocated.
 *
 * @module
 */

/** Something that needs `bytes` from time `first` to time `last`, both included. */
export interface Lifetime {
  bytes: number;
  first: number;
  last: number;
}

/** Where each lifetime goes, in the order given. */
export interface MemoryPlan {
  /** Arena and offset of each lifetime. */
  places: { arena: number; offset: number }[];
  /** Size of each arena in bytes. */
  arenas: number[];
}

/**
 * Gives every lifetime a slot of its own kind while it lives: a slot is as large as its largest tenant, tenants never
 * share it at the same time. For textures, which cannot be cut into ranges.
 */
export function planSlots(lifetimes: readonly (Lifetime & { kind: string })[]): { slots: number[]; sizes: number[] } {
  const slots: number[] = new Array(lifetimes.length);
  const sizes: number[] = [];
  const tenants: number[][] = [];
  const order = lifetimes.map((_, i) => i).sort((a, b) => lifetimes[b].bytes - lifetimes[a].bytes || a - b);
  for (const index of order) {
    const { first, last, kind, bytes } = lifetimes[index];
    const free = tenants.findIndex((list) =>
      lifetimes[list[0]].kind === kind && list.every((t) => lifetimes[t].last < first || lifetimes[t].first > last)
    );
    const slot = free >= 0 ? free : tenants.push([]) - 1;
    tenants[slot].push(index);
    slots[index] = slot;
    sizes[slot] = Math.max(sizes[slot] ?? 0, bytes);
  }
  return { slots, sizes };
}

/**
 * Largest first, each at the lowest offset that is free during its whole life ("greedy by size", Pisarchyk and Lee,
 * arXiv 2001.03288). An arena never grows past `arenaLimit`.
 */
export function planMemory(lifetimes: readonly Lifetime[], alignment: number, arenaLimit: number): MemoryPlan {
  const places: MemoryPlan["places"] = new Array(lifetimes.length);
  const arenas: number[] = [];
  const placed: { index: number; arena: number; offset: number; end: number }[] = [];
  const order = lifetimes.map((_, i) => i).sort((a, b) => lifetimes[b].bytes - lifetimes[a].bytes || a - b);
  for (const index of order) {
    const { bytes, first, last } = lifetimes[index];
    const size = Math.ceil(bytes / alignment) * alignment;
    let arena = 0;
    let offset = 0;
    for (;; arena++) {
      offset = lowestGap(
        placed.filter((p) => p.arena === arena && lifetimes[p.index].first <= last && lifetimes[p.index].last >= first),
        size,
      );
      if (offset + size <= arenaLimit || offset === 0) break;
    }
    placed.push({ index, arena, offset, end: offset + size });
    places[index] = { arena, offset };
    arenas[arena] = Math.max(arenas[arena] ?? 0, offset + size);
  }
  return { places, arenas };
}

/** The lowest offset with `size` free bytes between the ranges that are alive at the same time. */
function lowestGap(busy: { offset: number; end: number }[], size: number): number {
  let offset = 0;
  for (const range of busy.sort((a, b) => a.offset - b.offset)) {
    if (range.offset - offset >= size) break;
    offset = Math.max(offset, range.end);
  }
  return offset;
}
