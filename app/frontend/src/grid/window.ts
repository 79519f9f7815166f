/** Browsers lose exactness, then rows, in elements of more than some ten million pixels: beyond this the scroll bar is scaled. */
export const MAX_HEIGHT = 8_000_000;

export interface Scrolled {
  readonly scrollTop: number;
  /** Height of what is seen of the rows. */
  readonly height: number;
  readonly rowHeight: number;
  readonly count: number;
}

export interface RowWindow {
  /** First row to draw, and the one after the last. */
  readonly first: number;
  readonly end: number;
  /** Where the first of them begins, from the top of the scrolled content. */
  readonly top: number;
}

/** Height of the scrolled content. */
export function contentHeight(count: number, rowHeight: number): number {
  return Math.min(count * rowHeight, MAX_HEIGHT);
}

function ratio({ height, rowHeight, count }: Omit<Scrolled, "scrollTop">): number {
  const full = count * rowHeight;
  return full <= MAX_HEIGHT || MAX_HEIGHT <= height ? 1 : (full - height) / (MAX_HEIGHT - height);
}

/** The rows to draw, a few more than are seen. */
export function rowWindow(scrolled: Scrolled, overscan = 6): RowWindow {
  const { scrollTop, height, rowHeight, count } = scrolled;
  const place = Math.max(0, scrollTop) * ratio(scrolled);
  const first = Math.max(0, Math.min(count, Math.floor(place / rowHeight)) - overscan);
  const end = Math.min(count, Math.ceil((place + height) / rowHeight) + overscan);
  return { first, end, top: first * rowHeight - place + Math.max(0, scrollTop) };
}

/** The scroll position that shows `row` a third down the view. */
export function scrollTopFor(row: number, scrolled: Omit<Scrolled, "scrollTop">): number {
  const place = Math.max(0, row * scrolled.rowHeight - scrolled.height / 3);
  const last = Math.max(0, contentHeight(scrolled.count, scrolled.rowHeight) - scrolled.height);
  return Math.min(last, place / ratio(scrolled));
}

/** Where each column begins, and at the end the whole width. */
export function columnOffsets(widths: readonly number[]): readonly number[] {
  const offsets = [0];
  let at = 0;
  for (const width of widths) {
    at += width;
    offsets.push(at);
  }
  return offsets;
}

/** The columns to draw between two places: first, and the one after the last. */
export function columnWindow(offsets: readonly number[], left: number, right: number): { first: number; end: number } {
  const count = offsets.length - 1;
  let first = 0;
  while (first < count - 1 && (offsets[first + 1] ?? 0) <= left) first += 1;
  let end = first;
  while (end < count && (offsets[end] ?? 0) < right) end += 1;
  return { first: Math.max(0, first - 1), end: Math.min(count, end + 1) };
}

/** A column's name as spreadsheets count: A, B, ... Z, AA. */
export function columnName(index: number): string {
  let name = "";
  for (let rest = index; rest >= 0; rest = Math.floor(rest / 26) - 1) {
    name = String.fromCharCode(65 + (rest % 26)) + name;
  }
  return name;
}

const WIDE = /[\u1100-\u115f\u2e80-\u9fff\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe4f\uff00-\uff60]/;

/** Widths in pixels that fit the longest of some rows' texts, within bounds. */
export function fittingWidths(columns: number, rows: readonly (readonly string[])[]): readonly number[] {
  return Array.from({ length: columns }, (_, column) => {
    let longest = 0;
    for (const row of rows) {
      let length = 0;
      for (const character of row[column] ?? "") length += WIDE.test(character) ? 1.9 : 1;
      longest = Math.max(longest, length);
    }
    return Math.round(Math.min(320, Math.max(72, longest * 7.6 + 26)));
  });
}
