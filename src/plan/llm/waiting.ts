/** Milliseconds between two words about an answer that is awaited. */
const EVERY = 5000;

/**
 * Says every few seconds how an answer gets on, until it is disposed of: a model on a slow machine takes minutes, and
 * silence looks like a hang.
 */
export function waiting(model: string, progress: ((message: string) => void) | undefined, every = EVERY) {
  const started = performance.now();
  let characters = 0;
  const timer = progress && setInterval(() => {
    const seconds = Math.round((performance.now() - started) / 1000);
    const of = model || "the language model";
    progress(characters ? `${of} writes: ${characters} characters in ${seconds} s` : `Waiting for ${of}: ${seconds} s`);
  }, every);
  return {
    /** A piece of the answer came: of events, what is written in them. */
    arrived(piece: string): void {
      const written = piece.matchAll(/"(?:content|text|reasoning\w*)":\s*"((?:[^"\\]|\\.)*)"/g);
      for (const [, text] of written) characters += text.length;
    },
    [Symbol.dispose]: () => clearInterval(timer),
  };
}
