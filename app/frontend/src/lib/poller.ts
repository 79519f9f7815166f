import { type ApiError, isTransient, toApiError } from "../api/problem";
import { backoff } from "./backoff";

interface Options<T> {
  readonly ask: (signal: AbortSignal) => Promise<T>;
  readonly onAnswer: (value: T) => void;
  /** `transient`: the poller goes on by itself and tells when it has an answer again. */
  readonly onError: (error: ApiError, transient: boolean) => void;
  /** Milliseconds until the next question, from what is known; null ends it. */
  readonly delay: (value: T) => number | null;
}

const FIRST_MS = 1000;
const LAST_MS = 15_000;

/** Asks again and again; lives through a release or a lost line by asking less and less often until it is answered. */
export class Poller<T> {
  private timer: ReturnType<typeof setTimeout> | undefined;
  private stop: AbortController | null = null;
  private failures = 0;

  constructor(private readonly options: Options<T>) {}

  /** Asks now, whatever is planned. */
  askNow(): void {
    clearTimeout(this.timer);
    this.stop?.abort();
    const stop = new AbortController();
    this.stop = stop;
    void this.ask(stop);
  }

  end(): void {
    clearTimeout(this.timer);
    this.stop?.abort();
    this.stop = null;
  }

  private async ask(stop: AbortController): Promise<void> {
    let next: number | null;
    try {
      const value = await this.options.ask(stop.signal);
      if (stop.signal.aborted) return;
      this.failures = 0;
      this.options.onAnswer(value);
      next = this.options.delay(value);
    } catch (caught) {
      if (stop.signal.aborted) return;
      const error = toApiError(caught);
      const transient = isTransient(error);
      this.failures += 1;
      next = transient ? backoff(this.failures, FIRST_MS, LAST_MS) : null;
      this.options.onError(error, transient);
    }
    if (next !== null && this.stop === stop) {
      this.timer = setTimeout(() => {
        this.askNow();
      }, next);
    }
  }
}
