import "./jobs.css";
import { useState } from "react";
import { cancelJob, retryJob } from "../../api/jobs";
import { type ApiError, toApiError } from "../../api/problem";
import type { Job } from "../../api/types";
import { ErrorNotice } from "../../components/ErrorNotice";
import { Icon } from "../../components/Icon";
import { useI18n } from "../../i18n/I18n";
import { formatPercent } from "../../lib/format";
import { navigate } from "../../lib/router";

interface Props {
  readonly job: Job;
  readonly onChanged: () => void;
}

/** How far one job is, and what can be done about it. */
export function JobProgress({ job, onChanged }: Props) {
  const { t, locale } = useI18n();
  const active = job.status === "queued" || job.status === "running";
  return (
    <section className="card job-progress" data-status={job.status}>
      <div className="job-line">
        <strong role="status">
          {t(`jobs.status.${job.status}`)}
          {job.status === "running" && ` · ${formatPercent(job.progress, locale)}`}
        </strong>
        <JobActions job={job} onChanged={onChanged} />
      </div>
      {active && (
        <progress
          aria-label={t("jobs.progress", { id: job.id.slice(0, 8) })}
          max={1}
          {...(job.status === "queued" ? {} : { value: job.progress })}
        />
      )}
      {job.error !== null && <p className="job-error">{job.error}</p>}
    </section>
  );
}

/** Cancel while it runs, try again when it failed. */
export function JobActions({ job, onChanged }: Props) {
  const { t } = useI18n();
  const [busy, setBusy] = useState(false);
  const [failure, setFailure] = useState<ApiError | null>(null);
  const act = async (work: () => Promise<unknown>) => {
    setBusy(true);
    setFailure(null);
    try {
      await work();
    } catch (error) {
      setFailure(toApiError(error));
    }
    setBusy(false);
    onChanged();
  };
  const active = job.status === "queued" || job.status === "running";
  const over = job.status === "failed" || job.status === "cancelled";
  return (
    <span className="job-actions">
      {failure !== null && <ErrorNotice error={failure} />}
      {active && (
        <button
          type="button"
          className="button button-small"
          aria-label={t("jobs.cancelNamed", { id: job.id.slice(0, 8) })}
          disabled={busy}
          onClick={() => void act(() => cancelJob(job.id))}
        >
          <Icon name="close" />
          {t("jobs.cancel")}
        </button>
      )}
      {over && (
        <button
          type="button"
          className="button button-small"
          aria-label={t("jobs.retryNamed", { id: job.id.slice(0, 8) })}
          disabled={busy}
          onClick={() =>
            void act(async () => {
              const id = await retryJob(job.id);
              if (job.kind === "compare" && window.location.pathname === "/compare") navigate(`/compare?job=${id}`);
            })
          }
        >
          <Icon name="retry" />
          {t("jobs.retry")}
        </button>
      )}
    </span>
  );
}
