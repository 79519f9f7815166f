/** What travels over the API; the service's own description is /api/openapi.json. */

export interface Me {
  readonly username: string;
  readonly role: "admin" | "editor" | "viewer";
}

export interface Uploaded {
  readonly id: string;
  readonly name: string;
  readonly size: number;
  readonly sha256: string;
  readonly version: number;
}

export interface DocumentItem extends Uploaded {
  readonly owner: string;
  readonly created_at: string;
  readonly updated_at: string;
}

export interface Page<Item> {
  readonly items: readonly Item[];
  readonly next: string | null;
}

export type JobStatus = "queued" | "running" | "succeeded" | "failed" | "cancelled";

export interface Job {
  readonly id: string;
  readonly kind: string;
  readonly status: JobStatus;
  /** From 0 to 1. */
  readonly progress: number;
  readonly result: { readonly document: string } | null;
  readonly error: string | null;
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
