/** A server on the loopback that speaks as much of OpenAI's chat API as a test tells it to. */
export interface FakeModel extends AsyncDisposable {
  url: string;
  /** The bodies of the chat requests, in order. */
  asked: Record<string, unknown>[];
  /** The authorization headers, in order. */
  keys: (string | null)[];
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
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, async (request) => {
    if (request.url.endsWith("/models")) {
      return Response.json({ object: "list", data: [{ id: "fake-1", object: "model" }] });
    }
    const answer = answers[Math.min(asked.length, answers.length - 1)];
    asked.push(await request.json());
    keys.push(request.headers.get("authorization"));
    if (typeof answer === "function") return answer(request);
    if (answer instanceof Response) return answer.clone();
    const choice = typeof answer === "string"
      ? { index: 0, message: { role: "assistant", content: answer }, finish_reason: "stop" }
      : answer.choice;
    return Response.json({ id: "1", object: "chat.completion", created: 1, model: "fake-1", choices: [choice] });
  });
  const { port } = server.addr as Deno.NetAddr;
  return { url: `http://127.0.0.1:${port}/v1`, asked, keys, [Symbol.asyncDispose]: () => server.shutdown() };
}

/** An error as OpenAI's API words it. */
export function apiError(status: number, message: string, code: string | null = null): Response {
  return Response.json({ error: { message, code, type: "error", param: null } }, { status });
}
