/**
 * The noun of a region's prompt, as far as can be told without the tagger: for plans that people write.
 *
 * @module
 */

/** The noun a phrase is about, in the singular and lower case: "two black cats with hats" is about a cat. */
export function headOf(phrase: string): string {
  const upTo = phrase.toLowerCase().replace(/:[\d.]+(?=\))|[()[\]]/g, "").split(
    /[,;.]|\b(?:with|in|of|on|at|from|by|to|and|who|that|which|is|are|wearing|holding|riding|\w+ing)\b(?<=.{4}) /,
  )[0];
  const noun = upTo.match(/[\p{L}\p{N}-]+/gu)?.at(-1) ?? "";
  if (/men$/.test(noun)) return noun.replace(/men$/, "man");
  return noun.replace(/(?<=[^aeiou])ies$/, "y").replace(/(?<=[sxz]|ch|sh)es$|(?<=[^su])s$/, "");
}

/** Whether two of these nouns are of one class, so that a base prompt helps to keep them apart as well as together. */
export function repeatsClass(heads: string[]): boolean {
  const classes = heads.map((head) =>
    /^(?:boy|guy|gentleman)$/.test(head) ? "man" : /^(?:girl|lady)$/.test(head) ? "woman" : head
  );
  return new Set(classes).size < classes.length;
}
