import type { Problem } from "./wire.js";

/** Whatever this client throws of its own. A program that fails is no error: it is an answer. */
export class RunnerError extends Error {
  override name = "RunnerError";
}

/** The runner refused, or could not: it answered with an error. */
export class RunnerHttpError extends RunnerError {
  override name = "RunnerHttpError";

  constructor(
    message: string,
    /** The HTTP status. */
    readonly status: number,
    /** The runner's word for it, as in `"queue_full"`; `"unknown"` when the answer was not a runner's. */
    readonly code: string,
    readonly details: readonly Problem[] = [],
    /** The answer's `X-Request-Id`, to be found in the runner's log. */
    readonly requestId: string | null = null,
    /** How long it asked to be left alone, in ms. */
    readonly retryAfterMs: number | null = null,
  ) {
    super(message);
  }
}

/** 400, 413 and the like: the same request will be refused again. */
export class RunnerRequestError extends RunnerHttpError {
  override name = "RunnerRequestError";
}

/** 401 or 403: no key, or a wrong one. */
export class RunnerAuthError extends RunnerHttpError {
  override name = "RunnerAuthError";
}

/** 429 or 503, after all retries: nothing ran; it may be asked again later. */
export class RunnerBusyError extends RunnerHttpError {
  override name = "RunnerBusyError";
}

/** No answer: refused, or cut off on the way. */
export class RunnerConnectionError extends RunnerError {
  override name = "RunnerConnectionError";

  constructor(
    message: string,
    cause: unknown,
    /** Whether the request certainly never arrived; else the program may have run. */
    readonly neverRan: boolean,
  ) {
    super(message, { cause });
  }
}

/** A deadline of this client's has passed. */
export class RunnerTimeoutError extends RunnerError {
  override name = "RunnerTimeoutError";
}

/** An answer that no runner gives: a proxy's page, half a stream, a redirect. */
export class RunnerProtocolError extends RunnerError {
  override name = "RunnerProtocolError";
}
