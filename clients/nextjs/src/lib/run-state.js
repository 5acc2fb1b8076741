/** What the page shows of a run, event by event. */

export const IDLE = { phase: "idle", output: [], tests: {}, answer: null, problem: null };
export const STARTED = { ...IDLE, phase: "sent" };

/** The runner's own limit is below this. */
const MOST_SHOWN = 400_000;

const WORDS = {
  accepted: "Accepted",
  wrong_answer: "Wrong answer",
  compile_error: "Compile error",
  runtime_error: "Runtime error",
  time_limit: "Time limit exceeded",
  memory_limit: "Memory limit exceeded",
  output_limit: "Output limit exceeded",
  skipped: "Skipped",
  checker_error: "The checker failed",
  cancelled: "Stopped",
  internal_error: "The runner failed",
};

export function after(state, event) {
  switch (event.event) {
    case "queued":
      return { ...state, phase: event.position > 0 ? `waiting, ${event.position} before it` : "starting" };
    case "stage":
      if (event.number === undefined) return { ...state, phase: event.name === "compile" ? "compiling" : "running" };
      return { ...state, phase: "running", tests: { ...state.tests, [event.number]: { status: "running" } } };
    case "stdout":
    case "stderr":
      return { ...state, output: printed(state.output, event.event, event.data) };
    case "test":
      return { ...state, tests: { ...state.tests, [event.number]: event } };
    case "result":
      return { ...state, phase: "over", answer: event, tests: allTests(state.tests, event.tests) };
    default:
      return state;
  }
}

export function isRunning(state) {
  return !["idle", "over", "stopped", "failed"].includes(state.phase);
}

/** One line that says how it stands. */
export function summaryOf({ phase, answer, problem }) {
  if (phase === "failed") return problem;
  if (phase === "stopped") return "Stopped";
  if (phase === "idle") return "Ready";
  if (!answer) return `${phase[0].toUpperCase()}${phase.slice(1)} …`;
  const { summary, run } = answer;
  if (summary) return `${WORDS[answer.status]}: ${summary.passed} of ${summary.total} tests passed`;
  // Beside a time limit stands the time that met it.
  const ms = run?.killed_by === "wall" ? run.wall_ms : run?.cpu_ms;
  const usage = run ? `, ${Math.round(ms ?? 0)} ms, ${((run.memory_kb ?? 0) / 1024).toFixed(1)} MB` : "";
  const exit = run?.exit_code ? `, exit code ${run.exit_code}` : "";
  return WORDS[answer.status] + exit + usage;
}

export function wordOf(test) {
  if (!test) return "Not run";
  return test.status === "running" ? "Running …" : WORDS[test.status];
}

function printed(output, kind, text) {
  const shown = output.reduce((sum, part) => sum + part.text.length, 0);
  if (shown > MOST_SHOWN) return output;
  const last = output.at(-1);
  if (last?.kind !== kind) return [...output, { kind, text }];
  return [...output.slice(0, -1), { kind, text: last.text + text }];
}

/** Those that were cut short have no event of their own. */
function allTests(seen, results) {
  return results ? Object.fromEntries(results.map((test, index) => [index + 1, test])) : seen;
}
