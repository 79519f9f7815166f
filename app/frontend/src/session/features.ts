import { useEffect, useState } from "react";
import { getFeatures } from "../api/admin";
import type { Features } from "../api/types";

let known: Features | null = null;
let asked: Promise<Features> | null = null;

/** What this deployment can do; null until that is known. */
export function useFeatures(): Features | null {
  const [features, setFeatures] = useState(known);
  useEffect(() => {
    if (known !== null) return;
    let current = true;
    asked ??= getFeatures();
    asked.then(
      (found) => {
        known = found;
        if (current) setFeatures(found);
      },
      () => {
        asked = null; // the next page asks again
      },
    );
    return () => {
      current = false;
    };
  }, []);
  return features;
}
