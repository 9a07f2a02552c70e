/**
 * What one server takes of OpenAI's chat API: everything, until it complains.
 *
 * @module
 */

/** A part of a message: words, or a picture as a data URL. */
export type Part = { type: "text"; text: string } | { type: "image_url"; image_url: { url: string } };

/** A message as the chat API has it. */
export interface Message {
  role: "system" | "user" | "assistant";
  content: string | Part[];
}

/** What an answer must look like. */
export interface Shape {
  name: string;
  schema: Record<string, unknown>;
  /** Whether the messages say it in words already, for services that hold no model to a schema. */
  explained?: boolean;
}

/**
 * What a server may not know, with how it says so. Dropped, one after the other, when it complains. Limits inside a
 * schema go first: several services hold to schemas, but to none with limits in it.
 */
const EXTRAS = {
  limits: /(?:min|max)(?:imum|Length|Items|Properties)|exclusiveM(?:in|ax)imum/,
  json_schema: /response_format|json_schema|json schema|structured output|grammar|schema/i,
  json_object: /response_format|json_object|schema|grammar/i,
  stream: /\bstream/i,
  temperature: /temperature/i,
  seed: /\bseed\b/i,
  max_tokens: /max_tokens/i,
  max_completion_tokens: /max_completion_tokens/i,
  image_object: /image_url/i,
} as const;
type Extra = keyof typeof EXTRAS;

/** What a request is made of. */
export interface Asking {
  model: string;
  messages: Message[];
  shape?: Shape;
  seed: number;
  maxTokens: number;
}

/** Writes requests as one server takes them. */
export class Dialect {
  private readonly lacking = new Set<Extra>();

  /** The body of a request. */
  body({ model, messages, shape, seed, maxTokens }: Asking): Record<string, unknown> {
    const { lacking } = this;
    let format: Record<string, unknown> | undefined;
    if (shape && !lacking.has("json_schema")) {
      const schema = lacking.has("limits") ? withoutLimits(shape.schema) : shape.schema;
      format = { type: "json_schema", json_schema: { name: shape.name, schema, strict: true } };
    } else if (shape && !lacking.has("json_object")) format = { type: "json_object", schema: shape.schema };
    const inWords = shape && !shape.explained && lacking.has("json_schema");
    const told = inWords ? [...messages, explaining(shape.schema)] : messages;
    return {
      model,
      messages: lacking.has("image_object") ? told.map(withPlainImages) : told,
      ...(format ? { response_format: format } : {}),
      ...(lacking.has("stream") ? {} : { stream: true }),
      ...(lacking.has("temperature") ? {} : { temperature: 0.2 }),
      ...(lacking.has("seed") ? {} : { seed }),
      ...(!lacking.has("max_tokens")
        ? { max_tokens: maxTokens }
        : lacking.has("max_completion_tokens")
        ? {}
        : { max_completion_tokens: maxTokens }),
    };
  }

  /** Whether the server complains of something that can be done without; it is, from then on. */
  doWithout(complaint: string): boolean {
    const names = Object.keys(EXTRAS) as Extra[];
    const extra = names.find((extra) => !this.lacking.has(extra) && this.uses(extra) && EXTRAS[extra].test(complaint));
    if (extra) this.lacking.add(extra);
    return extra !== undefined;
  }

  /** Whether a request holds this at all, now that others are gone. */
  private uses(extra: Extra): boolean {
    if (extra === "limits") return !this.lacking.has("json_schema");
    if (extra === "json_object") return this.lacking.has("json_schema");
    if (extra === "max_completion_tokens") return this.lacking.has("max_tokens");
    return true;
  }
}

/** A schema as an instruction. */
function explaining(schema: Record<string, unknown>): Message {
  return {
    role: "system",
    content: `Answer with one JSON object alone. It must fit this JSON schema:\n${JSON.stringify(schema)}`,
  };
}

/** Limits of numbers and lengths are no part of what some services take for a schema. */
export function withoutLimits(schema: unknown): unknown {
  if (Array.isArray(schema)) return schema.map(withoutLimits);
  if (typeof schema !== "object" || schema === null) return schema;
  const kept = Object.entries(schema).filter(([key, value]) => typeof value !== "number" || !EXTRAS.limits.test(key));
  return Object.fromEntries(kept.map(([key, value]) => [key, withoutLimits(value)]));
}

/** Pictures as Ollama's examples give them: the URL itself where OpenAI has an object. */
function withPlainImages({ role, content }: Message): unknown {
  if (typeof content === "string") return { role, content };
  return {
    role,
    content: content.map((part) =>
      part.type === "image_url" ? { type: part.type, image_url: part.image_url.url } : part
    ),
  };
}
