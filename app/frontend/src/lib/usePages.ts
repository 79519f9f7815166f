import { useCallback, useEffect, useReducer, useRef } from "react";
import { type ApiError, toApiError } from "../api/problem";
import type { Page } from "../api/types";

interface WithId {
  readonly id: string | number;
}

export interface PagesState<Item> {
  readonly items: readonly Item[];
  readonly next: string | null;
  /** `loading`: nothing is known yet; what is known stays while more is fetched. */
  readonly phase: "loading" | "ready" | "more";
  readonly error: ApiError | null;
  readonly pages: number;
}

export type PagesAction<Item> =
  | { readonly type: "first"; readonly page: Page<Item> }
  /** Another question: what was shown does not answer it. */
  | { readonly type: "other"; readonly page: Page<Item> }
  | { readonly type: "fetchMore" }
  | { readonly type: "more"; readonly page: Page<Item> }
  | { readonly type: "failed"; readonly error: ApiError };

export function nothingYet<Item>(): PagesState<Item> {
  return { items: [], next: null, phase: "loading", error: null, pages: 0 };
}

/** The list after an answer. A first page that is fetched again keeps the further pages that people had opened. */
export function reduce<Item extends WithId>(state: PagesState<Item>, action: PagesAction<Item>): PagesState<Item> {
  switch (action.type) {
    case "other":
      return { items: action.page.items, next: action.page.next, phase: "ready", error: null, pages: 1 };
    case "first": {
      const { items, next } = action.page;
      if (state.pages <= 1) return { items, next, phase: "ready", error: null, pages: 1 };
      return { ...state, items: [...items, ...without(state.items, items)], phase: "ready", error: null };
    }
    case "fetchMore":
      return { ...state, phase: "more", error: null };
    case "more": {
      const { items, next } = action.page;
      const added = without(items, state.items);
      return { items: [...state.items, ...added], next, phase: "ready", error: null, pages: state.pages + 1 };
    }
    case "failed":
      return { ...state, phase: "ready", error: action.error };
  }
}

function without<Item extends WithId>(items: readonly Item[], excluded: readonly Item[]): readonly Item[] {
  const ids = new Set(excluded.map((item) => item.id));
  return items.filter((item) => !ids.has(item.id));
}

type Fetch<Item> = (cursor: string | null, signal: AbortSignal) => Promise<Page<Item>>;

/**
 * A list by pages. `fetchPage` must be stable; another one is another list. What was shown stays until the
 * other's answer is there, so that a search does not flicker. A new `revision` fetches the first page again.
 */
export function usePages<Item extends WithId>(fetchPage: Fetch<Item>, revision: number | string = 0) {
  const [state, dispatch] = useReducer(reduce<Item>, undefined, nothingYet<Item>);
  const latest = useRef<AbortController | null>(null);
  const shown = useRef<Fetch<Item> | null>(null);

  const run = useCallback(
    async (type: "first" | "more", cursor: string | null) => {
      latest.current?.abort();
      const stop = new AbortController();
      latest.current = stop;
      try {
        const page = await fetchPage(cursor, stop.signal);
        if (stop.signal.aborted) return;
        dispatch({ type: shown.current === fetchPage ? type : "other", page });
        shown.current = fetchPage;
      } catch (error) {
        if (!stop.signal.aborted) dispatch({ type: "failed", error: toApiError(error) });
      }
    },
    [fetchPage],
  );

  useEffect(() => {
    void run("first", null);
  }, [run, revision]);
  useEffect(() => () => latest.current?.abort(), []);

  return {
    state,
    reload: () => void run("first", null),
    /** Forgets further pages, for an item of them may have gone. */
    startOver: () => {
      shown.current = null;
      void run("first", null);
    },
    loadMore: () => {
      dispatch({ type: "fetchMore" });
      void run("more", state.next);
    },
  };
}
