import type { ComparedRow } from "../api/types";

type RowAt = (index: number) => Promise<ComparedRow | undefined>;

/** Rows of a comparison stand in the order of the right table; a removed one where it stood on the left. */
function place(row: Pick<ComparedRow, "left" | "right">): number {
  return row.right ?? row.left ?? 0;
}

/** Where `wanted` stands among all `total` rows of the comparison, or null. Looks at few of them: rows are far away. */
export async function findPlace(wanted: Pick<ComparedRow, "left" | "right">, total: number, rowAt: RowAt): Promise<number | null> {
  const goal = place(wanted);
  let low = 0;
  let high = total;
  // Without gaps and removed rows it is exactly there: row 2 of a table is its first below the header.
  let probe = Math.min(Math.max(0, goal - 2), total - 1);
  while (low < high) {
    const row = await rowAt(probe);
    if (row === undefined) return null;
    if (row.left === wanted.left && row.right === wanted.right) return probe;
    if (place(row) < goal) low = probe + 1;
    else high = probe;
    probe = Math.floor((low + high) / 2);
  }
  for (let index = low; index < total; index += 1) {
    const row = await rowAt(index);
    if (row === undefined || place(row) > goal) return null;
    if (row.left === wanted.left && row.right === wanted.right) return index;
  }
  return null;
}
