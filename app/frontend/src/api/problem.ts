/** What went wrong with a request, from an RFC 9457 problem document or from what came instead of one. */
export class ApiError extends Error {
  /** HTTP status; 0 when no answer came at all. */
  readonly status: number;
  /** The problem's title, or "" when the answer carried none. */
  readonly title: string;
  readonly detail: string;
  /** What the service's log calls this request, or "" when it never got there. */
  readonly requestId: string;
  /** The service's short name for the problem, such as "too-large"; "" when it has none. */
  readonly kind: string;

  constructor(status: number, title = "", detail = "", requestId = "", kind = "") {
    super([title || `HTTP ${status}`, detail].filter(Boolean).join(": "));
    this.name = "ApiError";
    this.status = status;
    this.title = title;
    this.detail = detail;
    this.requestId = requestId;
    this.kind = kind;
  }
}

/** Reads the error out of an answer: `body` may be a problem document, an HTML page or nothing. */
export function parseProblem(status: number, contentType: string | null, body: string, requestId: string | null): ApiError {
  const problem = isJson(contentType) ? parseObject(body) : {};
  return new ApiError(
    status,
    text(problem["title"]),
    text(problem["detail"]),
    text(problem["request_id"]) || (requestId ?? ""),
    /^urn:tencent-doc-manager:problem:([a-z-]+)$/.exec(text(problem["type"]))?.[1],
  );
}

/** Any thrown value as an ApiError; what is not one counts as "no answer". */
export function toApiError(error: unknown): ApiError {
  return error instanceof ApiError ? error : new ApiError(0);
}

/** Whether the same request may well succeed a little later: no answer, a release, a busy service, too many requests. */
export function isTransient(error: ApiError): boolean {
  return [0, 429, 502, 503, 504].includes(error.status);
}

function isJson(contentType: string | null): boolean {
  return /^application\/([\w.-]+\+)?json\b/i.test(contentType ?? "");
}

function parseObject(body: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(body);
    return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : {};
  } catch {
    return {};
  }
}

function text(value: unknown): string {
  return typeof value === "string" ? value : "";
}
