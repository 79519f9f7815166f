import { describe, expect, it } from "vitest";
import { ApiError, parseProblem, toApiError } from "../src/api/problem";

const problemJson = "application/problem+json";

describe("parseProblem", () => {
  it("reads title, detail and request id of a problem document", () => {
    const body = JSON.stringify({ type: "about:blank", title: "Conflict", status: 409, detail: "It exists.", request_id: "r-1" });
    const error = parseProblem(409, problemJson, body, "r-header");
    expect(error).toMatchObject({ status: 409, title: "Conflict", detail: "It exists.", requestId: "r-1" });
    expect(error.message).toBe("Conflict: It exists.");
  });

  it("knows the service's own kinds of problem, and no others", () => {
    const kind = (type: string) => parseProblem(413, problemJson, JSON.stringify({ type }), null).kind;
    expect(kind("urn:tencent-doc-manager:problem:too-large")).toBe("too-large");
    expect(kind("about:blank")).toBe("");
    expect(kind("urn:other:problem:too-large")).toBe("");
  });

  it("takes the header's request id when the document has none", () => {
    expect(parseProblem(500, "application/json; charset=utf-8", "{}", "r-header").requestId).toBe("r-header");
  });

  it.each([
    ["a proxy's page", "text/html", "<h1>502 Bad Gateway</h1>"],
    ["an empty body", null, ""],
    ["broken JSON", problemJson, '{"title": '],
    ["a JSON value that is no object", problemJson, '"no"'],
    ["null", problemJson, "null"],
    ["members of other types", problemJson, '{"title": 1, "detail": {}, "request_id": []}'],
  ])("keeps the status alone for %s", (_what, contentType, body) => {
    const error = parseProblem(502, contentType, body, null);
    expect(error).toMatchObject({ status: 502, title: "", detail: "", requestId: "" });
    expect(error.message).toBe("HTTP 502");
  });
});

describe("toApiError", () => {
  it("passes an ApiError on", () => {
    const error = new ApiError(404, "Not Found");
    expect(toApiError(error)).toBe(error);
  });

  it("makes anything else an error without an answer", () => {
    expect(toApiError(new TypeError("Failed to fetch")).status).toBe(0);
  });
});
