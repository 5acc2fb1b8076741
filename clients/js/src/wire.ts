/** What goes over the wire: `docs/reference/http.md` and `judging.md` as types. */

export type Encoding = "utf8" | "base64";

/** What happened to a job, a stage or a test. */
export type Verdict =
  | "accepted"
  | "wrong_answer"
  | "compile_error"
  | "runtime_error"
  | "time_limit"
  | "memory_limit"
  | "output_limit"
  | "skipped"
  | "checker_error"
  | "cancelled"
  | "internal_error";

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

/** Stdout and stderr aside, what is known of a stage or test. */
export interface Usage {
  status: Verdict;
  exit_code: number | null;
  signal: number | null;
  /** `wall`, `cpu`, `memory`, `output`, `signal`, `sandbox` and the like. */
  killed_by: string | null;
  limits_hit: string[];
  cpu_ms: number | null;
  wall_ms: number | null;
  /** Of `wall_ms`, what is beyond the limit: so long the program was ready to run and had no CPU. */
  wall_given_back_ms: number | null;
  /** The peak, KiB. */
  memory_kb: number | null;
  stdout_truncated: boolean;
  stderr_truncated: boolean;
}

export interface Stage extends Usage {
  stdout: string;
  stderr: string;
}

export interface Difference {
  line: number;
  column: number;
  expected: string;
  got: string;
}

export interface Turn {
  from: "interactor" | "submission";
  data: string;
}

export interface TestResult extends Usage {
  name: string;
  /** Null where `return_outputs` leaves it out. */
  stdout: string | null;
  stderr: string | null;
  difference: Difference | null;
  message: string | null;
  /** For the problem's author alone: not to be shown to whoever sent the submission. */
  judge_message: string | null;
  points: number | null;
  group: string | null;
  transcript: Turn[] | null;
}

export interface Group {
  name: string;
  passed: boolean;
  points: number;
  max_points: number;
}

export interface Summary {
  total: number;
  passed: number;
  failed: number;
  skipped: number;
  max_cpu_ms: number | null;
  total_cpu_ms: number | null;
  max_wall_ms: number | null;
  total_wall_ms: number | null;
  max_memory_kb: number | null;
  score: number | null;
  max_score: number | null;
  groups: Group[];
}

export interface Timings {
  queue_ms: number;
  sandbox_ms: number;
  compile_ms: number;
  run_ms: number;
  total_ms: number;
  pool: "hit" | "miss";
  compile_cache: "hit" | "miss" | null;
}

/** How a job ended. */
export interface Answer {
  /** `status` is `"accepted"`. */
  success: boolean;
  /** The run's stdout. */
  output: string;
  error: string | null;
  /** The whole job, in ms. */
  executionTime: number;
  id: string;
  language: string;
  version: string;
  status: Verdict;
  compile: Stage | null;
  run: Stage | null;
  tests: TestResult[] | null;
  summary: Summary | null;
  /** The compilation of a checker program or interactor. */
  checker: Stage | null;
  warnings: string[];
  timings: Timings;
}

export interface JudgeAnswer extends Answer {
  run: null;
  tests: TestResult[];
  summary: Summary;
}

export type StageName = "compile" | "run";

/** What a stream yields, in the order it happens; `result` comes last, once. */
export type RunnerEvent =
  | { event: "queued"; position: number }
  | { event: "stage"; name: StageName; test?: string; number?: number }
  | { event: "stdout"; data: string }
  | { event: "stderr"; data: string }
  | ({ event: "exit"; name: StageName } & Stage)
  | ({ event: "test"; number: number } & TestResult)
  | ({ event: "result" } & Answer);

export interface Language {
  id: string;
  name: string;
  /** As its image reports it. */
  version: string;
  aliases: string[];
  /** Of those that stand for compiler arguments: which. */
  dialects?: Record<string, string[]>;
  /** Of source files, as in `[".py"]`; the first is the usual one. */
  extensions: string[];
  compiled: boolean;
  limits: { wall_ms: number; memory_mb: number; processes: number };
}

export interface Health {
  status: "healthy" | "unhealthy";
  activeJobs: number;
  /** In seconds. */
  uptime: number;
  /** Why it is unhealthy. */
  reason?: string;
}

export interface Problem {
  /** A dotted path, as in `limits.wall_ms`. */
  field: string;
  message: string;
}
