/** Milliseconds before try number `attempt` (from 1): doubling, bounded, spread by `random` so that tabs do not march in step. */
export function backoff(attempt: number, firstMs: number, lastMs: number, random: () => number = Math.random): number {
  const full = Math.min(lastMs, firstMs * 2 ** Math.min(attempt - 1, 30));
  return Math.round(full * (0.75 + random() * 0.25));
}
