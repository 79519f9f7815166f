import { request, withQuery } from "./client";
import type { Comparison, Job, NewJob, Page } from "./types";

const path = (id: string, rest = "") => `/api/jobs/${encodeURIComponent(id)}${rest}`;

/** The id of the new job. */
export async function startJob(job: NewJob): Promise<string> {
  return ((await request("/api/jobs", { method: "POST", body: job })) as { id: string }).id;
}

export async function getJob(id: string, signal?: AbortSignal): Promise<Job> {
  return (await request(path(id), { signal })) as Job;
}

export async function listJobs(
  filter: { readonly kind?: string; readonly status?: string },
  cursor: string | null,
  signal?: AbortSignal,
): Promise<Page<Job>> {
  return (await request(withQuery("/api/jobs", { ...filter, cursor }), { signal })) as Page<Job>;
}

export async function cancelJob(id: string): Promise<Job> {
  return (await request(path(id, "/cancel"), { method: "POST" })) as Job;
}

/** The id of the job that tries it again. */
export async function retryJob(id: string): Promise<string> {
  return ((await request(path(id, "/retry"), { method: "POST" })) as { id: string }).id;
}

export async function getComparison(
  id: string,
  place: { readonly offset: number; readonly limit: number; readonly only: "changes" | "all" },
  signal?: AbortSignal,
): Promise<Comparison> {
  return (await request(withQuery(path(id, "/comparison"), place), { signal })) as Comparison;
}
