import { describe, expect, it } from "vitest";
import { formatMoment, formatPercent, formatSize } from "../src/lib/format";

describe("formatSize", () => {
  it.each([
    [0, "0 bytes"],
    [1, "1 byte"],
    [1023, "1,023 bytes"],
    [1024, "1 kB"],
    [1536, "1.5 kB"],
    [1024 * 1024 - 1, "1 MB"],
    [10 * 1024 * 1024, "10 MB"],
    [104_857_600, "100 MB"],
    [5.25 * 1024 ** 3, "5.3 GB"],
    [-5, "0 bytes"],
  ])("shows %d bytes as %s", (bytes, text) => {
    expect(formatSize(bytes, "en")).toBe(text);
  });

  it("speaks Chinese", () => {
    expect(formatSize(512, "zh-CN")).toBe("512字节");
    expect(formatSize(1.5 * 1024 * 1024, "zh-CN")).toBe("1.5 MB");
  });
});

describe("formatMoment", () => {
  const now = new Date(2026, 10, 23, 18, 0);

  it("shows the time alone today", () => {
    expect(formatMoment(new Date(2026, 10, 23, 9, 5).toISOString(), "en", now)).toBe("09:05");
  });

  it("shows date and time this year", () => {
    expect(formatMoment(new Date(2026, 2, 4, 9, 5).toISOString(), "zh-CN", now)).toBe("3月4日 09:05");
  });

  it("shows the year of another year", () => {
    expect(formatMoment(new Date(2024, 2, 4, 9, 5).toISOString(), "en", now)).toBe("Mar 4, 2024");
  });

  it("leaves alone what is no moment", () => {
    expect(formatMoment("soon", "en", now)).toBe("soon");
  });
});

describe("formatPercent", () => {
  it.each([
    [0, "0%"],
    [0.999, "99%"],
    [1, "100%"],
    [7, "100%"],
    [-1, "0%"],
  ])("shows %d as %s", (share, text) => {
    expect(formatPercent(share, "en")).toBe(text);
  });
});
