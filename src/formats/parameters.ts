/**
 * The `parameters` text of AUTOMATIC1111's web UI, which most tools read: the prompt, the negative prompt, and a line of
 * `Label: value` pairs.
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

const NEGATIVE = "Negative prompt: ";

/** The text for a picture. Values with a comma, colon or line break are quoted as JSON strings, as the web UI does. */
export function formatParameters({ prompt, negativePrompt, fields }: Parameters): string {
  const quote = (value: string) => /[,:\n]/.test(value) ? JSON.stringify(value) : value;
  const pairs = Object.entries(fields).map(([label, value]) => `${label}: ${quote(value)}`);
  return [prompt, ...(negativePrompt ? [NEGATIVE + negativePrompt] : []), pairs.join(", ")].join("\n");
}

/** Reads what {@linkcode formatParameters} or another tool wrote. Text without a line of pairs is all prompt. */
export function parseParameters(text: string): Parameters {
  const lines = text.trim().split("\n");
  const fields: Record<string, string> = {};
  // A prompt may well hold one "word: word"; the web UI takes three pairs as the sign of a parameter line.
  const pairs = [...lines[lines.length - 1].matchAll(/\s*([\w][\w \-/]+):\s*("(?:\\.|[^\\"])+"|[^,]*)(?:,|$)/g)];
  if (pairs.length >= 3) {
    lines.pop();
    for (const [, label, value] of pairs) fields[label] = unquote(value.trim());
  }
  const negativeAt = lines.findIndex((line) => line.startsWith(NEGATIVE.trim()));
  if (negativeAt < 0) return { prompt: lines.join("\n"), fields };
  return {
    prompt: lines.slice(0, negativeAt).join("\n"),
    negativePrompt: lines.slice(negativeAt).join("\n").slice(NEGATIVE.length),
    fields,
  };
}

function unquote(value: string): string {
  if (!value.startsWith('"')) return value;
  try {
    return String(JSON.parse(value));
  } catch {
    return value;
  }
}
