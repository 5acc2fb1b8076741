/** What may be sent again, and when: decided by pure functions. */

/** Nothing ran: the runner said so before it began. */
export function isRefusal(status: number): boolean {
  return status === 429 || status === 503;
}

const NEVER_ARRIVED = new Set([
  "ECONNREFUSED",
  "EHOSTUNREACH",
  "ENETUNREACH",
  "ENOTFOUND",
  "EAI_AGAIN",
  "UND_ERR_CONNECT_TIMEOUT",
  "ConnectionRefused", // Bun's word for it
]);

/** Whether a failed `fetch` certainly never reached the runner. A connection lost later may have. */
export function neverArrived(error: unknown): boolean {
  for (let each = error, depth = 0; each instanceof Object && depth < 5; depth++) {
    const { code, cause, errors } = each as { code?: unknown; cause?: unknown; errors?: unknown };
    if (Array.isArray(errors) && errors.length > 0) return errors.every(neverArrived);
    if (typeof code === "string" && NEVER_ARRIVED.has(code)) return true;
    each = cause;
  }
  return false;
}

/** `Retry-After`, seconds or a date, as ms from `now`; null when there is none that makes sense. */
export function parseRetryAfter(header: string | null, now: number): number | null {
  const text = header?.trim();
  if (!text) return null;
  if (/^\d+(\.\d+)?$/.test(text)) return Number(text) * 1000;
  const date = /^[A-Za-z]/.test(text) ? Date.parse(text) : NaN;
  return Number.isNaN(date) ? null : Math.max(0, date - now);
}

/**
 * How long to wait before try `attempt` + 1, in ms, or null: give up. Never shorter than what the
 * runner asked for; spread at random, so that callers refused together don't come back together.
 */
export function waitMs(
  attempt: number,
  retryAfterMs: number | null,
  limits: { retries: number; backoffMs: number; maxBackoffMs: number },
  random: number,
): number | null {
  if (attempt >= limits.retries) return null;
  if (retryAfterMs !== null && retryAfterMs > limits.maxBackoffMs) return null;
  const backoff = Math.min(limits.backoffMs * 2 ** attempt, limits.maxBackoffMs);
  if (retryAfterMs === null) return backoff * (0.5 + random / 2);
  return retryAfterMs + limits.backoffMs * random;
}
