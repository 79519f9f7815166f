import { extension, fileKind } from "../lib/fileKind";

/** The kind of a file as a small coloured tab; the name beside it says the same in words. */
export function FileBadge({ name }: { readonly name: string }) {
  return (
    <span className={`file-badge file-badge-${fileKind(name)}`} aria-hidden="true">
      {extension(name).slice(0, 4) || "—"}
    </span>
  );
}
