import assert from "node:assert/strict";
import { test } from "node:test";

import { diagnosticsOf } from "../src/lib/diagnostics.js";
import { after, IDLE, isRunning, STARTED, summaryOf, wordOf } from "../src/lib/run-state.js";

const compiled = (stderr) => diagnosticsOf({ compile: { stderr }, run: null, tests: null });
const ran = (stderr) => diagnosticsOf({ compile: null, run: { status: "runtime_error", stderr }, tests: null });

test("what compilers say, at its line", () => {
  const gcc = "main.cpp: In function 'int main()':\nmain.cpp:3:10: error: 'x' was not declared\n    3 |   x;\nmain.cpp:4:1: warning: no return\n";
  assert.deepEqual(compiled(gcc), [
    { line: 3, column: 10, severity: "error", message: "'x' was not declared" },
    { line: 4, column: 1, severity: "warning", message: "no return" },
  ]);
  assert.deepEqual(compiled("Main.java:2: error: ';' expected\n  int x\n       ^\n1 error\n"), [
    { line: 2, column: null, severity: "error", message: "';' expected" },
  ]);
  assert.deepEqual(compiled("collect2: error: ld returned 1 exit status\n"), []);
  assert.equal(compiled("a.c:1:1: error: no\n".repeat(5000)).length, 50);
});

test("what interpreters say, at its line", () => {
  const python = 'Traceback (most recent call last):\n  File "/work/main.py", line 7, in <module>\n    f()\n  File "/work/main.py", line 2, in f\n    1/0\n  File "/usr/lib/python3/x.py", line 99, in g\nZeroDivisionError: division by zero\n';
  assert.deepEqual(ran(python), [{ line: 2, column: null, severity: "error", message: "ZeroDivisionError: division by zero" }]);
  const java = 'Exception in thread "main" java.lang.RuntimeException: no\n\tat Main.main(Main.java:5)\n';
  assert.deepEqual(ran(java), [{ line: 5, column: null, severity: "error", message: java.split("\n")[0] }]);
  assert.deepEqual(ran(""), []);
  assert.deepEqual(diagnosticsOf(null), []);
});

test("a run, event by event", () => {
  const events = [
    { event: "queued", position: 2 },
    { event: "queued", position: 0 },
    { event: "stage", name: "run" },
    { event: "stdout", data: "a" },
    { event: "stdout", data: "b" },
    { event: "stderr", data: "c" },
    { event: "exit", name: "run" },
  ];
  const states = events.reduce((all, event) => [...all, after(all.at(-1), event)], [STARTED]);
  assert.ok(states.every(isRunning));
  assert.deepEqual(states.map(summaryOf).slice(0, 4), ["Sent …", "Waiting, 2 before it …", "Starting …", "Running …"]);
  assert.deepEqual(states.at(-1).output, [{ kind: "stdout", text: "ab" }, { kind: "stderr", text: "c" }]);
  const run = { exit_code: 3, cpu_ms: 12.3, memory_kb: 2048 };
  const over = after(states.at(-1), { event: "result", status: "runtime_error", run, tests: null, summary: null });
  assert.ok(!isRunning(over) && !isRunning(IDLE));
  assert.equal(summaryOf(over), "Runtime error, exit code 3, 12 ms, 2.0 MB");
  const late = { ...run, exit_code: null, killed_by: "wall", wall_ms: 5003.6 };
  const ended = after(states.at(-1), { event: "result", status: "time_limit", run: late, tests: null, summary: null });
  assert.equal(summaryOf(ended), "Time limit exceeded, 5004 ms, 2.0 MB");
});

test("tests, one by one; those that were cut short in the end", () => {
  let state = after(STARTED, { event: "stage", name: "run", test: "1", number: 1 });
  assert.equal(wordOf(state.tests[1]), "Running …");
  state = after(state, { event: "test", number: 1, status: "accepted" });
  assert.deepEqual([wordOf(state.tests[1]), wordOf(state.tests[2])], ["Accepted", "Not run"]);
  const tests = [{ status: "accepted" }, { status: "skipped" }];
  state = after(state, { event: "result", status: "cancelled", tests, summary: { passed: 1, total: 2 } });
  assert.equal(wordOf(state.tests[2]), "Skipped");
  assert.equal(summaryOf(state), "Stopped: 1 of 2 tests passed");
});

test("no program fills the page's memory", () => {
  let state = STARTED;
  for (let i = 0; i < 1000; i++) state = after(state, { event: "stdout", data: "x".repeat(1000) });
  assert.ok(state.output[0].text.length < 402_000);
});
