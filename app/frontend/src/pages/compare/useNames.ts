import { useCallback } from "react";
import { getDocument } from "../../api/documents";
import { useResource } from "../../lib/usePolling";

/** Names of documents by their ids; an id whose document is gone has none. `ids` joined by commas. */
export function useNames(ids: string): Readonly<Record<string, string>> {
  const ask = useCallback(
    async (signal: AbortSignal) => {
      const wanted = ids === "" ? [] : ids.split(",");
      const found = await Promise.all(
        wanted.map(async (id) => [id, (await getDocument(id, signal).catch(() => null))?.name ?? ""] as const),
      );
      return Object.fromEntries(found);
    },
    [ids],
  );
  return useResource(ask).data ?? {};
}
