import "./system.css";
import { type Check, type CheckName, checkNames } from "../../api/types";
import { ErrorNotice } from "../../components/ErrorNotice";
import { useI18n } from "../../i18n/I18n";
import { HealthBadge } from "../../layout/HealthBadge";
import { useSharedHealth } from "../../layout/HealthContext";
import { formatSize } from "../../lib/format";

export default function SystemPage() {
  const { t } = useI18n();
  const { state, refresh } = useSharedHealth();
  return (
    <div className="system">
      <header className="page-head">
        <div>
          <h1>{t("system.title")}</h1>
          <p className="lead">{t("system.lead")}</p>
        </div>
        <HealthBadge state={state} />
      </header>
      {state.phase === "failed" && <ErrorNotice heading={t("system.failed")} error={state.error} onRetry={refresh} />}
      {state.phase === "checking" && (
        <div className="loading" aria-hidden="true">
          <span className="spinner" />
        </div>
      )}
      {state.phase === "known" && (
        <section className="card" aria-label={t("system.checks")}>
          <ul className="checks">
            {checkNames.map((name) => (
              <CheckRow key={name} name={name} check={state.health.checks[name]} />
            ))}
          </ul>
          {state.health.release !== undefined && (
            <footer className="card-foot">{t("system.release", { release: state.health.release })}</footer>
          )}
        </section>
      )}
    </div>
  );
}

function CheckRow({ name, check }: { readonly name: CheckName; readonly check: Check | undefined }) {
  const { t, count, locale } = useI18n();
  const status = check?.status ?? "missing";
  const facts: string[] = [];
  if (check?.free_mb != null) facts.push(t("system.free", { size: formatSize(check.free_mb * 1024 * 1024, locale) }));
  if (check?.workers != null) facts.push(count("system.workers", check.workers));
  if (check?.waiting != null) facts.push(count("system.waiting", check.waiting));
  if (check?.latency_ms != null) {
    const ms = new Intl.NumberFormat(locale, { maximumFractionDigits: 1 }).format(check.latency_ms);
    facts.push(t("system.latency", { ms }));
  }
  return (
    <li>
      <span className={`dot dot-${status === "missing" ? "unknown" : status}`} aria-hidden="true" />
      <div className="check-text">
        <strong>{t(`system.${name}`)}</strong>
        <small>{t(`system.${name}.about`)}</small>
        {check?.detail != null && check.detail !== "" && <p className="check-detail">{check.detail}</p>}
      </div>
      <span className="check-facts">{facts.join(" · ")}</span>
      <span className={`tag tag-${status}`}>{t(`system.check.${status}`)}</span>
    </li>
  );
}
