import { useCallback, useEffect, useState } from "react";
import * as api from "../api/admin";
import { type ApiError, toApiError } from "../api/problem";
import type { Health } from "../api/types";

const EVERY_MS = 30_000;

export type HealthState =
  | { readonly phase: "checking" }
  | { readonly phase: "known"; readonly health: Health }
  | { readonly phase: "failed"; readonly error: ApiError };

/** The service's health, asked for every 30 s while the page is visible. */
export function useHealth(): { readonly state: HealthState; readonly refresh: () => void } {
  const [state, setState] = useState<HealthState>({ phase: "checking" });
  const [round, setRound] = useState(0);

  useEffect(() => {
    const stop = new AbortController();
    const ask = async () => {
      if (document.hidden) return;
      try {
        const health = await api.health(stop.signal);
        setState({ phase: "known", health });
      } catch (error) {
        if (!stop.signal.aborted) setState({ phase: "failed", error: toApiError(error) });
      }
    };
    const askNow = () => void ask();
    askNow();
    const timer = window.setInterval(askNow, EVERY_MS);
    document.addEventListener("visibilitychange", askNow);
    return () => {
      stop.abort();
      window.clearInterval(timer);
      document.removeEventListener("visibilitychange", askNow);
    };
  }, [round]);

  const refresh = useCallback(() => {
    setRound((before) => before + 1);
  }, []);
  return { state, refresh };
}
