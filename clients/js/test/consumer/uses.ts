/** A project of somebody else's, which has the packed tarball and nothing more. */
import {
  type Answer,
  type Language,
  RunnerBusyError,
  RunnerClient,
  RunnerError,
  type Submission,
  type Verdict,
} from "@codebae/runner-client";

const client = new RunnerClient({ url: "http://localhost:3000/execute", apiKey: "key", retries: 0 });
const program: Submission = { language: "python", code: "print(1)", limits: { wall_ms: 1000 } };

export async function all(signal: AbortSignal): Promise<Verdict[]> {
  const answer: Answer = await client.execute(program, { signal, timeoutMs: 5000 });
  const judged = await client.judge({
    language: "cpp",
    files: [{ name: "main.cpp", content: "" }],
    tests: [{ input: "", expected: null }],
    checker: { type: "float", abs: 1e-9 },
  });
  const seen: Verdict[] = [answer.status, ...judged.tests.map((test) => test.status)];
  for await (const event of client.stream(program, { signal })) {
    if (event.event === "stdout") seen.push(event.data as Verdict);
    if (event.event === "exit") seen.push(event.status);
    if (event.event === "result") seen.push(event.status);
  }
  const languages: Language[] = await client.languages();
  const { status }: { status: "healthy" | "unhealthy" } = await client.health();
  return languages.length > 0 && status === "healthy" ? seen : [];
}

export function later(error: unknown): number | null {
  return error instanceof RunnerError && error instanceof RunnerBusyError ? error.retryAfterMs : null;
}

// @ts-expect-error: a submission has `code` or `files`
await client.execute({ language: "python" }).catch(() => {});
// @ts-expect-error: but not both
await client.execute({ language: "python", code: "", files: [] }).catch(() => {});
// @ts-expect-error: `input` is each test's own
await client.judge({ language: "python", code: "", input: "", tests: [] }).catch(() => {});
// @ts-expect-error: no such limit
await client.execute({ language: "python", code: "", limits: { wall: 1 } }).catch(() => {});
