export type FileKind = "sheet" | "text" | "slides" | "pdf" | "image" | "archive" | "other";

const KINDS: Readonly<Record<string, FileKind>> = {
  xlsx: "sheet", xls: "sheet", xlsm: "sheet", csv: "sheet", tsv: "sheet", ods: "sheet",
  docx: "text", doc: "text", odt: "text", txt: "text", md: "text", rtf: "text",
  pptx: "slides", ppt: "slides", odp: "slides",
  pdf: "pdf",
  png: "image", jpg: "image", jpeg: "image", gif: "image", webp: "image", svg: "image", bmp: "image",
  zip: "archive", gz: "archive", "7z": "archive", rar: "archive", tar: "archive",
};

/** The ending of a file name without its dot, in lower case; "" when there is none. */
export function extension(name: string): string {
  const dot = name.lastIndexOf(".");
  return dot > 0 && dot < name.length - 1 ? name.slice(dot + 1).toLowerCase() : "";
}

/** What the file is, as far as its name tells. */
export function fileKind(name: string): FileKind {
  const ending = extension(name);
  return Object.hasOwn(KINDS, ending) ? (KINDS[ending] ?? "other") : "other";
}
