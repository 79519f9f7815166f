import { useCallback } from "react";
import { listJobs } from "../../api/jobs";
import type { Job } from "../../api/types";
import { ErrorNotice } from "../../components/ErrorNotice";
import { Icon } from "../../components/Icon";
import { Moment } from "../../components/Moment";
import { useI18n } from "../../i18n/I18n";
import { Link } from "../../lib/router";
import { useResource } from "../../lib/usePolling";
import { comparedBy, sides } from "./describe";
import { useNames } from "./useNames";

const SHOWN = 8;

/** Comparisons made before. */
export function Recent() {
  const { t } = useI18n();
  const ask = useCallback((signal: AbortSignal) => listJobs({ kind: "compare" }, null, signal), []);
  const { data, error, refresh } = useResource(ask);
  const jobs = (data?.items ?? []).slice(0, SHOWN);
  const names = useNames([...new Set(jobs.flatMap((job) => comparedBy(job).documents))].join(","));
  if (error !== null) return <ErrorNotice heading={t("jobs.failed")} error={error} onRetry={refresh} />;
  if (jobs.length === 0) return null;
  return (
    <section className="card" aria-labelledby="recent-title">
      <header className="card-head">
        <h2 id="recent-title">{t("compare.recent")}</h2>
      </header>
      <ul className="recent">
        {jobs.map((job) => (
          <RecentRow key={job.id} job={job} names={names} />
        ))}
      </ul>
    </section>
  );
}

function RecentRow({ job, names }: { readonly job: Job; readonly names: Readonly<Record<string, string>> }) {
  const { t } = useI18n();
  const [left, right] = sides(comparedBy(job), names);
  return (
    <li>
      <Icon name="compare" />
      <Link to={`/compare?job=${job.id}`} className="recent-name">
        {left} → {right}
      </Link>
      <span className={`tag tag-${job.status}`}>{t(`jobs.status.${job.status}`)}</span>
      <span className="muted wide">
        <Moment iso={job.created_at} />
      </span>
    </li>
  );
}
