/** The only way from this site to the runner: here is the key, and it goes no further. */
import "server-only";

import { RunnerClient, RunnerConnectionError, RunnerTimeoutError } from "@codebae/runner-client";

/** As much as the runner takes, unless its MAX_BODY_SIZE says otherwise. */
const MAX_BODY = 4 * 1024 * 1024;
const MOST_READ = 8 * MAX_BODY;
const ASKED = ["content-type", "content-encoding", "x-request-id"];
const ANSWERED = ["content-type", "retry-after", "x-request-id"];

/** Before the routes' `maxDuration` (60 s) ends the function, so that there is an answer: a 504 of ours. */
const PATIENCE_MS = 55_000;

let client;

/** Made when it is first needed: a build has no runner. A person waits, so not for long. */
function runner() {
  client ??= new RunnerClient({ maxBackoffMs: 5000, timeoutMs: PATIENCE_MS });
  return client;
}

/** The languages for the page's choice; none where the runner can't be asked. */
export async function languages() {
  try {
    return await runner().languages({ timeoutMs: 10_000 });
  } catch (error) {
    console.error("The runner's languages:", error.message);
    return [];
  }
}

/**
 * Hands a submission on, as it is, and the answer back, as it comes: the runner alone decides what is
 * valid. The caller's abort is the runner's. `accept`: what the answer is to be.
 */
export async function forward(request, accept) {
  try {
    const body = await read(request);
    if (body === null) return problem(413, "too_large", `The body exceeds ${MAX_BODY} bytes`);
    const headers = { ...picked(request.headers, ASKED), accept };
    const { signal } = request;
    const response = await runner().request("/execute", { method: "POST", body, headers, signal });
    return handedBack(response);
  } catch (error) {
    return request.signal.aborted ? new Response(null, { status: 499 }) : failed(error);
  }
}

async function handedBack(response) {
  if (response.status === 401 || response.status === 403) {
    await response.body?.cancel(); // this site's fault, not its visitor's
    console.error("The runner refuses RUNNER_API_KEY");
    return problem(502, "runner_refused", "Programs can't be run at the moment");
  }
  const headers = {
    ...picked(response.headers, ANSWERED),
    "cache-control": "no-store, no-transform", // nobody on the way may pack it: that needs buffers
    "x-accel-buffering": "no",
  };
  return new Response(response.body, { status: response.status, headers });
}

function failed(error) {
  console.error("The runner:", error.message);
  if (error instanceof RunnerConnectionError) {
    return problem(503, "runner_unreachable", "Programs can't be run at the moment", { "retry-after": "2" });
  }
  if (error instanceof RunnerTimeoutError) return problem(504, "runner_timeout", "The runner did not answer in time");
  return problem(500, "internal_error", "Programs can't be run at the moment");
}

function problem(status, code, error, headers = {}) {
  return Response.json({ error, code }, { status, headers: { "cache-control": "no-store", ...headers } });
}

function picked(headers, names) {
  const found = names.map((name) => [name, headers.get(name)]);
  return Object.fromEntries(found.filter(([, value]) => value !== null));
}

/**
 * The body's bytes; null when there are too many. What is too much is read all the same, up to a bound:
 * leaving it would cut the connection, perhaps before the answer is seen.
 */
async function read(request) {
  const pieces = [];
  let size = 0;
  for await (const piece of request.body ?? []) {
    size += piece.byteLength;
    if (size > MOST_READ) return null;
    if (size <= MAX_BODY) pieces.push(piece);
    else pieces.length = 0;
  }
  return size > MAX_BODY ? null : Buffer.concat(pieces);
}
