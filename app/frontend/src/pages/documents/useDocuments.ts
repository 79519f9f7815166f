import { useCallback, useEffect, useReducer, useRef } from "react";
import * as api from "../../api/client";
import { type ApiError, toApiError } from "../../api/problem";
import type { DocumentItem, Page } from "../../api/types";

export interface DocumentsState {
  readonly items: readonly DocumentItem[];
  readonly next: string | null;
  /** `loading`: nothing is known yet; what is known stays while more is fetched. */
  readonly phase: "loading" | "ready" | "more";
  readonly error: ApiError | null;
  readonly pages: number;
}

type Action =
  | { readonly type: "first"; readonly page: Page<DocumentItem> }
  | { readonly type: "fetchMore" }
  | { readonly type: "more"; readonly page: Page<DocumentItem> }
  | { readonly type: "failed"; readonly error: ApiError };

export const nothingYet: DocumentsState = { items: [], next: null, phase: "loading", error: null, pages: 0 };

/** The list after an answer. A first page that is fetched again keeps the further pages that people had opened. */
export function reduce(state: DocumentsState, action: Action): DocumentsState {
  switch (action.type) {
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

function without(items: readonly DocumentItem[], excluded: readonly DocumentItem[]): readonly DocumentItem[] {
  const ids = new Set(excluded.map((item) => item.id));
  return items.filter((item) => !ids.has(item.id));
}

/** The documents, fetched again whenever `revision` changes. */
export function useDocuments(revision: number) {
  const [state, dispatch] = useReducer(reduce, nothingYet);
  const latest = useRef<AbortController | null>(null);

  const fetchPage = useCallback(async (type: "first" | "more", cursor: string | null) => {
    latest.current?.abort();
    const stop = new AbortController();
    latest.current = stop;
    try {
      const page = await api.listDocuments(cursor, stop.signal);
      dispatch({ type, page });
    } catch (error) {
      if (!stop.signal.aborted) dispatch({ type: "failed", error: toApiError(error) });
    }
  }, []);

  useEffect(() => {
    void fetchPage("first", null);
  }, [fetchPage, revision]);
  useEffect(() => () => latest.current?.abort(), []);

  return {
    state,
    reload: () => void fetchPage("first", null),
    loadMore: () => {
      dispatch({ type: "fetchMore" });
      void fetchPage("more", state.next);
    },
  };
}
