import { createContext, type ReactNode, use, useCallback, useEffect, useMemo, useState } from "react";
import * as api from "../api/client";
import { type ApiError, toApiError } from "../api/problem";
import type { Me } from "../api/types";
import { transfers } from "../transfers/store";

export type SessionState =
  | { readonly phase: "loading" }
  | { readonly phase: "failed"; readonly error: ApiError }
  | { readonly phase: "out"; readonly expired: boolean }
  | { readonly phase: "in"; readonly me: Me };

interface Session {
  readonly state: SessionState;
  /** Asks the service again who is logged in. */
  readonly refresh: () => Promise<void>;
  /** Throws ApiError. */
  readonly login: (username: string, password: string) => Promise<void>;
  /** Throws ApiError. */
  readonly logout: () => Promise<void>;
}

const Context = createContext<Session | null>(null);

async function whoIsThere(): Promise<SessionState> {
  try {
    const me = await api.me();
    return me === null ? { phase: "out", expired: false } : { phase: "in", me };
  } catch (error) {
    return { phase: "failed", error: toApiError(error) };
  }
}

export function SessionProvider({ children }: { readonly children: ReactNode }) {
  const [state, setState] = useState<SessionState>({ phase: "loading" });

  const refresh = useCallback(async () => {
    setState(await whoIsThere());
  }, []);

  useEffect(() => {
    let current = true;
    void whoIsThere().then((found) => {
      if (current) setState(found);
    });
    const stop = api.onSessionEnd(() => {
      transfers.clear();
      setState((before) => (before.phase === "in" ? { phase: "out", expired: true } : before));
    });
    return () => {
      current = false;
      stop();
    };
  }, []);

  const value = useMemo<Session>(
    () => ({
      state,
      refresh,
      login: async (username, password) => {
        await api.login(username, password);
        await refresh();
      },
      logout: async () => {
        await api.logout();
        transfers.clear();
        setState({ phase: "out", expired: false });
      },
    }),
    [state, refresh],
  );
  return <Context value={value}>{children}</Context>;
}

export function useSession(): Session {
  const value = use(Context);
  if (value === null) throw new Error("useSession outside SessionProvider");
  return value;
}

/** The user of a page that is only shown to users. */
export function useMe(): Me {
  const { state } = useSession();
  if (state.phase !== "in") throw new Error("useMe without a session");
  return state.me;
}
