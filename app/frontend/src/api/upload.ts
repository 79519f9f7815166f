import { reportStatus } from "./client";
import { ApiError, parseProblem } from "./problem";
import type { Uploaded } from "./types";

export interface Upload {
  readonly done: Promise<Uploaded>;
  readonly cancel: () => void;
}

export class UploadCancelled extends Error {}

/**
 * Sends one file. `onProgress` gets the bytes of the file that have left, for fetch cannot tell.
 * `done` fails with ApiError or UploadCancelled.
 */
export function upload(file: File, onProgress: (sent: number) => void): Upload {
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
  form.append("file", file, file.name);
  xhr.open("POST", "/api/upload");
  xhr.setRequestHeader("Accept", "application/json");
  xhr.send(form);
  return {
    done,
    cancel: () => {
      xhr.abort();
    },
  };
}
