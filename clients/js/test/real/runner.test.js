/** Against the runner at RUNNER_URL, with RUNNER_API_KEY: tests/docker/test_js_client.py starts one. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";

import { RunnerAuthError, RunnerClient, RunnerRequestError } from "@codebae/runner-client";

const client = new RunnerClient();
const TICKS = "import time\nprint('first', flush=True)\ntime.sleep(30)\nprint('last')";

async function phases() {
  const response = await client.request("/stats");
  return (await response.json()).activeJobs;
}

async function untilIdle() {
  const end = Date.now() + 10_000;
  while ((await phases()) > 0) {
    assert.ok(Date.now() < end, "the job goes on");
    await sleep(50);
  }
}

test("execute: success, input, a runtime error, a compile error, a time limit", async () => {
  const hello = await client.execute({ language: "python", code: "print(input()[::-1])", input: "äbc" });
  assert.deepEqual([hello.success, hello.output, hello.error], [true, "cbä\n", null]);
  const exit = await client.execute({ language: "python", code: "raise SystemExit(3)" });
  assert.deepEqual([exit.status, exit.run?.exit_code], ["runtime_error", 3]);
  const compile = await client.execute({ language: "c", code: "int main(void) { return nothing; }" });
  assert.equal(compile.status, "compile_error");
  assert.match(compile.compile?.stderr ?? "", /main\.c:1:\d+: error/);
  const loop = await client.execute({ language: "python", code: "while True: pass", timeout: 300 });
  assert.deepEqual([loop.status, loop.error], ["time_limit", "Execution timed out"]);
});

test("stream: output is there before the program ends, and the result is last", async () => {
  const code = "import sys, time\nprint('first', flush=True)\ninput()\ntime.sleep(1)\nprint('last', file=sys.stderr)";
  const events = [];
  let first = 0;
  for await (const event of client.stream({ language: "python", code, input: "x\n" })) {
    if (event.event === "stdout") first = Date.now();
    events.push(event);
  }
  assert.ok(Date.now() - first >= 900);
  // What is printed may come in pieces.
  const kinds = events
    .map((event) => event.event)
    .filter((kind, at, all) => kind !== "queued" && kind !== all[at - 1]);
  assert.deepEqual(kinds, ["stage", "stdout", "stderr", "exit", "result"]);
  assert.equal(events.at(-1).output, "first\n");
});

test("judge: each test has its verdict, and a stream tells them one by one", async () => {
  const submission = {
    language: "python",
    code: "print(sum(map(int, input().split())))",
    tests: [
      { name: "small", input: "1 2\n", expected: "3\n", points: 1 },
      { name: "wrong", input: "1 2\n", expected: "4\n", points: 2 },
    ],
  };
  const answer = await client.judge(submission);
  assert.deepEqual(answer.tests.map((each) => each.status), ["accepted", "wrong_answer"]);
  assert.deepEqual([answer.summary.score, answer.summary.max_score], [1, 3]);
  assert.deepEqual(answer.tests[1].difference, { line: 1, column: 1, expected: "4", got: "3" });
  const told = [];
  for await (const event of client.stream(submission)) {
    if (event.event === "test") told.push([event.number, event.status]);
  }
  assert.deepEqual(told, [[1, "accepted"], [2, "wrong_answer"]]);
});

test("languages and health", async () => {
  const languages = await client.languages();
  const python = languages.find((language) => language.id === "python");
  assert.deepEqual([python?.extensions[0], python?.compiled], [".py", false]);
  assert.equal((await client.health()).status, "healthy");
});

test("abort, and leaving a stream, end the job", async () => {
  const controller = new AbortController();
  const running = client.execute({ language: "python", code: TICKS, timeout: 60_000 }, controller);
  setTimeout(() => controller.abort(), 700);
  await assert.rejects(running, { name: "AbortError" });
  await untilIdle();
  for await (const event of client.stream({ language: "python", code: TICKS, timeout: 60_000 })) {
    if (event.event === "stdout") break;
  }
  await untilIdle();
});

test("what is refused", async () => {
  const invalid = client.execute({ language: "python", code: "1", limits: { wall_ms: 0 } });
  await assert.rejects(invalid, (error) => {
    assert.ok(error instanceof RunnerRequestError);
    assert.deepEqual([error.status, error.code, error.details[0]?.field], [400, "invalid", "limits.wall_ms"]);
    assert.match(error.requestId ?? "", /./);
    return true;
  });
  const stranger = new RunnerClient({ apiKey: null });
  await assert.rejects(stranger.stream({ language: "python", code: "1" }).next(), RunnerAuthError);
});

if (process.env.FULL_RUNNER_URL) {
  test("a full runner is asked again, as late as it says, and answers in the end", async () => {
    const full = new RunnerClient({ url: process.env.FULL_RUNNER_URL, retries: 20, backoffMs: 50 });
    const code = "import time; time.sleep(1); print('done')";
    let sent = 0;
    const counted = (input, init) => {
      sent += 1;
      return fetch(input, init);
    };
    const second = new RunnerClient({ url: full.url, retries: 20, backoffMs: 50, fetch: counted });
    const answers = await Promise.all([1, 2, 3].map(() => second.execute({ language: "python", code })));
    assert.deepEqual(answers.map((answer) => answer.output), Array(3).fill("done\n"));
    assert.ok(sent > 3, `${sent} requests`);
    const once = new RunnerClient({ url: full.url, retries: 0 });
    const settled = await Promise.allSettled([1, 2, 3].map(() => once.execute({ language: "python", code })));
    const refused = settled.filter((each) => each.status === "rejected").map((each) => each.reason);
    assert.ok(refused.length > 0);
    for (const error of refused) assert.deepEqual([error.name, error.code], ["RunnerBusyError", "queue_full"]);
    assert.ok(refused.every((error) => error.retryAfterMs > 0));
  });
}
