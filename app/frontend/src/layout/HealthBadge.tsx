import { useI18n } from "../i18n/I18n";
import type { Key } from "../i18n/translate";
import type { HealthState } from "../lib/useHealth";

type Tone = "ok" | "degraded" | "failed" | "unknown" | "checking";

const labels: Readonly<Record<Tone, Key>> = {
  ok: "health.ok",
  degraded: "health.degraded",
  failed: "health.failed",
  unknown: "health.unknown",
  checking: "health.checking",
};

export function HealthBadge({ state }: { readonly state: HealthState }) {
  const { t } = useI18n();
  const tone: Tone = state.phase === "known" ? state.health.status : state.phase === "failed" ? "unknown" : "checking";
  return (
    <span className="health" data-health={tone}>
      <span className={`dot dot-${tone}`} aria-hidden="true" />
      {t(labels[tone])}
    </span>
  );
}
