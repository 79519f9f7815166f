import type { Cell } from "../api/types";

/** What a cell says, for people. */
export function cellText(cell: Cell | undefined, locale: string): string {
  if (cell === null || cell === undefined) return "";
  if (typeof cell === "number") {
    return Number.isInteger(cell) && Math.abs(cell) < 1e15
      ? String(cell)
      : new Intl.NumberFormat(locale, { maximumSignificantDigits: 12, useGrouping: false }).format(cell);
  }
  if (typeof cell === "boolean") return cell ? "TRUE" : "FALSE";
  // One line in the grid, whatever the cell holds.
  return cell.replace(/\s*[\r\n]+\s*/g, " ⏎ ");
}
