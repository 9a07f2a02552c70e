/** A list in an order of which every beginning is spread evenly over it: by multiples of the golden ratio. */
export function spread<T>(list: readonly T[]): T[] {
  const ratio = (Math.sqrt(5) - 1) / 2;
  return list.map((item, i) => ({ item, at: i * ratio % 1 })).sort((a, b) => a.at - b.at).map(({ item }) => item);
}
