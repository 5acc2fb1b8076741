import { isRedirect, toError, toFailure } from "./answers.js";
import { parseObject, readLines, readText } from "./body.js";
import { type Config, resolve, type RunnerClientOptions } from "./config.js";
import { Deadline } from "./deadline.js";
import { RunnerConnectionError, RunnerError, RunnerProtocolError } from "./errors.js";
import { isRefusal, parseRetryAfter, waitMs } from "./retry.js";
import type { JudgeSubmission, Submission } from "./requests.js";
import type { Answer, Health, JudgeAnswer, Language, RunnerEvent } from "./wire.js";

export interface CallOptions {
  /** Aborted: the job is ended, and the call rejects with the signal's reason. */
  signal?: AbortSignal;
  /** Instead of the client's. */
  timeoutMs?: number;
}

export interface RequestParts {
  method?: "GET" | "POST";
  body?: string | Uint8Array<ArrayBuffer>;
  headers?: Record<string, string>;
  /** Instead of the client's. */
  retries?: number;
}

export interface RequestOptions extends CallOptions, RequestParts {}

interface Try extends RequestParts {
  path: string;
  deadline: Deadline;
}

const TOO_LATE = "The runner did not answer in time";
const TOO_SILENT = "The runner has been silent for too long";

/** A runner, as far as a holder of a key has to do with it. Its methods may be called at any time. */
export class RunnerClient {
  readonly #config: Config; // private: whoever prints a client does not print its key

  /** @throws TypeError when there is no usable URL, or the key can't be sent. */
  constructor(options: RunnerClientOptions = {}) {
    this.#config = resolve(options);
  }

  /** Where the runner is, without `/execute`. */
  get url(): string {
    return this.#config.url;
  }

