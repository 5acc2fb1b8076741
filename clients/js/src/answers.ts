/** Of a response, what it means: an error of the right class, or nothing wrong. */
import { parseObject, readText } from "./body.js";
import {
  RunnerAuthError,
  RunnerBusyError,
  RunnerConnectionError,
  RunnerError,
  RunnerHttpError,
  RunnerProtocolError,
  RunnerRequestError,
} from "./errors.js";
import { isRefusal, neverArrived, parseRetryAfter } from "./retry.js";
import type { Problem } from "./wire.js";

/** What an error's answer says; the text may be anybody's. */
export async function toError(response: Response, maxBytes: number): Promise<RunnerError> {
  if (isRedirect(response)) {
    await response.body?.cancel();
    return new RunnerProtocolError("The answer is a redirect: give the runner's own URL");
  }
  const text = await readText(response.body, maxBytes);
  const { message, code, details } = meaning(text, response.status);
  const retryAfter = parseRetryAfter(response.headers.get("retry-after"), Date.now());
  const of = errorClass(response.status);
  return new of(message, response.status, code, details, response.headers.get("x-request-id"), retryAfter);
}

/** What a `fetch` or a read that failed means; an abort stays what its signal says. */
export function toFailure(error: unknown, signal: AbortSignal): unknown {
  if (signal.aborted) return signal.reason;
  if (error instanceof RunnerError) return error;
  const refused = neverArrived(error);
  const message = refused ? "The runner can't be reached" : "The connection to the runner was lost";
  return new RunnerConnectionError(message, error, refused);
}

/** With `redirect: "manual"` a browser hides the status. */
export function isRedirect(response: Response): boolean {
  return response.type === "opaqueredirect" || (response.status >= 300 && response.status < 400);
}

function errorClass(status: number): typeof RunnerHttpError {
  if (status === 401 || status === 403) return RunnerAuthError;
  if (isRefusal(status)) return RunnerBusyError;
  return status < 500 ? RunnerRequestError : RunnerHttpError;
}

function meaning(text: string, status: number): { message: string; code: string; details: Problem[] } {
  try {
    const { error, code, details } = parseObject(text);
    if (typeof error === "string") {
      return {
        message: error,
        code: typeof code === "string" ? code : "unknown",
        details: Array.isArray(details) ? (details as Problem[]) : [],
      };
    }
  } catch {
    // a proxy's page
  }
  return { message: `The runner answered with ${status}`, code: "unknown", details: [] };
}
