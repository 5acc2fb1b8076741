import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { test } from "node:test";
import { inspect } from "node:util";

import { RunnerClient } from "@codebae/runner-client";

import { baseUrl, resolve } from "../dist/config.js";
import { neverArrived, parseRetryAfter, waitMs } from "../dist/retry.js";

test("an address may end in /execute, in /, in neither", () => {
  const addresses = {
    "http://localhost:3000": "http://localhost:3000",
    "http://localhost:3000/": "http://localhost:3000",
    " http://localhost:3000/execute\n": "http://localhost:3000",
    "https://runner.example/execute/": "https://runner.example",
    "https://example.org/runner/execute": "https://example.org/runner",
    "https://example.org/api/": "https://example.org/api",
    "https://example.org/executed": "https://example.org/executed",
  };
  for (const [given, wanted] of Object.entries(addresses)) assert.equal(baseUrl(given), wanted);
});

test("what is no runner's address is refused at once", () => {
  for (const given of [undefined, "", "  ", "localhost:3000", "runner", "file:///x", "http://a:b@c/"]) {
    assert.throws(() => baseUrl(given), TypeError, String(given));
  }
});

test("the environment is where address and key come from, unless they are given", () => {
  const env = { RUNNER_URL: "http://a/execute", RUNNER_API_KEY: " secret\n" };
  const { url, apiKey } = resolve({}, env);
  assert.deepEqual({ url, apiKey }, { url: "http://a", apiKey: "secret" });
  assert.equal(resolve({ apiKey: null }, env).apiKey, null);
  assert.equal(resolve({ apiKey: "other", url: "http://b" }, env).apiKey, "other");
  assert.equal(resolve({}, { RUNNER_URL: "http://a" }).apiKey, null);
});

test("a key is not quoted, and no client shows its own", () => {
  const refused = (error) => error instanceof TypeError && !error.message.includes("secret");
  assert.throws(() => resolve({ url: "http://a", apiKey: "secret\nkey" }), refused);
  const client = new RunnerClient({ url: "http://a", apiKey: "secret" });
  const shown = inspect(client, { depth: 9, showHidden: true }) + JSON.stringify(client);
  assert.ok(!shown.includes("secret"), shown);
});

test("Retry-After is seconds or a date", () => {
  const now = Date.parse("2026-01-01T00:00:00Z");
  assert.equal(parseRetryAfter("2", now), 2000);
  assert.equal(parseRetryAfter("0", now), 0);
  assert.equal(parseRetryAfter("Thu, 01 Jan 2026 00:00:05 GMT", now), 5000);
  assert.equal(parseRetryAfter("Wed, 31 Dec 2025 00:00:00 GMT", now), 0);
  for (const nonsense of [null, "", "soon", "-1", "1e9"]) {
    assert.equal(parseRetryAfter(nonsense, now), null, String(nonsense));
  }
});

test("a wait is never shorter than Retry-After, grows, and has an end", () => {
  const limits = { retries: 3, backoffMs: 100, maxBackoffMs: 350 };
  for (const random of [0, 0.5, 0.999]) {
    for (let attempt = 0; attempt < 3; attempt++) {
      const most = Math.min(100 * 2 ** attempt, 350);
      const wait = waitMs(attempt, null, limits, random);
      assert.ok(wait >= most / 2 && wait <= most);
      assert.ok(waitMs(attempt, 300, limits, random) >= 300);
    }
    assert.equal(waitMs(3, null, limits, random), null);
    assert.equal(waitMs(0, 351, limits, random), null);
  }
});

test("only what certainly never arrived counts as such", () => {
  const coded = (code, more = {}) => Object.assign(new Error(code), { code, ...more });
  const failed = (cause) => new TypeError("fetch failed", { cause });
  assert.ok(neverArrived(failed(coded("ECONNREFUSED"))));
  assert.ok(neverArrived(failed(new AggregateError([coded("ECONNREFUSED"), coded("ECONNREFUSED")]))));
  assert.ok(!neverArrived(failed(new AggregateError([coded("ECONNREFUSED"), coded("ECONNRESET")]))));
  for (const code of ["ECONNRESET", "UND_ERR_SOCKET", "EPIPE"]) assert.ok(!neverArrived(failed(coded(code))));
  for (const nothing of [new TypeError("Failed to fetch"), null, "ECONNREFUSED"]) assert.ok(!neverArrived(nothing));
  const round = new Error("round");
  round.cause = round;
  assert.ok(!neverArrived(round));
});

test("it needs nothing that only Node.js has", () => {
  const program = `
    delete globalThis.process;
    const { RunnerClient } = await import("@codebae/runner-client");
    const line = JSON.stringify({ event: "result", output: "hi" });
    const fetch = async () => new Response(line, { status: 200 });
    const client = new RunnerClient({ url: "http://a", apiKey: "key", fetch });
    for await (const event of client.stream({})) console.log(event.output);
    console.log((await client.execute({})).output);
    try { new RunnerClient(); } catch (error) { console.log(error.name); }`;
  const printed = execFileSync(process.execPath, ["--input-type=module", "--eval", program], { encoding: "utf8" });
  assert.equal(printed, "hi\nhi\nTypeError\n");
  for (const file of readdirSync(new URL("../dist/", import.meta.url)).filter((name) => name.endsWith(".js"))) {
    const source = readFileSync(new URL(`../dist/${file}`, import.meta.url), "utf8");
    for (const [, from] of source.matchAll(/\bfrom "([^"]+)"/g)) assert.ok(from.startsWith("./"), `${file}: ${from}`);
    assert.doesNotMatch(source, /\b(Buffer|require|setImmediate)\b/, file);
  }
});
