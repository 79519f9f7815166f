import { request, withQuery } from "./client";
import type { DocumentItem, Page, Preview, Tag, Version } from "./types";

export interface DocumentFilter {
  readonly q?: string;
  readonly tag?: string;
  readonly trash?: boolean;
}

const path = (id: string, rest = "") => `/api/documents/${encodeURIComponent(id)}${rest}`;

export async function listDocuments(
  filter: DocumentFilter,
  cursor: string | null,
  signal?: AbortSignal,
): Promise<Page<DocumentItem>> {
  return (await request(withQuery("/api/documents", { ...filter, cursor }), { signal })) as Page<DocumentItem>;
}

export async function getDocument(id: string, signal?: AbortSignal): Promise<DocumentItem> {
  return (await request(path(id), { signal })) as DocumentItem;
}

export async function changeDocument(
  id: string,
  change: { readonly name?: string; readonly tags?: readonly string[]; readonly shared?: boolean },
): Promise<DocumentItem> {
  return (await request(path(id), { method: "PATCH", body: change })) as DocumentItem;
}

export async function trashDocument(id: string): Promise<void> {
  await request(path(id), { method: "DELETE" });
}

/** Removes what is in the trash for good. */
export async function deleteForever(id: string): Promise<void> {
  await request(withQuery(path(id), { permanent: true }), { method: "DELETE" });
}

export async function restoreDocument(id: string): Promise<void> {
  await request(path(id, "/restore"), { method: "POST" });
}

export async function listVersions(id: string, cursor: string | null, signal?: AbortSignal): Promise<Page<Version>> {
  return (await request(withQuery(path(id, "/versions"), { cursor }), { signal })) as Page<Version>;
}

export interface PreviewPlace {
  readonly version?: number | undefined;
  readonly sheet: number;
  readonly offset: number;
  readonly limit: number;
}

export async function getPreview(id: string, place: PreviewPlace, signal?: AbortSignal): Promise<Preview> {
  return (await request(withQuery(path(id, "/preview"), { ...place }), { signal })) as Preview;
}

export function downloadPath(id: string, version?: number): string {
  return withQuery(path(id, "/download"), { version });
}

export async function listTags(signal?: AbortSignal): Promise<readonly Tag[]> {
  return ((await request("/api/tags", { signal })) as { items: readonly Tag[] }).items;
}
