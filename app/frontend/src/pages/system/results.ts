import { toIso } from "./moments";

/** What the last backup or its rehearsal came to. */
export interface WorkResult {
  readonly ok: boolean;
  /** ISO text, or null when the result does not say. */
  readonly at: string | null;
  readonly seconds: number | null;
  readonly bytes: number | null;
  readonly files: number | null;
  readonly error: string;
  readonly next: string;
  readonly lastSuccess: string | null;
}

type Fields = Readonly<Record<string, unknown>>;

/** Reads the result file of the backup program. */
export function readResult(found: Fields): WorkResult {
  const success = found["last_success"];
  return {
    ok: found["ok"] === true || found["status"] === "ok",
    at: moment(found["finished_at"]) ?? moment(found["time"]),
    seconds: number(found["seconds"]),
    bytes: number(found["bytes"]),
    files: number(found["files"]),
    error: text(found["error"]),
    next: text(found["next"]),
    lastSuccess: typeof success === "object" && success !== null ? moment((success as Fields)["time"]) : null,
  };
}

function moment(value: unknown): string | null {
  return typeof value === "string" || typeof value === "number" ? toIso(value) : null;
}

function number(value: unknown): number | null {
  return typeof value === "number" ? value : null;
}

function text(value: unknown): string {
  return typeof value === "string" ? value : "";
}
