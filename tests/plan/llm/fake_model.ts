/** A server on the loopback that speaks as much of OpenAI's chat API as a test tells it to. */
export interface FakeModel extends AsyncDisposable {
  url: string;
  /** The bodies of the chat requests, in order. */
  asked: Record<string, unknown>[];
  /** The authorization headers, in order. */
  keys: (string | null)[];
  /** Answers what models there are. */
  models: (request: Request) => Response;
}

/** What to answer to one request: a reply's text, a whole choice, or any response. */
export type Answer =
  | string
  | { choice: Record<string, unknown> }
  | Response
  | ((request: Request) => Response | Promise<Response>);

/** Answer the chat requests with these, in order; the last one repeats. */
export function fakeModel(...answers: Answer[]): FakeModel {
  const asked: Record<string, unknown>[] = [];
  const keys: (string | null)[] = [];
  const end = new AbortController(); // some answers never end by themselves
  const server = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen: () => {}, signal: end.signal },
    async (request) => {
      if (new URL(request.url).pathname.endsWith("/models")) return model.models(request);
      const answer = answers[Math.min(asked.length, answers.length - 1)];
      asked.push(await request.json());
      keys.push(request.headers.get("authorization"));
      if (typeof answer === "function") return answer(request);
      if (answer instanceof Response) return answer.clone();
      const choice = typeof answer === "string"
        ? { index: 0, message: { role: "assistant", content: answer }, finish_reason: "stop" }
        : answer.choice;
      return Response.json({ id: "1", object: "chat.completion", created: 1, model: "fake-1", choices: [choice] });
    },
  );
  const { port } = server.addr as Deno.NetAddr;
  const model: FakeModel = {
    url: `http://127.0.0.1:${port}/v1`,
    asked,
    keys,
    models: () => Response.json({ object: "list", data: [{ id: "fake-1", object: "model" }] }),
    [Symbol.asyncDispose]: async () => {
      end.abort();
      await server.finished;
    },
  };
  return model;
}

/** An answer as a stream of events; `open` leaves the connection open after the last. */
export function streamed(text: string, { chunk = 7, crlf = false, open = false } = {}): Response {
  const delta = (content: string) => ({ choices: [{ index: 0, delta: { content }, finish_reason: null }] });
  const pieces = text.match(new RegExp(`[^]{1,${chunk}}`, "g"))!.map(delta);
  const events = [
    ": a comment",
    ...[
      { choices: [{ index: 0, delta: { role: "assistant", content: null } }] },
      ...pieces,
      { choices: [{ index: 0, delta: {}, finish_reason: "stop" }] },
      { choices: [], usage: { total_tokens: 9 } },
    ].map((event) => `data: ${JSON.stringify(event)}`),
    "data: [DONE]",
  ];
  const body = new ReadableStream<Uint8Array>({
    start(controller) {
      const encoder = new TextEncoder();
      for (const event of events) controller.enqueue(encoder.encode(event + (crlf ? "\r\n\r\n" : "\n\n")));
      if (!open) controller.close();
    },
  });
  return new Response(body, { headers: { "content-type": "text/event-stream; charset=utf-8" } });
}

/** An error as OpenAI's API words it. */
export function apiError(status: number, message: string, code: string | null = null): Response {
  return Response.json({ error: { message, code, type: "error", param: null } }, { status });
}
