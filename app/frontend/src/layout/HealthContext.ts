import { createContext, use } from "react";
import type { useHealth } from "../lib/useHealth";

type Value = ReturnType<typeof useHealth>;

/** One question about health serves the badge and the system page. */
export const HealthContext = createContext<Value | null>(null);

export function useSharedHealth(): Value {
  const value = use(HealthContext);
  if (value === null) throw new Error("useSharedHealth outside the shell");
  return value;
}
