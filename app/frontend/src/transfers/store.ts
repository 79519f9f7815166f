import * as jobs from "../api/jobs";
import { type ApiError, isTransient, toApiError } from "../api/problem";
import type { BatchAction, Job, JobKind, JobStatus, NewJob } from "../api/types";
import { upload, type Upload, UploadCancelled, type UploadOptions } from "../api/upload";
import { backoff } from "../lib/backoff";

export interface UploadItem extends UploadOptions {
  readonly kind: "upload";
  readonly key: string;
  readonly file: File;
  /** Bytes that have left. */
  readonly sent: number;
  /** `pausing`: the last try failed in a way that passes, and another comes by itself. */
  readonly phase: "waiting" | "sending" | "storing" | "pausing" | "done" | "failed" | "cancelled";
  /** Tries that failed so far since somebody asked for it. */
  readonly failures: number;
  readonly error: ApiError | null;
}

/** What a job that is followed does, in as few words as the list needs. */
export interface Told {
  readonly what: JobKind | BatchAction;
  /** Documents in the selection. */
  readonly count: number;
}

export interface JobItem extends Told {
  readonly kind: "job";
  readonly key: string;
  readonly job: string;
  readonly phase: JobStatus;
  readonly progress: number;
  /** The document that holds the result, once there is one. */
  readonly document: string | null;
  /** Items of a batch that could not be done. */
  readonly failedItems: number;
  readonly error: string | null;
  /** The last question about it got no answer. */
  readonly lost: boolean;
}

export type Transfer = UploadItem | JobItem;

export interface Snapshot {
  /** Newest first. */
  readonly items: readonly Transfer[];
  /** Grows whenever a document has come into being or was changed: the list is then out of date. */
  readonly revision: number;
}

/** What the store needs of the API. */
export interface Api {
  readonly upload: (file: File, options: UploadOptions, onProgress: (sent: number) => void) => Upload;
  readonly startJob: (job: NewJob) => Promise<string>;
  readonly getJob: (id: string) => Promise<Job>;
}

interface Remembered extends Told {
  readonly job: string;
}

const AT_ONCE = 2;
/** An upload is tried again by itself this often: about two minutes, longer than a release takes. */
const TRIES = 8;
const PAUSE_FIRST_MS = 1000;
const PAUSE_LAST_MS = 30_000;
const POLL_FIRST_MS = 400;
const POLL_LAST_MS = 4000;
const STORAGE_KEY = "tdm.jobs";

/** Whether nothing more will happen to it by itself. */
export function isOver(item: Transfer): boolean {
  return !["waiting", "sending", "storing", "pausing", "queued", "running"].includes(item.phase);
}

/**
 * The uploads and jobs of this tab. It lives outside React, so that they go on while pages change;
 * jobs also survive a reload (the service runs them anyway, only their ids are kept).
 */
export class TransferStore {
  private snapshot: Snapshot = { items: [], revision: 0 };
  private readonly listeners = new Set<() => void>();
  private readonly running = new Map<string, Upload>();
  private readonly timers = new Map<string, ReturnType<typeof setTimeout>>();
  private nextKey = 1;

  constructor(
    private readonly api: Api,
    private readonly storage: Pick<Storage, "getItem" | "setItem"> | null,
  ) {}

  readonly subscribe = (listener: () => void): (() => void) => {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  };

  readonly getSnapshot = (): Snapshot => this.snapshot;

  /** Queues the files; two travel at a time. With `document` they become new versions of it. */
  addFiles(files: Iterable<File>, document: string | null = null): void {
    const added: UploadItem[] = Array.from(files, (file) => ({
      kind: "upload",
      key: this.newKey(),
      file,
      document,
      idempotencyKey: crypto.randomUUID(),
      sent: 0,
      phase: "waiting",
      failures: 0,
      error: null,
    }));
    this.set([...added.reverse(), ...this.snapshot.items]);
    this.startWaiting();
  }

  cancelUpload(key: string): void {
    this.clearTimer(key);
    this.patchUpload(key, { phase: "cancelled", error: null });
    this.running.get(key)?.cancel();
  }

  retryUpload(key: string): void {
    this.clearTimer(key);
    this.patchUpload(key, { phase: "waiting", sent: 0, failures: 0, error: null });
    this.startWaiting();
  }

  /** Tries everything again that failed or pauses. */
  retryFailed(): void {
    for (const item of this.snapshot.items) {
      if (item.kind === "upload" && (item.phase === "failed" || item.phase === "pausing")) this.retryUpload(item.key);
    }
  }

  /** The line is back: what pauses goes on now. */
  readonly wake = (): void => {
    for (const item of this.snapshot.items) {
      if (item.kind === "upload" && item.phase === "pausing") this.sendAgain(item.key);
    }
  };

  /** Whether leaving the page would lose something. */
  get uploading(): boolean {
    return this.snapshot.items.some((item) => item.kind === "upload" && !isOver(item));
  }

  /** Throws ApiError when the service does not take the job. */
  async startJob(job: NewJob, told: Told): Promise<void> {
    this.follow({ job: await this.api.startJob(job), ...told });
    this.rememberJobs();
  }

  /** Takes up the jobs that this tab followed before it was loaded again. */
  resume(): void {
    const known = new Set(this.snapshot.items.map((item) => (item.kind === "job" ? item.job : "")));
    for (const job of this.remembered()) {
      if (!known.has(job.job)) this.follow(job);
    }
  }

  dismiss(key: string): void {
    this.set(this.snapshot.items.filter((item) => item.key !== key));
    this.rememberJobs();
  }

  dismissFinished(): void {
    this.set(this.snapshot.items.filter((item) => !isOver(item)));
    this.rememberJobs();
  }

