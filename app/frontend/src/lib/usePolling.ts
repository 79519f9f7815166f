import { useCallback, useEffect, useRef, useState } from "react";
import { type ApiError } from "../api/problem";
import { Poller } from "./poller";

export interface Polled<T> {
  readonly data: T | null;
  readonly error: ApiError | null;
  /** The last question got no answer; it is being asked again. */
  readonly lost: boolean;
  readonly refresh: () => void;
}

interface State<T> {
  readonly ask: unknown;
  readonly data: T | null;
  readonly error: ApiError | null;
  readonly lost: boolean;
}

/**
 * The answer to `ask`, asked for again after `delay` while the page is visible. Both must be stable:
 * another `ask` is another question, whose answer is not known yet.
 */
export function usePolling<T>(ask: (signal: AbortSignal) => Promise<T>, delay: (value: T) => number | null): Polled<T> {
  const [state, setState] = useState<State<T>>({ ask, data: null, error: null, lost: false });
  const poller = useRef<Poller<T> | null>(null);

  useEffect(() => {
    const running = new Poller<T>({
      ask,
      delay,
      onAnswer: (data) => {
        setState({ ask, data, error: null, lost: false });
      },
      onError: (error, transient) => {
        setState((before) => ({ ask, data: before.ask === ask ? before.data : null, error, lost: transient }));
      },
    });
    poller.current = running;
    const wake = () => {
      if (document.hidden) running.end();
      else running.askNow();
    };
    running.askNow();
    document.addEventListener("visibilitychange", wake);
    window.addEventListener("online", wake);
    return () => {
      running.end();
      document.removeEventListener("visibilitychange", wake);
      window.removeEventListener("online", wake);
    };
  }, [ask, delay]);

  const refresh = useCallback(() => poller.current?.askNow(), []);
  const known = state.ask === ask;
  return { data: known ? state.data : null, error: known ? state.error : null, lost: known && state.lost, refresh };
}

const never = () => null;

/** The answer to `ask`, which must be stable, asked for once. */
export function useResource<T>(ask: (signal: AbortSignal) => Promise<T>): Polled<T> {
  return usePolling(ask, never);
}
