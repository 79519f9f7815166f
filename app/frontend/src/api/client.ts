import { ApiError, parseProblem } from "./problem";
import type { Me } from "./types";

type Listener = () => void;

const AGAIN_MS = 600;

const expiryListeners = new Set<Listener>();

/** Calls `listener` whenever the service says that nobody is logged in any more. Returns how to stop that. */
export function onSessionEnd(listener: Listener): () => void {
  expiryListeners.add(listener);
  return () => expiryListeners.delete(listener);
}

/** For answers that did not come through `request`. */
export function reportStatus(status: number): void {
  if (status === 401) {
    for (const listener of expiryListeners) listener();
  }
}

interface Options {
  readonly method?: "GET" | "POST" | "PATCH" | "DELETE";
  readonly body?: unknown;
  readonly signal?: AbortSignal | undefined;
  /** Statuses other than 2xx whose body is an answer and no error. */
  readonly accept?: readonly number[];
  /** A 401 here means "wrong password", not "the session is over". */
  readonly anonymous?: boolean;
}

/** The JSON answer, or undefined for an empty one. Throws ApiError; an abort is thrown as it is. */
export async function request(path: string, options: Options = {}): Promise<unknown> {
  const headers: Record<string, string> = { Accept: "application/json" };
  const init: RequestInit = {
    method: options.method ?? "GET",
    headers,
    credentials: "same-origin",
    cache: "no-store",
  };
  if (options.body !== undefined) {
    init.body = JSON.stringify(options.body);
    headers["Content-Type"] = "application/json";
  }
  if (options.signal) init.signal = options.signal;

  const { response, text } = await exchange(path, init);
  const requestId = response.headers.get("X-Request-ID");
  if (!response.ok && !options.accept?.includes(response.status)) {
    if (options.anonymous !== true) reportStatus(response.status);
    throw parseProblem(response.status, response.headers.get("Content-Type"), text, requestId);
  }
  if (text === "") return undefined;
  try {
    return JSON.parse(text) as unknown;
  } catch {
    // Not our service: a proxy or a captive portal answered.
    throw new ApiError(response.status, "", "", requestId ?? "");
  }
}

/** Sends it; what only reads is sent once more when the line breaks, as it does between two networks. */
async function exchange(path: string, init: RequestInit): Promise<{ response: Response; text: string }> {
  for (let triesLeft = init.method === "GET" ? 1 : 0; ; triesLeft -= 1) {
    try {
      const response = await fetch(path, init);
      return { response, text: await response.text() };
    } catch (error) {
      if (error instanceof DOMException && error.name === "AbortError") throw error;
      if (triesLeft === 0) throw new ApiError(0);
      await new Promise((resolve) => setTimeout(resolve, AGAIN_MS));
    }
  }
}

export async function login(username: string, password: string): Promise<void> {
  await request("/api/login", { method: "POST", body: { username, password }, anonymous: true });
}

export async function logout(): Promise<void> {
  await request("/api/logout", { method: "POST", anonymous: true });
}

/** Who is logged in; null when nobody is. */
export async function me(): Promise<Me | null> {
  try {
    return (await request("/api/me", { anonymous: true })) as Me;
  } catch (error) {
    if (error instanceof ApiError && error.status === 401) return null;
    throw error;
  }
}

export async function changePassword(current: string, next: string): Promise<void> {
  await request("/api/me/password", { method: "POST", body: { current, new: next }, anonymous: true });
}

/** `path` with those of `values` that say something as its query. */
export function withQuery(path: string, values: Readonly<Record<string, string | number | boolean | null | undefined>>): string {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(values)) {
    if (value !== undefined && value !== null && value !== "" && value !== false) query.set(name, String(value));
  }
  const text = query.toString();
  return text === "" ? path : `${path}?${text}`;
}
