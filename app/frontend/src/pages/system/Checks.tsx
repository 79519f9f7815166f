import { type Check, type CheckName, checkNames, type Health } from "../../api/types";
import { useI18n } from "../../i18n/I18n";
import { formatSize } from "../../lib/format";

/** What the service depends on, as its health says. */
export function Checks({ health }: { readonly health: Health }) {
  const { t } = useI18n();
  return (
    <section className="card" aria-label={t("system.checks")}>
      <ul className="checks">
        {checkNames.map((name) => (
          <CheckRow key={name} name={name} check={health.checks[name]} />
        ))}
      </ul>
      {health.release !== undefined && <footer className="card-foot">{t("system.release", { release: health.release })}</footer>}
    </section>
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
