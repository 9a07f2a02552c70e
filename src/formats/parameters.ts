/**
 * The `parameters` text of AUTOMATIC1111's web UI, which most tools read: the prompt, the negative prompt, and a line
 * of `Label: value` pairs.
 *
 * @module
 */

/** What a `parameters` text says. */
export interface Parameters {
  prompt: string;
  negativePrompt?: string;
  /** Label → value, in order: Steps, Sampler, Seed … */
  fields: Record<string, string>;
}

const NEGATIVE = "Negative prompt:";

/** The text for a picture. Values with a comma, colon or line break are quoted as JSON strings, as the web UI does. */
export function formatParameters({ prompt, negativePrompt, fields }: Parameters): string {
  const quote = (value: string) => /[,:\n]/.test(value) ? JSON.stringify(value) : value;
  const pairs = Object.entries(fields).map(([label, value]) => `${label}: ${quote(value)}`);
  return [prompt, ...(negativePrompt ? [`${NEGATIVE} ${negativePrompt}`] : []), pairs.join(", ")].join("\n");
}

/** Reads what {@linkcode formatParameters} or another tool wrote. Text without a line of pairs is all prompt. */
export function parseParameters(text: string): Parameters {
  const lines = text.replace(/\r\n?/g, "\n").trim().split("\n");
  const fields: Record<string, string> = {};
  // A prompt may well hold one "word: word"; the web UI takes three pairs as the sign of a parameter line.
  const pairs = readPairs(lines[lines.length - 1]);
  if (pairs.length >= 3) {
    lines.pop();
    for (const [label, value] of pairs) fields[label] = unquote(value.trim());
  }
  const negativeAt = lines.findIndex((line) => line.startsWith(NEGATIVE));
  if (negativeAt < 0) return { prompt: lines.join("\n"), fields };
  return {
    prompt: lines.slice(0, negativeAt).join("\n"),
    negativePrompt: lines.slice(negativeAt).join("\n").slice(NEGATIVE.length).trimStart(),
    fields,
  };
}

/** Longer lines are prompts. */
const LONGEST_LINE = 2 ** 17;

/** The pairs of a line, each behind the one before, in a time that grows with its length alone. */
function readPairs(line: string): [label: string, value: string][] {
  if (line.length > LONGEST_LINE) return [];
  const pairs: [string, string][] = [];
  const label = /(\w[\w \-/]{0,60}):\s*/y, value = /"(?:\\.|[^\\"])+"(?=,|$)|[^,]*/y;
  for (let at = 0; at < line.length;) {
    label.lastIndex = at;
    const match = label.exec(line);
    if (!match) {
      at++;
      continue;
    }
    value.lastIndex = label.lastIndex;
    pairs.push([match[1], value.exec(line)![0]]);
    at = value.lastIndex + 1;
  }
  return pairs;
}

function unquote(value: string): string {
  if (!value.startsWith('"')) return value;
  try {
    return String(JSON.parse(value));
  } catch {
    return value;
  }
}
