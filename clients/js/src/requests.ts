/** What is sent: `docs/reference/http.md` and `judging.md` as types. */

export type Encoding = "utf8" | "base64";

export interface SourceFile {
  /** A relative path, with `/` between its parts. */
  name: string;
  content: string;
  /** Of this file's `content`; `"utf8"` by default. */
  encoding?: Encoding;
}

export interface Limits {
  wall_ms?: number;
  cpu_ms?: number;
  memory_mb?: number;
  output_kb?: number;
  processes?: number;
}

export type Sources = { code: string; files?: never } | { files: SourceFile[]; code?: never };

interface SubmissionFields {
  /** A language's id or alias, as in `"cpp"`. */
  language: string;
  /** In ms: the run's wall time; with tests, each test's CPU time. */
  timeout?: number;
  args?: string[];
  compile_args?: string[];
  env?: Record<string, string>;
  /** Refuse unless the language's version begins so, by components. */
  version?: string;
  limits?: Limits;
  /** Of `input`, and of the answer's outputs. */
  encoding?: Encoding;
}

/** One program, run once. */
export type Submission = Sources & SubmissionFields & { input?: string };

export interface Test {
  name?: string;
  input: string;
  /** What is to be printed; null: whatever is printed is right. */
  expected?: string | null;
  limits?: Limits;
  points?: number;
  group?: string;
}

export type CheckerName = "exact" | "lines" | "tokens" | "unordered_lines" | "float";

export type Checker =
  | CheckerName
  | { type: Exclude<CheckerName, "float"> }
  | { type: "float"; abs?: number; rel?: number }
  | ({ type: "program" } & Program);

export type Interactor = { transcript?: boolean } & Program;

type Program = { language: string; protocol?: "testlib" | "kattis"; args?: string[] } & Sources;

type Judge =
  | { checker?: Checker; interactor?: never }
  | { interactor: Interactor; checker?: never };

/** One program, compiled once, run for each test and judged. */
export type JudgeSubmission = Sources &
  SubmissionFields &
  Judge & {
    tests: Test[];
    input?: never;
    stop_on_failure?: boolean;
    /** Of which tests the answer has `stdout` and `stderr`; `"failed"` by default. */
    return_outputs?: "all" | "failed" | "none";
  };
