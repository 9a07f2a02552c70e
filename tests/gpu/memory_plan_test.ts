import assert from "@std/assert";
import fc from "fast-check";
import { type Lifetime, planMemory, planSlots } from "../../src/gpu/memory_plan.ts";

const lifetimes = fc.array(
  fc.record({ bytes: fc.integer({ min: 1, max: 5000 }), first: fc.nat(20), length: fc.nat(8) }).map(
    ({ bytes, first, length }): Lifetime => ({ bytes, first, last: first + length }),
  ),
  { minLength: 1, maxLength: 30 },
);

const together = (a: Lifetime, b: Lifetime) => a.first <= b.last && b.first <= a.last;

Deno.test("planMemory: tensors alive at the same time never share a byte, and no arena passes its limit", () => {
  fc.assert(fc.property(lifetimes, (list) => {
    const { places, arenas } = planMemory(list, 256, 8192);
    list.forEach((a, i) => {
      assert.equal(places[i].offset % 256, 0);
      assert.ok(places[i].offset + a.bytes <= arenas[places[i].arena]);
      list.forEach((b, j) => {
        if (i === j || !together(a, b) || places[i].arena !== places[j].arena) return;
        const apart = places[i].offset + a.bytes <= places[j].offset || places[j].offset + b.bytes <= places[i].offset;
        assert.ok(apart, `${i} and ${j} overlap`);
      });
    });
    assert.ok(arenas.every((size) => size <= 8192));
  }));
});

Deno.test("planMemory: a chain of tensors takes the room of two", () => {
  const chain = Array.from({ length: 10 }, (_, i) => ({ bytes: 1024, first: i, last: i + 1 }));
  assert.deepEqual(planMemory(chain, 256, 1 << 30).arenas, [2048]);
});

Deno.test("planSlots: tenants of a slot are of one kind and never at home together", () => {
  fc.assert(fc.property(lifetimes, (list) => {
    const kinds = list.map((life, i) => ({ ...life, kind: i % 3 ? "f16" : "f32" }));
    const { slots, sizes } = planSlots(kinds);
    kinds.forEach((a, i) => {
      assert.ok(sizes[slots[i]] >= a.bytes);
      kinds.forEach((b, j) => {
        if (i !== j && slots[i] === slots[j]) assert.ok(a.kind === b.kind && !together(a, b));
      });
    });
  }));
});
