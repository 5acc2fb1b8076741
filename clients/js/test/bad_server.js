/** An HTTP server that does what each test tells it to. */
import { once } from "node:events";
import { createServer } from "node:http";

/** Answers the n-th request with the n-th of `turns`, and every later one with the last. */
export async function badServer(t, ...turns) {
  const requests = [];
  const server = createServer(async (request, response) => {
    const chunks = [];
    for await (const chunk of request) chunks.push(chunk);
    const { method, url, headers } = request;
    requests.push({ method, url, headers, body: Buffer.concat(chunks).toString(), at: Date.now() });
    response.gone = once(response, "close");
    await turns[Math.min(requests.length, turns.length) - 1](response, request);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  return { url: `http://127.0.0.1:${server.address().port}`, requests, server };
}

/** A port where nobody listens. */
export async function freePort() {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address();
  server.close();
  await once(server, "close");
  return port;
}

export function says(status, body, headers = {}) {
  return (response) => {
    response.writeHead(status, { "content-type": "application/json", ...headers });
    response.end(typeof body === "string" ? body : JSON.stringify(body));
  };
}

/** NDJSON in the given pieces, each sent by itself; `then` says what comes after them. */
export function streams(pieces, then = (response) => response.end()) {
  return async (response) => {
    response.writeHead(200, { "content-type": "application/x-ndjson" });
    for (const piece of pieces) {
      response.write(piece);
      await new Promise((done) => setTimeout(done, 5));
    }
    await then(response);
  };
}

export const line = (event) => `${JSON.stringify(event)}\n`;
export const RESULT = { event: "result", success: true, status: "accepted", output: "hi\n", error: null };
