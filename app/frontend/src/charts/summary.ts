/** The last value there is; null when there is none. */
export function latestOf(values: readonly (number | null)[]): number | null {
  return values.findLast((value) => value !== null) ?? null;
}

/** The lowest and the highest of what is there; null when nothing is. */
export function summary(values: readonly (number | null)[]): { readonly low: number; readonly high: number } | null {
  let low = Infinity;
  let high = -Infinity;
  for (const value of values) {
    if (value === null) continue;
    low = Math.min(low, value);
    high = Math.max(high, value);
  }
  return low === Infinity ? null : { low, high };
}
