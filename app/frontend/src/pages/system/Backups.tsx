import type { SystemState } from "../../api/types";
import { Moment } from "../../components/Moment";
import { useI18n } from "../../i18n/I18n";
import { formatSize } from "../../lib/format";
import { readResult } from "./results";

/** The last backup, and the last time one was restored for a trial. */
export function Backups({ backup, rehearsal }: Pick<SystemState, "backup" | "rehearsal">) {
  const { t } = useI18n();
  return (
    <section className="stack" aria-labelledby="backups-title">
      <h2 id="backups-title">{t("system.backups")}</h2>
      <div className="results">
        <Result title={t("system.backup")} about={t("system.backup.about")} found={backup} />
        <Result title={t("system.rehearsal")} about={t("system.rehearsal.about")} found={rehearsal} />
      </div>
    </section>
  );
}

interface ResultProps {
  readonly title: string;
  readonly about: string;
  readonly found: SystemState["backup"];
}

function Result({ title, about, found }: ResultProps) {
  const { t, count, locale } = useI18n();
  const result = found === null ? null : readResult(found);
  const facts: string[] = [];
  if (result?.files != null) facts.push(count("system.files", result.files));
  if (result?.bytes != null) facts.push(formatSize(result.bytes, locale));
  if (result?.seconds != null) facts.push(t("system.seconds", { n: new Intl.NumberFormat(locale).format(result.seconds) }));
  return (
    <div className="card result">
      <div className="result-head">
        <h3>{title}</h3>
        <span className={result === null ? "tag" : `tag tag-${result.ok ? "ok" : "failed"}`}>
          {t(result === null ? "system.result.none" : result.ok ? "system.result.ok" : "system.result.failed")}
        </span>
      </div>
      <p className="muted">{about}</p>
      {result?.at != null && (
        <p>
          <Moment iso={result.at} />
          {facts.length > 0 && <span className="muted"> · {facts.join(" · ")}</span>}
        </p>
      )}
      {result !== null && !result.ok && (
        <>
          {result.error !== "" && <p className="check-detail">{result.error}</p>}
          {result.next !== "" && <p>{result.next}</p>}
          {result.lastSuccess !== null && (
            <p className="muted">
              {t("system.lastSuccess")} <Moment iso={result.lastSuccess} />
            </p>
          )}
        </>
      )}
    </div>
  );
}
