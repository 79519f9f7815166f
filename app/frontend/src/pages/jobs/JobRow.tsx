import { downloadPath } from "../../api/documents";
import { type BatchAction, batchActions, type Job, jobKinds } from "../../api/types";
import { Icon, type IconName } from "../../components/Icon";
import { Moment } from "../../components/Moment";
import { useI18n } from "../../i18n/I18n";
import type { Key } from "../../i18n/translate";
import { formatDuration, formatPercent } from "../../lib/format";
import { Link } from "../../lib/router";
import { useMe } from "../../session/Session";
import { JobActions } from "./JobProgress";

const icons: Readonly<Record<string, IconName>> = {
  export: "archive",
  compare: "compare",
  batch: "documents",
  summarise: "spark",
  fetch: "link",
};

interface Props {
  readonly job: Job;
  readonly onChanged: () => void;
}

export function JobRow({ job, onChanged }: Props) {
  const { t, count, locale } = useI18n();
  const me = useMe();
  const kind = jobKinds.find((one) => one === job.kind);
  const title: Key | null = kind === undefined ? null : `jobs.kind.${kind}`;
  const action = job.parameters?.["action"];
  const documents = job.parameters?.["documents"];
  const url = job.parameters?.["url"];
  const active = job.status === "queued" || job.status === "running";
  const failed = job.result?.items?.filter((item) => item.status === "failed") ?? [];
  const facts: string[] = [];
  if (isBatchAction(action)) facts.push(t(`jobs.action.${action}`));
  if (Array.isArray(documents)) facts.push(count("jobs.documents", documents.length));
  if (typeof url === "string") facts.push(url);
  if (job.owner != null && job.owner !== me.username) facts.push(job.owner);
  if ((job.attempt ?? 1) > 1) facts.push(t("jobs.attempt", { n: job.attempt ?? 1 }));
  const took = job.started_at !== null && job.finished_at !== null ? formatDuration(job.started_at, job.finished_at, locale) : "";
  if (took !== "") facts.push(took);
  return (
    <li className="job" data-status={job.status}>
      <span className="job-icon" aria-hidden="true">
        <Icon name={icons[job.kind] ?? "jobs"} />
      </span>
      <div className="job-text">
        <div className="job-line">
          <strong>{title === null ? job.kind : t(title)}</strong>
          <span className={`tag tag-${job.status}`}>
            {t(`jobs.status.${job.status}`)}
            {job.status === "running" && ` ${formatPercent(job.progress, locale)}`}
          </span>
        </div>
        <p className="job-facts">
          <Moment iso={job.created_at} />
          {facts.map((fact) => (
            <span key={fact}> · {fact}</span>
          ))}
        </p>
        {active && (
          <progress
            aria-label={t("jobs.progress", { id: job.id.slice(0, 8) })}
            max={1}
            {...(job.status === "queued" ? {} : { value: job.progress })}
          />
        )}
        {job.error !== null && job.status === "failed" && <p className="job-error">{job.error}</p>}
        {failed.length > 0 && (
          <details className="job-items">
            <summary>{count("transfers.job.failedItems", failed.length)}</summary>
            <ul>
              {failed.map((item) => (
                <li key={item.document}>
                  <Link to={`/documents/${item.document}`}>{item.document.slice(0, 8)}</Link> {item.error}
                </li>
              ))}
            </ul>
          </details>
        )}
        {typeof job.result?.text === "string" && job.result.text !== "" && (
          <details className="job-items">
            <summary>{t("jobs.text")}</summary>
            <p className="job-summary">{job.result.text}</p>
          </details>
        )}
      </div>
      <div className="job-side">
        {job.kind === "compare" && job.status === "succeeded" && (
          <Link to={`/compare?job=${job.id}`} className="button button-small">
            <Icon name="eye" />
            {t("jobs.result")}
          </Link>
        )}
        {typeof job.result?.document === "string" && (
          <>
            {job.kind !== "compare" && (
              <Link to={`/documents/${job.result.document}`} className="button button-small">
                <Icon name="eye" />
                {t("jobs.result")}
              </Link>
            )}
            <a
              className="icon-button"
              href={downloadPath(job.result.document)}
              download
              aria-label={t("jobs.downloadNamed", { id: job.id.slice(0, 8) })}
              title={t("documents.download")}
            >
              <Icon name="download" />
            </a>
          </>
        )}
        <JobActions job={job} onChanged={onChanged} />
      </div>
    </li>
  );
}

function isBatchAction(value: unknown): value is BatchAction {
  return batchActions.some((one) => one === value);
}