  /** Stops and forgets everything: nobody is logged in any more. */
  clear(): void {
    const uploads = [...this.running.values()];
    for (const timer of this.timers.values()) clearTimeout(timer);
    this.timers.clear();
    this.set([]);
    for (const running of uploads) running.cancel();
    this.rememberJobs();
  }

  private startWaiting(): void {
    // Oldest first: the list is newest first.
    const waiting = this.snapshot.items
      .filter((item): item is UploadItem => item.kind === "upload" && item.phase === "waiting")
      .reverse();
    for (const item of waiting.slice(0, Math.max(0, AT_ONCE - this.running.size))) void this.send(item);
  }

  private async send({ key, file, document, idempotencyKey, failures }: UploadItem): Promise<void> {
    const sending = this.api.upload(file, { document, idempotencyKey }, (sent) => {
      this.patchUpload(key, { sent, phase: sent >= file.size ? "storing" : "sending" });
    });
    this.running.set(key, sending);
    this.patchUpload(key, { phase: "sending" });
    try {
      await sending.done;
      this.patchUpload(key, { sent: file.size, phase: "done", error: null });
      this.set(this.snapshot.items, 1);
    } catch (error) {
      if (!(error instanceof UploadCancelled)) this.failUpload(key, toApiError(error), failures + 1);
    } finally {
      this.running.delete(key);
      this.startWaiting();
    }
  }

  private failUpload(key: string, error: ApiError, failures: number): void {
    if (!isTransient(error) || failures > TRIES) {
      this.patchUpload(key, { phase: "failed", failures, error });
      return;
    }
    this.patchUpload(key, { phase: "pausing", failures, error });
    const again = () => {
      this.sendAgain(key);
    };
    this.timers.set(key, setTimeout(again, backoff(failures, PAUSE_FIRST_MS, PAUSE_LAST_MS)));
  }

  private sendAgain(key: string): void {
    this.clearTimer(key);
    this.patchUpload(key, { phase: "waiting", sent: 0 });
    this.startWaiting();
  }

  private clearTimer(key: string): void {
    clearTimeout(this.timers.get(key));
    this.timers.delete(key);
  }

  private follow({ job, what, count }: Remembered): void {
    const item: JobItem = {
      kind: "job",
      key: this.newKey(),
      job,
      what,
      count,
      phase: "queued",
      progress: 0,
      document: null,
      failedItems: 0,
      error: null,
      lost: false,
    };
    this.set([item, ...this.snapshot.items]);
    this.pollLater(item.key, POLL_FIRST_MS);
  }

  private pollLater(key: string, delay: number): void {
    this.timers.set(
      key,
      setTimeout(() => {
        this.timers.delete(key);
        void this.poll(key, Math.min(delay * 1.4, POLL_LAST_MS));
      }, delay),
    );
  }

  private async poll(key: string, nextDelay: number): Promise<void> {
    const item = this.snapshot.items.find((one) => one.key === key);
    if (item?.kind !== "job") return;
    try {
      const job = await this.api.getJob(item.job);
      this.patchJob(key, {
        phase: job.status,
        progress: job.progress,
        document: job.result?.document ?? null,
        failedItems: job.result?.items?.filter((one) => one.status === "failed").length ?? 0,
        error: job.error,
        lost: false,
      });
      if (job.status === "succeeded") this.set(this.snapshot.items, 1);
      if (job.status === "queued" || job.status === "running") this.pollLater(key, nextDelay);
    } catch (error) {
      const { status, message } = toApiError(error);
      if (status === 404 || status === 403) {
        this.patchJob(key, { phase: "failed", error: message });
      } else {
        // A release or a bad connection: the job itself goes on.
        this.patchJob(key, { lost: true });
        this.pollLater(key, POLL_LAST_MS);
      }
    }
  }

  private patchUpload(key: string, change: Partial<Omit<UploadItem, "kind" | "key">>): void {
    this.set(
      this.snapshot.items.map((item) => (item.key === key && item.kind === "upload" ? { ...item, ...change } : item)),
    );
  }

  private patchJob(key: string, change: Partial<Omit<JobItem, "kind" | "key">>): void {
    this.set(
      this.snapshot.items.map((item) => (item.key === key && item.kind === "job" ? { ...item, ...change } : item)),
    );
  }

  private set(items: readonly Transfer[], newDocuments = 0): void {
    this.snapshot = { items, revision: this.snapshot.revision + newDocuments };
    for (const listener of this.listeners) listener();
  }

  private newKey(): string {
    return `t${this.nextKey++}`;
  }

  private rememberJobs(): void {
    const followed: Remembered[] = this.snapshot.items
      .filter((item) => item.kind === "job")
      .map(({ job, what, count }) => ({ job, what, count }))
      .reverse();
    try {
      this.storage?.setItem(STORAGE_KEY, JSON.stringify(followed));
    } catch {
      // Full or forbidden: the jobs are then forgotten at the next reload.
    }
  }

  private remembered(): readonly Remembered[] {
    try {
      const value: unknown = JSON.parse(this.storage?.getItem(STORAGE_KEY) ?? "[]");
      return Array.isArray(value) ? value.filter(isRemembered) : [];
    } catch {
      return [];
    }
  }
}

function isRemembered(value: unknown): value is Remembered {
  const candidate = value as Partial<Remembered> | null;
  return typeof candidate?.job === "string" && typeof candidate.what === "string" && typeof candidate.count === "number";
}

function tabStorage(): Storage | null {
  try {
    return globalThis.sessionStorage;
  } catch {
    return null; // storage is switched off
  }
}

export const transfers = new TransferStore({ upload, startJob: jobs.startJob, getJob: jobs.getJob }, tabStorage());
