export interface Piece {
  readonly text: string;
  readonly hit: boolean;
}

/** `text` in pieces, those that a word of the search stands in marked. */
export function highlight(text: string, search: string): readonly Piece[] {
  const words = search.split(/\s+/).filter(Boolean).map((word) => word.replace(/[.*+?^${}()|[\]\\]/g, "\\$&"));
  if (words.length === 0) return [{ text, hit: false }];
  return text
    .split(new RegExp(`(${words.join("|")})`, "iu"))
    .map((piece, index) => ({ text: piece, hit: index % 2 === 1 }))
    .filter((piece) => piece.text !== "");
}

/** `text` around the first hit, so that it is seen in a short line. */
export function excerpt(text: string, search: string, before = 24): string {
  const at = highlight(text, search).findIndex((piece) => piece.hit);
  if (at <= 0) return text;
  const start = highlight(text, search).slice(0, at).reduce((sum, piece) => sum + piece.text.length, 0);
  return start <= before ? text : `…${text.slice(start - before)}`;
}
