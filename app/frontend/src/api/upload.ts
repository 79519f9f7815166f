import { reportStatus } from "./client";
import { ApiError, parseProblem } from "./problem";
import type { Uploaded } from "./types";

export interface Upload {
  readonly done: Promise<Uploaded>;
  readonly cancel: () => void;
}

export interface UploadOptions {
  /** The document that gets a new version; without it a new document comes into being. */
  readonly document: string | null;
  /** The same for every try, so that an upload whose answer was lost is not stored twice. */
  readonly idempotencyKey: string;
}

export class UploadCancelled extends Error {}

/**
 * Sends one file. `onProgress` gets the bytes of the file that have left, for fetch cannot tell.
 * `done` fails with ApiError or UploadCancelled.
 */
export function upload(file: File, { document, idempotencyKey }: UploadOptions, onProgress: (sent: number) => void): Upload {
  const xhr = new XMLHttpRequest();
  const done = new Promise<Uploaded>((resolve, reject) => {
    xhr.upload.onprogress = (event) => {
      // The multipart envelope adds some bytes; the file's own size is what people see.
      onProgress(event.total > 0 ? Math.min(1, event.loaded / event.total) * file.size : 0);
    };
    xhr.onload = () => {
      if (xhr.status === 201) {
        resolve(JSON.parse(xhr.responseText) as Uploaded);
        return;
      }
      reportStatus(xhr.status);
      const header = (name: string) => xhr.getResponseHeader(name);
      reject(parseProblem(xhr.status, header("Content-Type"), xhr.responseText, header("X-Request-ID")));
    };
    xhr.onerror = () => {
      reject(new ApiError(0));
    };
    xhr.onabort = () => {
      reject(new UploadCancelled());
    };
  });
  const form = new FormData();
  // Before the file: the service reads the form as it arrives.
  if (document !== null) form.append("document", document);
  form.append("file", file, file.name);
  xhr.open("POST", "/api/upload");
  xhr.setRequestHeader("Accept", "application/json");
  xhr.setRequestHeader("Idempotency-Key", idempotencyKey);
  xhr.send(form);
  return {
    done,
    cancel: () => {
      xhr.abort();
    },
  };
}
