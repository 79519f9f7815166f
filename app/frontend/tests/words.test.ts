import { describe, expect, it } from "vitest";
import { withQuery } from "../src/api/client";
import { latestOf, summary } from "../src/charts/summary";
import { excerpt, highlight } from "../src/lib/highlight";
import { splitTags } from "../src/lib/tags";
import { chooseTheme } from "../src/lib/theme";
import { menuFor, pageAt } from "../src/pages";
import { dayEnd, dayStart } from "../src/pages/activity/days";
import { comparedBy, sides } from "../src/pages/compare/describe";
import { readResult } from "../src/pages/system/results";

const marked = (text: string, search: string) =>
  highlight(text, search).map((piece) => (piece.hit ? `[${piece.text}]` : piece.text)).join("");

describe("the words of a search", () => {
  it.each([
    ["差旅预算 2026", "预算", "差旅[预算] 2026"],
    ["Budget and budget", "BUDGET", "[Budget] and [budget]"],
    ["a.b*c", ". *", "a[.]b[*]c"],
    ["nothing", "", "nothing"],
    ["x", "  ", "x"],
  ])("in %j are marked for %j", (text, search, expected) => {
    expect(marked(text, search)).toBe(expected);
  });

  it("are seen in a long row", () => {
    const row = `${"很长的一行 ".repeat(20)}差旅 12`;
    expect(excerpt(row, "差旅")).toMatch(/^….{24}差旅 12$/u);
    expect(excerpt("差旅 12", "差旅")).toBe("差旅 12");
    expect(excerpt("no hit", "差旅")).toBe("no hit");
  });
});

it("tags are written between commas of either width, each once", () => {
  expect(splitTags(" 预算，Q3, Q3 、 ;finance ")).toEqual(["预算", "Q3", "finance"]);
  expect(splitTags(" , ")).toEqual([]);
});

it("an address carries what is asked for and nothing empty", () => {
  expect(withQuery("/x", { a: "预 算", b: "", c: null, d: undefined, e: false, f: true, g: 0 })).toBe("/x?a=%E9%A2%84+%E7%AE%97&f=true&g=0");
  expect(withQuery("/x", {})).toBe("/x");
});

it("a day is the browser's own, from its first moment to before the next day's", () => {
  expect(new Date(dayStart("2026-03-29")).toString()).toBe(new Date(2026, 2, 29).toString());
  expect(new Date(dayEnd("2026-12-31")).toString()).toBe(new Date(2027, 0, 1).toString());
  expect([dayStart(""), dayEnd("soon")]).toEqual(["", ""]);
});

describe("pages", () => {
  it.each([
    ["/documents", "/documents"],
    ["/documents/", "/documents"],
    ["/documents/0198-abc", "/documents/*"],
    ["/documents/a/b", undefined],
    ["/nowhere", undefined],
  ])("at %s is %s", (path, expected) => {
    expect(pageAt(path)?.path).toBe(expected);
  });

  it("of administrators are in no other menu", () => {
    const paths = (role: "admin" | "viewer") => menuFor(role).map((page) => page.path);
    expect(paths("admin")).toContain("/users");
    expect(paths("viewer")).not.toContain("/users");
    expect(paths("viewer")).not.toContain("/documents/*");
  });
});

it("a remembered theme is taken, anything else is the system's", () => {
  expect([chooseTheme("dark"), chooseTheme("light"), chooseTheme("pink"), chooseTheme(null)]).toEqual(["dark", "light", "system", "system"]);
});

it("a chart's words leave holes out", () => {
  expect(summary([null, 3, -1, null])).toEqual({ low: -1, high: 3 });
  expect(latestOf([1, 2, null])).toBe(2);
  expect([summary([null]), latestOf([])]).toEqual([null, null]);
});

describe("the result of a backup", () => {
  it("is read as the backup program writes it", () => {
    const result = readResult({
      status: "failed", ok: false, finished_at: 1_795_500_042, seconds: 42, error: "no room", next: "free some",
      last_success: { time: "2026-11-20T02:00:00Z" },
    });
    expect(result).toMatchObject({
      ok: false, at: new Date(1_795_500_042_000).toISOString(), seconds: 42, error: "no room", next: "free some", lastSuccess: "2026-11-20T02:00:00Z",
    });
  });

  it("is not good unless it says so", () => {
    expect(readResult({})).toMatchObject({ ok: false, at: null, bytes: null, lastSuccess: null });
    expect(readResult({ status: "ok", time: "2026-11-24T00:00:00Z" })).toMatchObject({ ok: true, at: "2026-11-24T00:00:00Z" });
  });
});

it("a comparison says what it compares", () => {
  const job = { parameters: { documents: ["a"], versions: [1, 3] } } as unknown as Parameters<typeof comparedBy>[0];
  expect(sides(comparedBy(job), { a: "预算.xlsx" })).toEqual(["预算.xlsx · v1", "预算.xlsx · v3"]);
  expect(sides({ documents: ["a", "b"], versions: null }, { a: "x", b: "y" })).toEqual(["x", "y"]);
});
