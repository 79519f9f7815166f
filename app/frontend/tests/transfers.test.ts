import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { ApiError } from "../src/api/problem";
import type { Job } from "../src/api/types";
import { UploadCancelled, type UploadOptions } from "../src/api/upload";
import { type Api, type JobItem, TransferStore, type UploadItem } from "../src/transfers/store";

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

const stored = { id: "d", name: "a.csv", size: 1, sha256: "", version: 1 };
const job: Job = {
  id: "j", kind: "export", status: "succeeded", progress: 1, result: { document: "z" }, error: null,
  created_at: "", started_at: null, finished_at: null,
};

/** A store whose uploads end as `outcomes` say in turn (null: not at all), and what it was asked. */
function storeWith(outcomes: (typeof stored | ApiError | null)[], rest: Partial<Api> = {}, storage: Storage | null = null) {
  const sent: UploadOptions[] = [];
  const store = new TransferStore(
    {
      upload: (_file, options) => {
        sent.push(options);
        const outcome = outcomes.shift();
        let cancel: () => void = () => undefined;
        const done = new Promise<typeof stored>((resolve, reject) => {
          cancel = () => {
            reject(new UploadCancelled());
          };
          if (outcome instanceof ApiError) reject(outcome);
          else if (outcome != null) resolve(outcome);
        });
        return { done, cancel };
      },
      startJob: () => Promise.resolve("j"),
      getJob: () => Promise.resolve(job),
      ...rest,
    },
    storage,
  );
  const upload = (index = 0) => store.getSnapshot().items[index] as UploadItem;
  return { store, sent, upload };
}

const file = (name = "a.csv") => new File(["a"], name);

it("tries an upload again by itself after a break of the line, with the same key", async () => {
  const { store, sent, upload } = storeWith([new ApiError(0), new ApiError(503), stored]);
  store.addFiles([file()]);
  await vi.advanceTimersByTimeAsync(1);
  expect(upload()).toMatchObject({ phase: "pausing", error: { status: 0 } });
  await vi.advanceTimersByTimeAsync(10_000);
  expect(upload()).toMatchObject({ phase: "done", error: null });
  expect(new Set(sent.map((one) => one.idempotencyKey)).size).toBe(1);
  expect(sent).toHaveLength(3);
  expect(store.getSnapshot().revision).toBe(1);
});

it("goes on at once when the line is back", async () => {
  const { store, sent, upload } = storeWith([new ApiError(0), stored]);
  store.addFiles([file()]);
  await vi.advanceTimersByTimeAsync(1);
  store.wake();
  await vi.advanceTimersByTimeAsync(1);
  expect(upload().phase).toBe("done");
  await vi.advanceTimersByTimeAsync(60_000);
  expect(sent).toHaveLength(2);
});

it("does not try again what the service refused", async () => {
  const { store, sent, upload } = storeWith([new ApiError(422, "Unprocessable", "the file is empty"), stored]);
  store.addFiles([file()]);
  await vi.advanceTimersByTimeAsync(60_000);
  expect(upload()).toMatchObject({ phase: "failed", error: { detail: "the file is empty" } });
  expect(sent).toHaveLength(1);
  store.retryFailed();
  await vi.advanceTimersByTimeAsync(1);
  expect(upload().phase).toBe("done");
});

it("gives up after some minutes of silence, and says so", async () => {
  const { store, upload } = storeWith(Array.from({ length: 20 }, () => new ApiError(502)));
  store.addFiles([file()]);
  await vi.advanceTimersByTimeAsync(10 * 60_000);
  expect(upload()).toMatchObject({ phase: "failed", error: { status: 502 } });
});

it("sends two files at a time, and a new version to its document", async () => {
  const { store, sent } = storeWith([null, null, null]);
  store.addFiles([file("1"), file("2"), file("3")], "d");
  await vi.advanceTimersByTimeAsync(1);
  expect(sent.map((one) => one.document)).toEqual(["d", "d"]);
  expect(new Set(sent.map((one) => one.idempotencyKey)).size).toBe(2);
  expect(store.uploading).toBe(true);
});

it("stays cancelled, also between two tries", async () => {
  const { store, sent, upload } = storeWith([new ApiError(0), stored]);
  store.addFiles([file()]);
  await vi.advanceTimersByTimeAsync(1);
  store.cancelUpload(upload().key);
  await vi.advanceTimersByTimeAsync(60_000);
  expect(upload().phase).toBe("cancelled");
  expect(sent).toHaveLength(1);
  expect(store.uploading).toBe(false);
});

it("follows a job through answers that do not come, and counts what could not be done", async () => {
  const items = [{ document: "a", status: "failed", error: "gone" }, { document: "b", status: "done", error: null }] as const;
  const answers: (Job | ApiError)[] = [
    { ...job, status: "running", progress: 0.5, result: null }, new ApiError(503), new ApiError(0),
    { ...job, kind: "batch", result: { document: null, items } },
  ];
  const { store } = storeWith([], {
    getJob: () => {
      const answer = answers.shift() ?? job;
      return answer instanceof ApiError ? Promise.reject(answer) : Promise.resolve(answer);
    },
  });
  const followed = () => store.getSnapshot().items[0] as JobItem;
  await store.startJob({ kind: "batch", action: "trash", documents: ["a", "b"] }, { what: "trash", count: 2 });
  await vi.advanceTimersByTimeAsync(2000);
  expect(followed()).toMatchObject({ phase: "running", progress: 0.5, lost: true });
  await vi.advanceTimersByTimeAsync(20_000);
  expect(followed()).toMatchObject({ phase: "succeeded", failedItems: 1, lost: false, what: "trash" });
  expect(store.getSnapshot().revision).toBe(1);
});
