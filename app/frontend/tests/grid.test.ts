import { describe, expect, it } from "vitest";
import type { ComparedRow } from "../src/api/types";
import { cellText } from "../src/grid/cellText";
import { findPlace } from "../src/grid/findPlace";
import { BLOCK, blocksOf } from "../src/grid/useBlocks";
import {
  columnName,
  columnOffsets,
  columnWindow,
  contentHeight,
  fittingWidths,
  MAX_HEIGHT,
  rowWindow,
  scrollTopFor,
} from "../src/grid/window";

const short = { height: 640, rowHeight: 32, count: 1000 };
const long = { height: 640, rowHeight: 32, count: 1_048_576 };

describe("rows in view", () => {
  it("are the first ones at the top", () => {
    expect(rowWindow({ ...short, scrollTop: 0 }, 2)).toEqual({ first: 0, end: 22, top: 0 });
  });

  it("are those that the scroll bar shows, and a few around them", () => {
    expect(rowWindow({ ...short, scrollTop: 3200 }, 2)).toEqual({ first: 98, end: 122, top: 98 * 32 });
  });

  it("end with the last row at the bottom, also of a table that is too high for a browser", () => {
    for (const table of [short, long]) {
      const bottom = contentHeight(table.count, table.rowHeight) - table.height;
      const { first, end, top } = rowWindow({ ...table, scrollTop: bottom });
      expect(end).toBe(table.count);
      expect(top + (end - first) * table.rowHeight).toBeCloseTo(contentHeight(table.count, table.rowHeight), 3);
    }
    expect(contentHeight(long.count, long.rowHeight)).toBe(MAX_HEIGHT);
  });

  it.each([0, 1, 500, 700_001, 1_048_575])("have row %i among them after a jump to it", (row) => {
    const { first, end } = rowWindow({ ...long, scrollTop: scrollTopFor(row, long) }, 0);
    expect(first).toBeLessThanOrEqual(row);
    expect(end).toBeGreaterThan(row);
  });
});

describe("columns", () => {
  it("in view are found by their places", () => {
    const offsets = columnOffsets([100, 50, 200, 80]);
    expect(offsets).toEqual([0, 100, 150, 350, 430]);
    expect(columnWindow(offsets, 160, 300)).toEqual({ first: 1, end: 4 });
    expect(columnWindow(columnOffsets([]), 0, 300)).toEqual({ first: 0, end: 0 });
  });

  it.each([[0, "A"], [25, "Z"], [26, "AA"], [701, "ZZ"], [702, "AAA"], [16_383, "XFD"]])("%i is called %s", (index, name) => {
    expect(columnName(index)).toBe(name);
  });

  it("are as wide as their texts, Chinese ones wider, within bounds", () => {
    const [narrow = 0, latin = 0, chinese = 0, endless = 0] = fittingWidths(4, [["1", "department", "行政与人力资源部门管", "x".repeat(999)]]);
    expect(narrow).toBe(72);
    expect(latin).toBeGreaterThan(narrow);
    expect(chinese).toBeGreaterThan(latin * 1.5);
    expect(endless).toBe(320);
  });
});

it("asks for the blocks that rows lie in", () => {
  expect(blocksOf(0, 1)).toEqual([0]);
  expect(blocksOf(BLOCK - 1, BLOCK + 1)).toEqual([0, 1]);
  expect(blocksOf(BLOCK, 2 * BLOCK)).toEqual([1]);
});

it.each([
  [null, ""],
  [0, "0"],
  [1234567, "1234567"],
  [0.1 + 0.2, "0.3"],
  [true, "TRUE"],
  ["a\r\n b", "a ⏎ b"],
])("a cell that holds %j says %j", (cell, text) => {
  expect(cellText(cell, "en")).toBe(text);
});

describe("the place of a change among all rows", () => {
  // As the service orders them: by the right table, a removed row where it stood on the left.
  const rows: Pick<ComparedRow, "left" | "right">[] = [];
  for (let row = 2; row < 5000; row += 1) {
    if (row % 97 === 0) rows.push({ left: row, right: null });
    rows.push({ left: row % 89 === 0 ? null : row + 40, right: row });
  }

  it("is found for every one of them, with few questions", async () => {
    let asked = 0;
    for (const [index, wanted] of rows.entries()) {
      const found = await findPlace(wanted, rows.length, (at) => {
        asked += 1;
        return Promise.resolve(rows[at] as ComparedRow | undefined);
      });
      expect(found).toBe(index);
    }
    expect(asked / rows.length).toBeLessThan(20);
  });

  it("is none for a row that is not there", async () => {
    const at = (index: number) => Promise.resolve(rows[index] as ComparedRow | undefined);
    expect(await findPlace({ left: 1, right: 99_999 }, rows.length, at)).toBeNull();
    expect(await findPlace({ left: 1, right: null }, 0, at)).toBeNull();
  });
});
