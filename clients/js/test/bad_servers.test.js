import assert from "node:assert/strict";
import { createServer } from "node:http";
import { test } from "node:test";

import * as package_ from "@codebae/runner-client";

import { badServer, freePort, line, RESULT, says, streams } from "./bad_server.js";

const { RunnerClient } = package_;
const ANSWER = { success: true, status: "accepted", output: "hi\n", error: null };
const HELLO = { language: "python", code: "print('hi')" };
const QUICK = { apiKey: "key", backoffMs: 1, maxBackoffMs: 1500 };
const BUSY = { error: "The queue is full", code: "queue_full" };

const clientOf = (server, options) => new RunnerClient({ url: server.url, ...QUICK, ...options });
const is = (name, fields = {}) => (error) => {
  assert.ok(error instanceof package_[name], `${error?.stack}`);
  assert.equal(error.name, name);
  for (const [field, value] of Object.entries(fields)) assert.deepEqual(error[field], value, field);
  return true;
};

async function collect(stream, into = []) {
  for await (const event of stream) into.push(event);
  return into;
}

test("what is sent", async (t) => {
  const server = await badServer(t, says(200, ANSWER));
  assert.deepEqual(await clientOf(server).execute(HELLO), ANSWER);
  const [request] = server.requests;
  assert.equal(`${request.method} ${request.url}`, "POST /execute");
  assert.equal(request.headers.authorization, "Bearer key");
  assert.equal(request.headers["content-type"], "application/json");
  assert.deepEqual(JSON.parse(request.body), HELLO);
});

for (const status of [429, 503]) {
  test(`${status} never ran: it is sent again, no sooner than Retry-After says`, async (t) => {
    const busy = says(status, BUSY, { "retry-after": "1" });
    const server = await badServer(t, busy, busy, says(200, ANSWER));
    assert.deepEqual(await clientOf(server).execute(HELLO), ANSWER);
    const [first, second, third] = server.requests.map((request) => request.at);
    assert.ok(second - first >= 990 && third - second >= 990);
    assert.equal(new Set(server.requests.map((request) => request.body)).size, 1);
  });
}

test("the tries have an end", async (t) => {
  const server = await badServer(t, says(429, BUSY, { "retry-after": "0", "x-request-id": "r1" }));
  const told = { status: 429, code: "queue_full", message: BUSY.error, retryAfterMs: 0, requestId: "r1" };
  await assert.rejects(clientOf(server, { retries: 2 }).execute(HELLO), is("RunnerBusyError", told));
  assert.equal(server.requests.length, 3);
});

test("a Retry-After of an hour is not waited for", async (t) => {
  const server = await badServer(t, says(503, BUSY, { "retry-after": "3600" }));
  await assert.rejects(clientOf(server).execute(HELLO), is("RunnerBusyError", { retryAfterMs: 3_600_000 }));
  assert.equal(server.requests.length, 1);
});

test("a refused connection is tried again until somebody listens", async (t) => {
  const port = await freePort();
  const url = `http://127.0.0.1:${port}/execute`;
  const pending = new RunnerClient({ ...QUICK, url, backoffMs: 200, retries: 6 }).execute(HELLO);
  const late = createServer((_, response) => says(200, ANSWER)(response));
  t.after(() => late.close());
  setTimeout(() => late.listen(port, "127.0.0.1"), 100);
  assert.deepEqual(await pending, ANSWER);
  late.closeAllConnections();
});

test("a refused connection is an error of its own in the end", async () => {
  const client = new RunnerClient({ ...QUICK, url: `http://127.0.0.1:${await freePort()}` });
  await assert.rejects(client.execute(HELLO), is("RunnerConnectionError", { neverRan: true }));
});

for (const [what, turn] of Object.entries({
  "a connection that is cut": (response) => response.destroy(),
  "half an answer": (response) => {
    response.writeHead(200, { "content-length": "100" });
    response.write('{"success"');
    setTimeout(() => response.destroy(), 20);
  },
})) {
  test(`${what} may have run: never sent again`, async (t) => {
    const server = await badServer(t, turn);
    await assert.rejects(clientOf(server).execute(HELLO), is("RunnerConnectionError", { neverRan: false }));
    assert.equal(server.requests.length, 1);
  });
}

for (const [status, name] of [
  [400, "RunnerRequestError"],
  [401, "RunnerAuthError"],
  [403, "RunnerAuthError"],
  [413, "RunnerRequestError"],
  [500, "RunnerHttpError"],
  [502, "RunnerHttpError"],
]) {
  test(`${status} is a ${name}, and final`, async (t) => {
    const details = [{ field: "timeout", message: "must be a whole number" }];
    const server = await badServer(t, says(status, { error: "No", code: "invalid", details }));
    const told = { status, message: "No", code: "invalid", details };
    await assert.rejects(clientOf(server).execute(HELLO), is(name, told));
    assert.equal(server.requests.length, 1);
  });
}

