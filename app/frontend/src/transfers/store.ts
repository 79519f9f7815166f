import * as client from "../api/client";
import { ApiError, toApiError } from "../api/problem";
import type { Job, JobStatus } from "../api/types";
import { upload, type Upload, UploadCancelled } from "../api/upload";

export interface UploadItem {
  readonly kind: "upload";
  readonly key: string;
  readonly file: File;
  /** Bytes that have left. */
  readonly sent: number;
  readonly phase: "waiting" | "sending" | "storing" | "done" | "failed" | "cancelled";
  readonly error: ApiError | null;
}

export interface ExportItem {
  readonly kind: "export";
  readonly key: string;
  readonly job: string;
  /** Documents in the selection. */
  readonly count: number;
  readonly phase: JobStatus;
  readonly progress: number;
  /** The document that holds the zip, once there is one. */
  readonly document: string | null;
  readonly error: string | null;
  /** The last question about it got no answer. */
  readonly lost: boolean;
}

export type Transfer = UploadItem | ExportItem;

export interface Snapshot {
  /** Newest first. */
  readonly items: readonly Transfer[];
  /** Grows whenever a document has come into being: the list is then out of date. */
  readonly revision: number;
}

/** What the store needs of the API. */
export interface Api {
  readonly upload: (file: File, onProgress: (sent: number) => void) => Upload;
  readonly startExport: (documents: readonly string[]) => Promise<string>;
  readonly getJob: (id: string) => Promise<Job>;
}

interface Remembered {
  readonly job: string;
  readonly count: number;
}

const AT_ONCE = 2;
const POLL_FIRST_MS = 400;
const POLL_LAST_MS = 4000;
const STORAGE_KEY = "tdm.exports";

/** Whether nothing more will happen to it by itself. */
export function isOver(item: Transfer): boolean {
  return !["waiting", "sending", "storing", "queued", "running"].includes(item.phase);
}

/**
 * The uploads and exports of this tab. It lives outside React, so that they go on while pages change;
 * exports also survive a reload (the service runs them anyway, only their ids are kept).
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

  /** Queues the files; two travel at a time. */
  addFiles(files: Iterable<File>): void {
    const added: UploadItem[] = Array.from(files, (file) => ({
      kind: "upload",
      key: this.newKey(),
      file,
      sent: 0,
      phase: "waiting",
      error: null,
    }));
    this.set([...added.reverse(), ...this.snapshot.items]);
    this.startWaiting();
  }

  cancelUpload(key: string): void {
    this.patchUpload(key, { phase: "cancelled" });
    this.running.get(key)?.cancel();
  }

  retryUpload(key: string): void {
    this.patchUpload(key, { phase: "waiting", sent: 0, error: null });
    this.startWaiting();
  }

  /** Throws ApiError when the service does not take the job. */
  async startExport(documents: readonly string[]): Promise<void> {
    this.follow({ job: await this.api.startExport(documents), count: documents.length });
    this.rememberExports();
  }

  /** Takes up the exports that this tab followed before it was loaded again. */
  resume(): void {
    const known = new Set(this.snapshot.items.map((item) => (item.kind === "export" ? item.job : "")));
    for (const export_ of this.remembered()) {
      if (!known.has(export_.job)) this.follow(export_);
    }
  }

  dismiss(key: string): void {
    this.set(this.snapshot.items.filter((item) => item.key !== key));
    this.rememberExports();
  }

  dismissFinished(): void {
    this.set(this.snapshot.items.filter((item) => !isOver(item)));
    this.rememberExports();
  }

  /** Stops and forgets everything: nobody is logged in any more. */
  clear(): void {
    const uploads = [...this.running.values()];
    for (const timer of this.timers.values()) clearTimeout(timer);
    this.timers.clear();
    this.set([]);
    for (const running of uploads) running.cancel();
    this.rememberExports();
  }

  private startWaiting(): void {
    // Oldest first: the list is newest first.
    const waiting = this.snapshot.items
      .filter((item): item is UploadItem => item.kind === "upload" && item.phase === "waiting")
      .reverse();
    for (const item of waiting.slice(0, Math.max(0, AT_ONCE - this.running.size))) void this.send(item);
  }

  private async send({ key, file }: UploadItem): Promise<void> {
    const sending = this.api.upload(file, (sent) => {
      this.patchUpload(key, { sent, phase: sent >= file.size ? "storing" : "sending" });
    });
    this.running.set(key, sending);
    this.patchUpload(key, { phase: "sending" });
    try {
      await sending.done;
      this.patchUpload(key, { sent: file.size, phase: "done" });
      this.set(this.snapshot.items, 1);
    } catch (error) {
      if (!(error instanceof UploadCancelled)) {
        this.patchUpload(key, { phase: "failed", error: toApiError(error) });
      }
    } finally {
      this.running.delete(key);
      this.startWaiting();
    }
  }

  private follow({ job, count }: Remembered): void {
    const item: ExportItem = {
      kind: "export",
      key: this.newKey(),
      job,
      count,
      phase: "queued",
      progress: 0,
      document: null,
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
    if (item?.kind !== "export") return;
    try {
      const job = await this.api.getJob(item.job);
      this.patchExport(key, {
        phase: job.status,
        progress: job.progress,
        document: job.result?.document ?? null,
        error: job.error,
        lost: false,
      });
      if (job.status === "succeeded") this.set(this.snapshot.items, 1);
      if (job.status === "queued" || job.status === "running") this.pollLater(key, nextDelay);
    } catch (error) {
      const { status, message } = toApiError(error);
      if (status === 404 || status === 403) {
        this.patchExport(key, { phase: "failed", error: message });
      } else {
        // A release or a bad connection: the job itself goes on.
        this.patchExport(key, { lost: true });
        this.pollLater(key, POLL_LAST_MS);
      }
    }
  }

  private patchUpload(key: string, change: Partial<Omit<UploadItem, "kind" | "key">>): void {
    this.set(
      this.snapshot.items.map((item) => (item.key === key && item.kind === "upload" ? { ...item, ...change } : item)),
    );
  }

  private patchExport(key: string, change: Partial<Omit<ExportItem, "kind" | "key">>): void {
    this.set(
      this.snapshot.items.map((item) => (item.key === key && item.kind === "export" ? { ...item, ...change } : item)),
    );
  }

  private set(items: readonly Transfer[], newDocuments = 0): void {
    this.snapshot = { items, revision: this.snapshot.revision + newDocuments };
    for (const listener of this.listeners) listener();
  }

  private newKey(): string {
    return `t${this.nextKey++}`;
  }

  private rememberExports(): void {
    const exports: Remembered[] = this.snapshot.items
      .filter((item) => item.kind === "export")
      .map(({ job, count }) => ({ job, count }))
      .reverse();
    try {
      this.storage?.setItem(STORAGE_KEY, JSON.stringify(exports));
    } catch {
      // Full or forbidden: the exports are then forgotten at the next reload.
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
  return typeof candidate?.job === "string" && typeof candidate.count === "number";
}

function tabStorage(): Storage | null {
  try {
    return globalThis.sessionStorage;
  } catch {
    return null; // storage is switched off
  }
}

export const transfers = new TransferStore(
  { upload, startExport: client.startExport, getJob: client.getJob },
  tabStorage(),
);
