import type { Job } from "../../api/types";

export interface Compared {
  readonly documents: readonly string[];
  readonly versions: readonly [number, number] | null;
}

/** What a compare job compares, as far as it says so. */
export function comparedBy(job: Job): Compared {
  const { documents, versions } = job.parameters ?? {};
  const numbers = Array.isArray(versions) ? versions.filter((one) => typeof one === "number") : [];
  const [from, to] = numbers;
  return {
    documents: Array.isArray(documents) ? documents.filter((one) => typeof one === "string") : [],
    versions: from !== undefined && to !== undefined ? [from, to] : null,
  };
}

/** The two sides in words: names that are not known yet are left out. */
export function sides({ documents, versions }: Compared, names: Readonly<Record<string, string>>): readonly [string, string] {
  const [left = "", right = left] = documents;
  const side = (id: string, version: number | undefined) =>
    [names[id] ?? "", version === undefined ? "" : `v${version}`].filter(Boolean).join(" · ");
  return [side(left, versions?.[0]), side(right, versions?.[1])];
}
