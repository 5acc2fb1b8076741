import { RunnerTimeoutError } from "./errors.js";

/** setTimeout takes no more. */
const LONGEST_MS = 2 ** 31 - 1;

/** One signal that follows the caller's and a clock that can be set anew. */
export class Deadline {
  readonly #controller = new AbortController();
  readonly #callers: AbortSignal | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(callers: AbortSignal | undefined) {
    this.#callers = callers;
    if (callers?.aborted) this.#controller.abort(callers.reason);
    else callers?.addEventListener("abort", this.#follow);
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** Aborts in `ms` from now, whatever was set before. */
  set(ms: number, message: string): void {
    clearTimeout(this.#timer);
    if (ms > LONGEST_MS) return;
    this.#timer = setTimeout(() => this.#controller.abort(new RunnerTimeoutError(message)), ms);
  }

  /** Resolves after `ms`. @throws the signal's reason as soon as it is aborted. */
  async sleep(ms: number): Promise<void> {
    this.signal.throwIfAborted();
    let timer: ReturnType<typeof setTimeout> | undefined;
    let aborted: (() => void) | undefined;
    try {
      await new Promise<void>((done, fail) => {
        timer = setTimeout(done, ms);
        aborted = () => fail(this.signal.reason);
        this.signal.addEventListener("abort", aborted);
      });
    } finally {
      clearTimeout(timer);
      if (aborted) this.signal.removeEventListener("abort", aborted);
    }
  }

  /** Ends what still goes on under it. */
  abort(): void {
    this.#controller.abort();
    this.close();
  }

  /** Keeps nothing: no clock, no listener. */
  close(): void {
    clearTimeout(this.#timer);
    this.#callers?.removeEventListener("abort", this.#follow);
  }

  readonly #follow = (): void => this.#controller.abort(this.#callers?.reason);
}
