import { highlight } from "../lib/highlight";

/** A text with the words of a search marked. */
export function Marked({ text, search }: { readonly text: string; readonly search: string }) {
  return highlight(text, search).map((piece, index) =>
    // Pieces have no name of their own; they are drawn anew as a whole.
    piece.hit ? <mark key={index}>{piece.text}</mark> : <span key={index}>{piece.text}</span>,
  );
}