test("a proxy's page is an error that says so, whatever its status", async (t) => {
  const page = "<html>Bad gateway</html>";
  const server = await badServer(t, says(502, page), says(200, page), says(200, "[1]"), says(200, ""));
  const told = { status: 502, code: "unknown", message: "The runner answered with 502" };
  await assert.rejects(clientOf(server).execute(HELLO), is("RunnerHttpError", told));
  for (let i = 0; i < 3; i++) await assert.rejects(clientOf(server).execute(HELLO), is("RunnerProtocolError"));
});

test("a redirect is not followed: the key stays here", async (t) => {
  const other = await badServer(t, says(200, ANSWER));
  const server = await badServer(t, says(307, "", { location: `${other.url}/execute` }));
  await assert.rejects(clientOf(server).execute(HELLO), is("RunnerProtocolError"));
  assert.equal(other.requests.length, 0);
});

test("an answer without an end is not read to its end", async (t) => {
  const server = await badServer(t, streams([" ".repeat(5000)], () => {}));
  await assert.rejects(clientOf(server, { maxBytes: 4000 }).execute(HELLO), is("RunnerProtocolError"));
});

test("a server that never answers meets the deadline", async (t) => {
  const server = await badServer(t, () => {}, streams(["{"], () => {}));
  for (let i = 0; i < 2; i++) {
    await assert.rejects(clientOf(server).execute(HELLO, { timeoutMs: 60 }), is("RunnerTimeoutError"));
  }
});

test("the deadline holds for the waits between tries, too", async (t) => {
  const server = await badServer(t, says(503, BUSY, { "retry-after": "1" }));
  await assert.rejects(clientOf(server).execute(HELLO, { timeoutMs: 1000 }), is("RunnerTimeoutError"));
  assert.equal(server.requests.length, 1);
});

test("abort: before, while it waits for an answer, and between two tries", async (t) => {
  const reason = new Error("enough");
  const server = await badServer(t, (response) => response.gone.then(() => {}), says(503, BUSY, { "retry-after": "1" }));
  const client = clientOf(server);
  await assert.rejects(client.execute(HELLO, { signal: AbortSignal.abort(reason) }), reason);
  assert.equal(server.requests.length, 0);
  for (const wanted of [1, 2]) {
    const controller = new AbortController();
    const look = setInterval(() => {
      if (server.requests.length < wanted) return;
      clearInterval(look);
      setTimeout(() => controller.abort(reason), 100);
    }, 5);
    await assert.rejects(client.execute(HELLO, { signal: controller.signal }), reason);
    assert.equal(server.requests.length, wanted);
  }
});

test("abort without a reason is what fetch makes of it; a signal that times out, too", async (t) => {
  const server = await badServer(t, () => {});
  const named = (name) => (error) => error.name === name;
  const controller = new AbortController();
  setTimeout(() => controller.abort(), 20);
  await assert.rejects(clientOf(server).execute(HELLO, { signal: controller.signal }), named("AbortError"));
  await assert.rejects(
    clientOf(server).execute(HELLO, { signal: AbortSignal.timeout(20) }),
    named("TimeoutError"),
  );
});

test("a stream's events, however they are cut", async (t) => {
  const events = [{ event: "queued", position: 0 }, { event: "stdout", data: "größe 🎈\n" }, RESULT];
  const bytes = Buffer.from(events.map(line).join("") + "\n");
  const single = [...bytes].map((byte) => Buffer.of(byte));
  const server = await badServer(t, streams([bytes]), streams(single), streams([bytes.subarray(0, -2)]));
  for (let i = 0; i < 3; i++) assert.deepEqual(await collect(clientOf(server).stream(HELLO)), events);
  assert.equal(server.requests[0].headers.accept, "application/x-ndjson");
});

test("a stream returns its result, and pings are not for its reader", async (t) => {
  const server = await badServer(t, streams([line({ event: "ping" }), line(RESULT), line({ event: "late" })]));
  const stream = clientOf(server).stream(HELLO);
  assert.deepEqual(await stream.next(), { done: false, value: RESULT });
  assert.deepEqual(await stream.next(), { done: true, value: RESULT });
});

test("a stream that was refused is begun again", async (t) => {
  const server = await badServer(t, says(429, BUSY, { "retry-after": "0" }), streams([line(RESULT)]));
  assert.deepEqual(await collect(clientOf(server).stream(HELLO)), [RESULT]);
  assert.equal(server.requests.length, 2);
});

for (const [what, then, name] of [
  ["is cut off", (response) => response.destroy(), "RunnerConnectionError"],
  ["ends without a result", (response) => response.end(), "RunnerProtocolError"],
  ["turns into something else", (response) => response.end("<html>\n"), "RunnerProtocolError"],
]) {
  test(`a stream that ${what} after its first byte is never begun again`, async (t) => {
    const first = { event: "stdout", data: "hi" };
    const server = await badServer(t, streams([line(first)], then));
    const seen = [];
    await assert.rejects(collect(clientOf(server).stream(HELLO), seen), is(name));
    assert.deepEqual(seen, [first]);
    assert.equal(server.requests.length, 1);
  });
}

