import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { ApiError } from "../src/api/problem";
import { backoff } from "../src/lib/backoff";
import { Poller } from "../src/lib/poller";

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

/** A poller whose questions are answered by `answers` in turn, and what it told. */
function polled(answers: (number | ApiError)[], delay: (value: number) => number | null = () => 100) {
  const told: (number | string)[] = [];
  const asked: number[] = [];
  const poller = new Poller<number>({
    ask: () => {
      asked.push(Date.now());
      const answer = answers.shift() ?? new ApiError(404);
      return answer instanceof ApiError ? Promise.reject(answer) : Promise.resolve(answer);
    },
    onAnswer: (value) => told.push(value),
    onError: (error, transient) => told.push(`${error.status}${transient ? " again" : ""}`),
    delay,
  });
  return { poller, told, asked };
}

it("asks until the answer says that it is over", async () => {
  const { poller, told } = polled([1, 2, 3, 4], (value) => (value < 3 ? 100 : null));
  poller.askNow();
  await vi.advanceTimersByTimeAsync(10_000);
  expect(told).toEqual([1, 2, 3]);
});

it("lives through a release: no answer, 502, 503, and then it goes on as before", async () => {
  const { poller, told, asked } = polled([1, new ApiError(0), new ApiError(502), new ApiError(503), 2], (value) => (value < 2 ? 100 : null));
  poller.askNow();
  await vi.advanceTimersByTimeAsync(60_000);
  expect(told).toEqual([1, "0 again", "502 again", "503 again", 2]);
  const pauses = asked.slice(1).map((at, index) => at - (asked[index] ?? 0));
  expect(pauses[1]).toBeGreaterThanOrEqual(750);
  expect(pauses[2]).toBeGreaterThan(pauses[1] ?? 0);
  expect(pauses[3]).toBeGreaterThan(pauses[2] ?? 0);
});

it("stops at an error that asking again does not mend", async () => {
  const { poller, told } = polled([new ApiError(404), 1]);
  poller.askNow();
  await vi.advanceTimersByTimeAsync(60_000);
  expect(told).toEqual(["404"]);
});

it("tells nothing any more once it has ended", async () => {
  const { poller, told } = polled([1, 2]);
  poller.askNow();
  poller.end();
  await vi.advanceTimersByTimeAsync(60_000);
  expect(told).toEqual([]);
});

it.each([
  [1, 1000],
  [2, 2000],
  [4, 8000],
  [5, 15_000],
  [1000, 15_000],
])("waits at most %i: %i ms, at least three quarters of it", (attempt, most) => {
  expect(backoff(attempt, 1000, 15_000, () => 1)).toBe(most);
  expect(backoff(attempt, 1000, 15_000, () => 0)).toBe(most * 0.75);
});
