import { expect, it } from "vitest";
import { nothingYet, reduce } from "../src/lib/usePages";

interface Item {
  readonly id: string;
}
const page = (ids: string, next: string | null) => ({ items: Array.from(ids, (id): Item => ({ id })), next });
const empty = nothingYet<Item>();
const ids = (items: readonly Item[]) => items.map((item) => item.id).join("");

it("shows a first page and remembers where the next begins", () => {
  const state = reduce(empty, { type: "first", page: page("dcb", "b") });
  expect([ids(state.items), state.next, state.phase]).toEqual(["dcb", "b", "ready"]);
});

it("appends a further page without showing anything twice", () => {
  const first = reduce(empty, { type: "first", page: page("dc", "c") });
  const more = reduce(first, { type: "more", page: page("cba", null) });
  expect([ids(more.items), more.next]).toEqual(["dcba", null]);
});

it("keeps opened pages when the first is fetched again, and their cursor", () => {
  let state = reduce(empty, { type: "first", page: page("dc", "c") });
  state = reduce(state, { type: "more", page: page("b", "b") });
  state = reduce(state, { type: "first", page: page("ed", "d") });
  expect([ids(state.items), state.next]).toEqual(["edcb", "b"]);
});

it("lets a document fall off the end when only the first page was open", () => {
  const first = reduce(empty, { type: "first", page: page("dc", "c") });
  const again = reduce(first, { type: "first", page: page("ed", "d") });
  expect([ids(again.items), again.next]).toEqual(["ed", "d"]);
});

it("begins anew for another question, however many pages were open", () => {
  let state = reduce(empty, { type: "first", page: page("dc", "c") });
  state = reduce(state, { type: "more", page: page("b", "b") });
  state = reduce(state, { type: "other", page: page("x", null) });
  expect([ids(state.items), state.next, state.pages]).toEqual(["x", null, 1]);
});
