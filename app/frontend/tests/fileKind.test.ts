import { expect, it } from "vitest";
import { extension, fileKind } from "../src/lib/fileKind";

it.each([
  ["三季度预算.XLSX", "xlsx", "sheet"],
  ["a.b.csv", "csv", "sheet"],
  ["notes.docx", "docx", "text"],
  ["README", "", "other"],
  [".env", "", "other"],
  ["trailing.", "", "other"],
  ["odd.constructor", "constructor", "other"],
])("%s ends in %j and is a %s", (name, ending, kind) => {
  expect(extension(name)).toBe(ending);
  expect(fileKind(name)).toBe(kind);
});
