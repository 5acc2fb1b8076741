export interface RunnerClientOptions {
  /** Where the runner is, with or without `/execute`; `RUNNER_URL` by default. */
  url?: string;
  /** `RUNNER_API_KEY` by default; null: none is sent. */
  apiKey?: string | null;
  /** How often a request that never ran is sent again; 3 by default. */
  retries?: number;
  /** The first wait between two tries, in ms; 250 by default. It doubles. */
  backoffMs?: number;
  /** The longest wait between two tries, in ms; 20000 by default. A `Retry-After` beyond it ends the tries. */
  maxBackoffMs?: number;
  /** A whole call, retries included, in ms; 180000 by default. For a stream: until it begins. `Infinity`: none. */
  timeoutMs?: number;
  /** The longest silence in a stream, in ms; 45000 by default. The runner speaks every 15 s. */
  idleTimeoutMs?: number;
  /** The most bytes of one answer or one event; 33554432 by default. */
  maxBytes?: number;
  /** Instead of the runtime's own. */
  fetch?: typeof globalThis.fetch;
}

export interface Config extends Required<Omit<RunnerClientOptions, "apiKey">> {
  apiKey: string | null;
}

type Environment = Record<string, string | undefined>;

/** Fills in what was not given. @throws TypeError when there is no usable URL or key. */
export function resolve(options: RunnerClientOptions, env: Environment = environment()): Config {
  const key = options.apiKey === undefined ? env["RUNNER_API_KEY"] : options.apiKey;
  return {
    url: baseUrl(options.url ?? env["RUNNER_URL"]),
    apiKey: key ? checkedKey(key.trim()) : null,
    retries: options.retries ?? 3,
    backoffMs: options.backoffMs ?? 250,
    maxBackoffMs: options.maxBackoffMs ?? 20_000,
    timeoutMs: options.timeoutMs ?? 180_000,
    idleTimeoutMs: options.idleTimeoutMs ?? 45_000,
    maxBytes: options.maxBytes ?? 32 * 1024 * 1024,
    fetch: options.fetch ?? ((input, init) => globalThis.fetch(input, init)),
  };
}

/** A runner's address without its last `/` and `/execute`. */
export function baseUrl(given: string | undefined): string {
  if (!given?.trim()) throw new TypeError("No runner: give `url`, or set RUNNER_URL");
  let url: URL;
  try {
    url = new URL(given.trim());
  } catch {
    throw new TypeError("The runner's URL is not a URL: it begins with http:// or https://");
  }
  if (url.protocol !== "http:" && url.protocol !== "https:") {
    throw new TypeError("The runner's URL must begin with http:// or https://");
  }
  if (url.username || url.password) {
    throw new TypeError("The runner's URL must have no user or password: the key goes in RUNNER_API_KEY");
  }
  return url.origin + url.pathname.replace(/\/+$/, "").replace(/\/execute$/, "").replace(/\/+$/, "");
}

/** A header must be able to carry it; the error must not quote it. */
function checkedKey(key: string): string {
  if (!/^[\x21-\x7e]+$/.test(key)) throw new TypeError("The runner's key has characters that no key has");
  return key;
}

/** Edge runtimes may have no `process`. */
function environment(): Environment {
  return (globalThis as { process?: { env?: Environment } }).process?.env ?? {};
}
