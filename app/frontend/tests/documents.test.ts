import { expect, it } from "vitest";
import type { DocumentItem } from "../src/api/types";
import { nothingYet, reduce } from "../src/pages/documents/useDocuments";

const document = (id: string): DocumentItem => ({
  id,
  name: `${id}.xlsx`,
  size: 1,
  sha256: "",
  version: 1,
  owner: "admin",
  created_at: "2026-11-23T00:00:00Z",
  updated_at: "2026-11-23T00:00:00Z",
});
const page = (ids: string, next: string | null) => ({ items: Array.from(ids, document), next });
const ids = (items: readonly DocumentItem[]) => items.map((item) => item.id).join("");

it("shows a first page and remembers where the next begins", () => {
  const state = reduce(nothingYet, { type: "first", page: page("dcb", "b") });
  expect([ids(state.items), state.next, state.phase]).toEqual(["dcb", "b", "ready"]);
});

it("appends a further page without showing anything twice", () => {
  const first = reduce(nothingYet, { type: "first", page: page("dc", "c") });
  const more = reduce(first, { type: "more", page: page("cba", null) });
  expect([ids(more.items), more.next]).toEqual(["dcba", null]);
});

it("keeps opened pages when the first is fetched again, and their cursor", () => {
  let state = reduce(nothingYet, { type: "first", page: page("dc", "c") });
  state = reduce(state, { type: "more", page: page("b", "b") });
  state = reduce(state, { type: "first", page: page("ed", "d") });
  expect([ids(state.items), state.next]).toEqual(["edcb", "b"]);
});

it("lets a document fall off the end when only the first page was open", () => {
  const first = reduce(nothingYet, { type: "first", page: page("dc", "c") });
  const again = reduce(first, { type: "first", page: page("ed", "d") });
  expect([ids(again.items), again.next]).toEqual(["ed", "d"]);
});
