/** What travels over the API; the service's own description is /api/openapi.json. */

export type Role = "admin" | "editor" | "viewer";
export const roles = ["admin", "editor", "viewer"] as const satisfies readonly Role[];

export interface Me {
  readonly id: string;
  readonly username: string;
  readonly role: Role;
}

export interface User extends Me {
  readonly active: boolean;
  readonly created_at: string;
  readonly last_login_at: string | null;
}

export interface Token {
  readonly id: string;
  readonly name: string;
  readonly created_at: string;
  readonly last_used_at: string | null;
}

export interface Features {
  readonly summarise: boolean;
  readonly fetch: boolean;
  readonly max_upload_mb: number;
  readonly release: string;
  readonly version: string;
}

export interface Uploaded {
  readonly id: string;
  readonly name: string;
  readonly size: number;
  readonly sha256: string;
  readonly version: number;
}

/** Where the words of a search stand in a table. */
export interface CellMatch {
  readonly sheet: string;
  readonly row: number;
  readonly text: string;
}

export interface DocumentItem extends Uploaded {
  readonly owner: string;
  readonly created_at: string;
  readonly updated_at: string;
  readonly deleted_at: string | null;
  readonly tags: readonly string[];
  readonly kind: "table" | "text" | "pdf" | "image" | "other";
  readonly shared: boolean;
  readonly match: CellMatch | null;
}

export interface Version {
  readonly number: number;
  readonly size: number;
  readonly sha256: string;
  readonly author: string;
  readonly created_at: string;
}

export interface Tag {
  readonly name: string;
  readonly count: number;
}

export type Cell = string | number | boolean | null;

export interface Preview {
  readonly sheets: readonly { readonly name: string; readonly rows: number; readonly columns: number }[];
  readonly sheet: number;
  readonly offset: number;
  readonly columns: number;
  readonly total_rows: number;
  readonly rows: readonly (readonly Cell[])[];
}

export interface Page<Item> {
  readonly items: readonly Item[];
  readonly next: string | null;
}

export const jobStatuses = ["queued", "running", "succeeded", "failed", "cancelled"] as const;
export type JobStatus = (typeof jobStatuses)[number];
export const jobKinds = ["export", "compare", "batch", "summarise", "fetch"] as const;
export type JobKind = (typeof jobKinds)[number];
export const batchActions = ["trash", "restore", "tag", "untag", "share", "unshare"] as const;
export type BatchAction = (typeof batchActions)[number];

export type NewJob =
  | { readonly kind: "export"; readonly documents: readonly string[]; readonly format?: "zip" | "xlsx" | "csv" }
  | {
      readonly kind: "compare";
      readonly documents: readonly string[];
      readonly versions?: readonly [number, number] | null;
      readonly key?: string | null;
      readonly sheet?: string | null;
    }
  | {
      readonly kind: "batch";
      readonly action: BatchAction;
      readonly documents: readonly string[];
      readonly tags?: readonly string[];
    }
  | { readonly kind: "summarise"; readonly documents: readonly string[] }
  | { readonly kind: "fetch"; readonly url: string };

export interface JobResult {
  readonly document?: string | null;
  readonly items?: readonly { readonly document: string; readonly status: "done" | "failed"; readonly error: string | null }[] | null;
  readonly summary?: Readonly<Record<string, unknown>> | null;
  readonly text?: string | null;
}

export interface Job {
  readonly id: string;
  readonly kind: string;
  readonly status: JobStatus;
  /** From 0 to 1. */
  readonly progress: number;
  readonly result: JobResult | null;
  readonly error: string | null;
  readonly created_at: string;
  readonly started_at: string | null;
  readonly finished_at: string | null;
  readonly parameters?: Readonly<Record<string, unknown>> | null;
  readonly attempt?: number;
  readonly owner?: string | null;
}

export interface ComparedRow {
  readonly kind: "added" | "removed" | "changed" | "same";
  /** Row numbers on either side. */
  readonly left: number | null;
  readonly right: number | null;
  readonly cells: readonly { readonly left: Cell; readonly right: Cell; readonly changed: boolean }[];
}

export interface Comparison {
  readonly columns: readonly string[];
  readonly key: string | null;
  readonly counts: Readonly<Record<"added" | "removed" | "changed" | "unchanged" | "cells", number>>;
  readonly total: number;
  readonly rows: readonly ComparedRow[];
}

export interface ActivityItem {
  readonly id: string | number;
  readonly at: string;
  readonly user: string | null;
  readonly action: string;
  readonly object: string | null;
  readonly object_name: string | null;
  readonly address: string | null;
  readonly request_id: string | null;
}

export const metrics = ["cpu", "memory", "disk", "load", "response_ms", "error_rate", "queue"] as const;
export type Metric = (typeof metrics)[number];

export interface AlertItem {
  readonly type: string;
  readonly severity: string;
  readonly message: string;
  readonly since: string | number;
  readonly until: string | number | null;
}

export interface TimedTask {
  readonly name: string;
  readonly last_run: string | null;
  readonly status: string | null;
  readonly message: string | null;
  readonly next_run: string | null;
}

export interface SystemState {
  readonly series: { readonly step_seconds: number; readonly times: readonly number[] } & Readonly<
    Partial<Record<Metric, readonly (number | null)[]>>
  >;
  readonly alerts: readonly AlertItem[];
  readonly backup: Readonly<Record<string, unknown>> | null;
  readonly rehearsal: Readonly<Record<string, unknown>> | null;
  readonly monitor: { readonly last_sample: number | null; readonly silent: boolean };
  readonly tasks: readonly TimedTask[];
}

export const checkNames = ["database", "redis_cache", "redis_queue", "worker", "disk"] as const;
export type CheckName = (typeof checkNames)[number];

export interface Check {
  readonly status: "ok" | "failed";
  readonly latency_ms?: number | null;
  readonly detail?: string | null;
  readonly free_mb?: number | null;
  readonly waiting?: number | null;
  readonly workers?: number | null;
}

export interface Health {
  readonly status: "ok" | "degraded" | "failed";
  readonly checks: Readonly<Partial<Record<CheckName, Check>>>;
  readonly release?: string;
}
