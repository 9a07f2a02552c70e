/**
 * Unrolls register tiles. WGSL has no way to say "these 32 accumulators": arrays indexed in loops go to memory instead
 * of registers. So a shader may repeat a block of lines:
 *
 * ```wgsl
 * // for $i in ROWS
 * var sum$i = vec4f(0);
 * // end
 * ```
 *
 * Each line between the two comments appears once for every `$i` from 0 to ROWS − 1. ROWS is a number or one of the
 * kernel's constants; blocks nest. That is all this does: everything else in a shader is plain WGSL.
 *
 * @module
 */

/** Repeats the marked blocks of `source`. */
export function expand(source: string, constants: Record<string, number>): string {
  return block(source.split("\n"), constants).join("\n");
}

function block(lines: string[], constants: Record<string, number>): string[] {
  const out: string[] = [];
  for (let at = 0; at < lines.length; at++) {
    const start = lines[at].match(/^\s*\/\/ for (\$\w) in (\w+)$/);
    if (!start) {
      out.push(lines[at]);
      continue;
    }
    const end = matchingEnd(lines, at);
    const [, name, bound] = start;
    const count = constants[bound] ?? Number(bound);
    if (!Number.isInteger(count)) throw new Error(`Shader line ${at + 1}: "${bound}" is no constant of this kernel.`);
    const body = lines.slice(at + 1, end);
    for (let i = 0; i < count; i++) {
      out.push(...block(body.map((line) => line.replaceAll(name, String(i))), constants));
    }
    at = end;
  }
  return out;
}

function matchingEnd(lines: string[], start: number): number {
  let depth = 0;
  for (let at = start; at < lines.length; at++) {
    if (/^\s*\/\/ for \$\w in \w+$/.test(lines[at])) depth++;
    if (/^\s*\/\/ end$/.test(lines[at]) && --depth === 0) return at;
  }
  throw new Error(`Shader line ${start + 1}: this "for" has no "end".`);
}
