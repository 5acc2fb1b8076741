/** The client in the runtime of edge functions, which has the web's interfaces and none of Node's. */
import assert from "node:assert/strict";
import { dirname } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";

import { EdgeRuntime } from "edge-runtime";
import { build } from "esbuild";

import { badServer, line, RESULT, says, streams } from "./bad_server.js";

const { outputFiles } = await build({
  stdin: {
    contents: 'export * from "@codebae/runner-client"',
    resolveDir: dirname(fileURLToPath(import.meta.url)),
  },
  bundle: true,
  write: false,
  format: "iife",
  globalName: "client",
  platform: "neutral", // what is Node's would not be found
});
const ANSWER = { success: true, status: "accepted", output: "hi\n", error: null };

/** What the statements return there, with a client of `server` as `runner`. */
function inside(server, statements) {
  const edge = new EdgeRuntime({ initialCode: outputFiles[0].text });
  return edge.evaluate(`(async () => {
    const runner = new client.RunnerClient({ url: "${server.url}", apiKey: "key", backoffMs: 1 });
    const HELLO = { language: "python", code: "print('hi')" };
    ${statements}
  })()`);
}

test("on the edge: an answer, after a retry", async (t) => {
  const server = await badServer(t, says(429, {}, { "retry-after": "0" }), says(200, ANSWER));
  const answer = await inside(server, "return JSON.stringify(await runner.execute(HELLO));");
  assert.deepEqual(JSON.parse(answer), ANSWER);
  assert.equal(server.requests.length, 2);
});

test("on the edge: a stream", async (t) => {
  const server = await badServer(t, streams([line({ event: "queued" }), line(RESULT)]));
  const events = await inside(server, `
    const events = [];
    for await (const { event } of runner.stream(HELLO)) events.push(event);
    return events.join();`);
  assert.equal(events, "queued,result");
});

test("on the edge: an abort ends the request", async (t) => {
  let response;
  const server = await badServer(t, (it) => {
    response = it;
    return streams([line({ event: "queued" })], () => {})(it);
  });
  const name = await inside(server, `
    const caller = new AbortController();
    try {
      for await (const event of runner.stream(HELLO, { signal: caller.signal })) caller.abort();
    } catch (error) {
      return error.name;
    }`);
  assert.equal(name, "AbortError");
  await response.gone;
});
