import "./system.css";
import { lazy, Suspense, useCallback, useState } from "react";
import { getSystem } from "../../api/admin";
import type { SystemState } from "../../api/types";
import { ErrorNotice, Notice } from "../../components/ErrorNotice";
import { Segments } from "../../components/Segments";
import { Loading } from "../../components/States";
import { useI18n } from "../../i18n/I18n";
import { HealthBadge } from "../../layout/HealthBadge";
import { useSharedHealth } from "../../layout/HealthContext";
import { formatExactMoment } from "../../lib/format";
import { usePolling } from "../../lib/usePolling";
import { useMe } from "../../session/Session";
import { Alerts } from "./Alerts";
import { Backups } from "./Backups";
import { Checks } from "./Checks";
import { Tasks } from "./Tasks";

// The charts' library travels only to those who see charts.
const Charts = lazy(() => import("./Charts"));
const EVERY_MS = 60_000;
const spans = ["1", "6", "24", "168"] as const;
const again = () => EVERY_MS;

export default function SystemPage() {
  const { t } = useI18n();
  const { state, refresh } = useSharedHealth();
  const admin = useMe().role === "admin";
  return (
    <div className="stack">
      <header className="page-head">
        <div>
          <h1>{t("system.title")}</h1>
          <p className="lead">{t("system.lead")}</p>
        </div>
        <HealthBadge state={state} />
      </header>
      {state.phase === "failed" && <ErrorNotice heading={t("system.failed")} error={state.error} onRetry={refresh} />}
      {state.phase === "checking" && <Loading />}
      {state.phase === "known" && <Checks health={state.health} />}
      {admin && <Monitored />}
    </div>
  );
}

/** What monitoring stored, for administrators. */
function Monitored() {
  const { t } = useI18n();
  const [hours, setHours] = useState<(typeof spans)[number]>("24");
  const [last, setLast] = useState<SystemState | null>(null);
  const ask = useCallback((signal: AbortSignal) => getSystem(Number(hours), signal), [hours]);
  const { data, error, lost, refresh } = usePolling(ask, again);
  // The charts of the span before stay until the new ones are there.
  if (data !== null && data !== last) setLast(data);
  return (
    <>
      {error !== null && <ErrorNotice heading={t(lost ? "system.lost" : "system.stateFailed")} error={error} onRetry={refresh} />}
      {last === null && error === null && <Loading />}
      {last !== null && (
        <>
          {last.monitor.silent && <Silent last={last.monitor.last_sample} />}
          <Alerts alerts={last.alerts} />
          <section className="stack" aria-labelledby="charts-title">
            <div className="section-head">
              <h2 id="charts-title">{t("system.charts")}</h2>
              <Segments
                label={t("system.span")}
                value={hours}
                options={spans.map((value) => ({ value, label: t(`system.span.${value}`) }))}
                onChange={setHours}
              />
            </div>
            <Suspense fallback={<Loading />}>
              <Charts series={last.series} />
            </Suspense>
          </section>
          <Backups backup={last.backup} rehearsal={last.rehearsal} />
          <Tasks tasks={last.tasks} />
        </>
      )}
    </>
  );
}

function Silent({ last }: { readonly last: number | null }) {
  const { t, locale } = useI18n();
  return (
    <Notice kind="error">
      <strong>{t("system.silent")}</strong>
      <p>
        {last === null
          ? t("system.silent.never")
          : t("system.silent.since", { at: formatExactMoment(new Date(last * 1000).toISOString(), locale) })}
      </p>
    </Notice>
  );
}
