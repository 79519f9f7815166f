import type { AlertItem } from "../../api/types";
import { Icon } from "../../components/Icon";
import { Moment } from "../../components/Moment";
import { useI18n } from "../../i18n/I18n";
import type { Key } from "../../i18n/translate";
import { toIso } from "./moments";

const SHOWN_PAST = 8;
const known: Readonly<Record<string, Key>> = {
  high_cpu_usage: "alert.high_cpu_usage",
  high_memory_usage: "alert.high_memory_usage",
  high_disk_usage: "alert.high_disk_usage",
  app_health_failure: "alert.app_health_failure",
  slow_response: "alert.slow_response",
  container_unhealthy: "alert.container_unhealthy",
  high_error_rate: "alert.high_error_rate",
};

/** What needs a look now, then what lately did. */
export function Alerts({ alerts }: { readonly alerts: readonly AlertItem[] }) {
  const { t } = useI18n();
  const open = alerts.filter((alert) => alert.until === null);
  const past = alerts.filter((alert) => alert.until !== null).slice(0, SHOWN_PAST);
  return (
    <section className="card" aria-labelledby="alerts-title">
      <header className="card-head">
        <h2 id="alerts-title">{t("system.alerts")}</h2>
        <span className={open.length === 0 ? "tag tag-ok" : "tag tag-failed"}>
          {open.length === 0 ? t("system.alerts.none") : t("system.alerts.open", { n: open.length })}
        </span>
      </header>
      {alerts.length === 0 && <p className="pad muted">{t("system.alerts.about")}</p>}
      <ul className="alerts">
        {[...open, ...past].map((alert) => (
          <Row key={`${alert.type}-${alert.since}-${alert.message}`} alert={alert} />
        ))}
      </ul>
    </section>
  );
}

function Row({ alert }: { readonly alert: AlertItem }) {
  const { t } = useI18n();
  const name = known[alert.type];
  const tone = alert.until !== null ? "" : alert.severity === "critical" ? " tag-critical" : " tag-warning";
  return (
    <li data-open={alert.until === null}>
      <Icon name={alert.until === null ? "alert" : "check"} />
      <div className="alert-text">
        <strong>{name === undefined ? alert.type : t(name)}</strong>
        <p>{alert.message}</p>
        <small className="muted">
          <Moment iso={toIso(alert.since)} />
          {alert.until !== null && (
            <>
              {" – "}
              <Moment iso={toIso(alert.until)} />
            </>
          )}
        </small>
      </div>
      <span className={`tag${tone}`}>
        {alert.until !== null ? t("system.alert.over") : t(alert.severity === "critical" ? "system.alert.critical" : "system.alert.warning")}
      </span>
    </li>
  );
}