test("a stream that falls silent is given up; pings keep it", async (t) => {
  const silent = streams([line({ event: "ping" })], () => {});
  const kept = streams(Array(20).fill(line({ event: "ping" })).concat(line(RESULT)));
  const server = await badServer(t, silent, kept);
  const client = clientOf(server, { idleTimeoutMs: 80 });
  await assert.rejects(collect(client.stream(HELLO)), is("RunnerTimeoutError"));
  assert.deepEqual(await collect(client.stream(HELLO)), [RESULT]);
});

test("a reader may take its time", async (t) => {
  const server = await badServer(t, streams([line({ event: "stdout", data: "1" }), line(RESULT)]));
  const stream = clientOf(server, { idleTimeoutMs: 50 }).stream(HELLO);
  await stream.next();
  await new Promise((done) => setTimeout(done, 150));
  assert.deepEqual((await stream.next()).value, RESULT);
});

test("an event without an end is not read to its end", async (t) => {
  const server = await badServer(t, streams(["x".repeat(3000), "x".repeat(3000)], () => {}));
  await assert.rejects(collect(clientOf(server, { maxBytes: 4000 }).stream(HELLO)), is("RunnerProtocolError"));
});

test("leaving the loop, or aborting, hangs up", async (t) => {
  let response;
  const server = await badServer(t, (it) => {
    response = it;
    return streams([line({ event: "queued", position: 0 })], () => {})(it);
  });
  for await (const event of clientOf(server).stream(HELLO)) {
    assert.equal(event.event, "queued");
    break;
  }
  await response.gone;
  const controller = new AbortController();
  const reason = new Error("stopped");
  const run = async () => {
    for await (const _ of clientOf(server).stream(HELLO, { signal: controller.signal })) controller.abort(reason);
  };
  await assert.rejects(run(), reason);
  await response.gone;
});

test("health is an answer, not an error, when it is bad", async (t) => {
  const bad = { status: "unhealthy", reason: "draining", activeJobs: 0, uptime: 1 };
  const server = await badServer(t, says(503, bad, { "retry-after": "1" }), says(404, { error: "Not Found", code: "not_found" }));
  assert.deepEqual(await clientOf(server).health(), bad);
  await assert.rejects(clientOf(server).health(), is("RunnerRequestError", { code: "not_found" }));
  assert.deepEqual(server.requests.map((request) => request.url), ["/health", "/health"]);
});

test("an answer that lacks what it was asked for", async (t) => {
  const server = await badServer(t, says(200, {}));
  await assert.rejects(clientOf(server).languages(), is("RunnerProtocolError"));
  await assert.rejects(clientOf(server).judge({ ...HELLO, tests: [{ input: "" }] }), is("RunnerProtocolError"));
});

test("request hands on bytes and answers as they are, after the same tries", async (t) => {
  const teapot = says(418, "short and stout", { "content-type": "text/plain", "x-request-id": "r" });
  const server = await badServer(t, says(503, BUSY, { "retry-after": "0" }), teapot);
  const headers = { "content-type": "text/weird", authorization: "Bearer somebody's" };
  const response = await clientOf(server).request("/execute", { method: "POST", body: "not json", headers });
  assert.equal(response.status, 418);
  assert.equal(await response.text(), "short and stout");
  const last = server.requests.at(-1);
  assert.equal(last.body, "not json");
  assert.equal(last.headers["content-type"], "text/weird");
  assert.equal(last.headers.authorization, "Bearer key");
});

test("request: the signal holds until the body's end, the deadline until its beginning", async (t) => {
  const server = await badServer(t, streams(["a"], async (response) => {
    await Promise.race([response.gone, new Promise((done) => setTimeout(done, 150))]);
    response.write("b");
  }));
  const controller = new AbortController();
  const response = await clientOf(server).request("/x", { signal: controller.signal, timeoutMs: 80 });
  const reader = response.body.getReader();
  await reader.read();
  assert.equal(Buffer.from((await reader.read()).value).toString(), "b");
  controller.abort(new Error("gone"));
  await assert.rejects(reader.read());
});

test("a client leaves nothing behind: no open signal listeners", async (t) => {
  const server = await badServer(t, says(200, ANSWER));
  const { signal } = new AbortController();
  let listeners = 0;
  for (const [name, step] of [["addEventListener", 1], ["removeEventListener", -1]]) {
    const original = signal[name].bind(signal);
    signal[name] = (...args) => {
      listeners += step;
      return original(...args);
    };
  }
  await clientOf(server).execute(HELLO, { signal });
  assert.equal(listeners, 0);
});