  /** Runs a program once. Resolves however the program ends. @throws RunnerError */
  async execute(submission: Submission, options: CallOptions = {}): Promise<Answer> {
    return (await this.#object("/execute", options, posted(submission))) as unknown as Answer;
  }

  /** Compiles a program once, and judges it by `tests`. @throws RunnerError */
  async judge(submission: JudgeSubmission, options: CallOptions = {}): Promise<JudgeAnswer> {
    const answer = await this.#object("/execute", options, posted(submission));
    if (!Array.isArray(answer["tests"])) throw new RunnerProtocolError("The answer has no tests");
    return answer as unknown as JudgeAnswer;
  }

  /**
   * Runs a program, or judges it, and yields what happens when it happens; `result` is the last
   * event, and what the generator returns. Leaving the loop ends the job. Sent again only while
   * nothing has begun. @throws RunnerError
   */
  async *stream(
    submission: Submission | JudgeSubmission,
    options: CallOptions = {},
  ): AsyncGenerator<RunnerEvent, Answer, undefined> {
    const deadline = new Deadline(options.signal);
    try {
      deadline.set(options.timeoutMs ?? this.#config.timeoutMs, TOO_LATE);
      const request = posted(submission, "application/x-ndjson");
      const response = await this.#accepted({ ...request, path: "/execute", deadline });
      const heard = (): void => deadline.set(this.#config.idleTimeoutMs, TOO_SILENT);
      heard();
      for await (const line of readLines(response.body, this.#config.maxBytes, heard)) {
        const event = parseObject(line) as unknown as RunnerEvent | { event: "ping" };
        if (event.event === "ping") continue;
        deadline.set(Infinity, TOO_SILENT); // the time it takes to be taken is not the runner's
        yield event;
        heard();
        if (event.event === "result") return event;
      }
      throw new RunnerProtocolError("The stream ended before its result");
    } catch (error) {
      throw toFailure(error, deadline.signal);
    } finally {
      deadline.abort();
    }
  }

  /** What a program may be written in, in the runner's order. @throws RunnerError */
  async languages(options: CallOptions = {}): Promise<Language[]> {
    const { languages } = await this.#object("/languages", options);
    if (!Array.isArray(languages)) throw new RunnerProtocolError("The answer has no languages");
    return languages as Language[];
  }

  /** Whether programs can be run; asked once, and no error when not. @throws RunnerError when there is no answer */
  async health(options: CallOptions = {}): Promise<Health> {
    const health = await this.#object("/health", options, { retries: 0 }, isHealth);
    if (!("status" in health)) throw new RunnerProtocolError("The answer says nothing of health");
    return health as unknown as Health;
  }

  /**
   * Hands a request on to the runner, with the key, and its response back as it is, errors and
   * streams included: for a server between the runner and those who may not have the key. What
   * never ran is sent again as ever; `timeoutMs` is until the response begins, `signal` holds to its end.
   * @throws RunnerConnectionError, RunnerTimeoutError, or the signal's reason
   */
  async request(path: string, options: RequestOptions = {}): Promise<Response> {
    const deadline = new Deadline(options.signal);
    deadline.set(options.timeoutMs ?? this.#config.timeoutMs, TOO_LATE);
    try {
      const response = await this.#sent({ ...options, path, deadline });
      deadline.set(Infinity, TOO_LATE);
      return response;
    } catch (error) {
      deadline.close();
      throw toFailure(error, deadline.signal);
    }
  }

  async #object(
    path: string,
    options: CallOptions,
    request: RequestParts = {},
    isAnswer: (response: Response) => boolean = (response) => response.ok,
  ): Promise<Record<string, unknown>> {
    const deadline = new Deadline(options.signal);
    try {
      deadline.set(options.timeoutMs ?? this.#config.timeoutMs, TOO_LATE);
      const response = await this.#accepted({ ...request, path, deadline }, isAnswer);
      return parseObject(await readText(response.body, this.#config.maxBytes));
    } catch (error) {
      throw toFailure(error, deadline.signal);
    } finally {
      deadline.close();
    }
  }

  async #accepted(
    request: Try,
    isAnswer: (response: Response) => boolean = (response) => response.ok,
  ): Promise<Response> {
    const response = await this.#sent(request);
    if (!isAnswer(response)) throw await toError(response, this.#config.maxBytes);
    return response;
  }

  /** Sends it until it is taken, or the tries are over; the last response, whatever it is. */
  async #sent(request: Try): Promise<Response> {
    const limits = { ...this.#config, retries: request.retries ?? this.#config.retries };
    for (let attempt = 0; ; attempt++) {
      const outcome = await this.#tried(request);
      const response = outcome instanceof RunnerError ? null : outcome; // no runtime's own class
      if (response && !isRefusal(response.status)) return response;
      const retryAfter = parseRetryAfter(response?.headers.get("retry-after") ?? null, Date.now());
      const wait = waitMs(attempt, retryAfter, limits, Math.random());
      if (wait === null) {
        if (response) return response;
        throw outcome;
      }
      await response?.body?.cancel();
      await request.deadline.sleep(wait);
    }
  }

  /** A response, or the error of a request that never arrived. @throws every other error */
  async #tried({ path, method = "GET", body, headers, deadline }: Try): Promise<Response | RunnerError> {
    const { apiKey, url, fetch } = this.#config;
    const key = apiKey === null ? {} : { authorization: `Bearer ${apiKey}` };
    try {
      // A redirect is not followed: it would take the program, and perhaps the key, elsewhere.
      const init: RequestInit = { method, redirect: "manual", signal: deadline.signal };
      if (body !== undefined) init.body = body;
      return await fetch(url + path, { ...init, headers: { ...headers, ...key } });
    } catch (error) {
      const failure = toFailure(error, deadline.signal);
      if (failure instanceof RunnerConnectionError && failure.neverRan) return failure;
      throw failure;
    }
  }
}

function posted(body: unknown, accept = "application/json"): RequestParts {
  const headers = { "content-type": "application/json", accept };
  return { method: "POST", body: JSON.stringify(body), headers };
}

function isHealth(response: Response): boolean {
  return !isRedirect(response) && (response.ok || response.status === 503);
}
