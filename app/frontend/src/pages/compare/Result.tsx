import { useCallback } from "react";
import { downloadPath } from "../../api/documents";
import { getComparison, getJob } from "../../api/jobs";
import type { Job } from "../../api/types";
import { ErrorNotice } from "../../components/ErrorNotice";
import { Icon } from "../../components/Icon";
import { Loading } from "../../components/States";
import { BLOCK } from "../../grid/useBlocks";
import { useI18n } from "../../i18n/I18n";
import { Link } from "../../lib/router";
import { usePolling, useResource } from "../../lib/usePolling";
import { JobProgress } from "../jobs/JobProgress";
import { ComparisonView } from "./ComparisonView";
import { comparedBy, sides } from "./describe";
import { useNames } from "./useNames";

const POLL_MS = 900;
const whileActive = (job: Job) => (job.status === "queued" || job.status === "running" ? POLL_MS : null);

/** A comparison from its start to its result. */
export function Result({ job: id }: { readonly job: string }) {
  const { t } = useI18n();
  const ask = useCallback((signal: AbortSignal) => getJob(id, signal), [id]);
  const { data: job, error, lost, refresh } = usePolling(ask, whileActive);
  const names = useNames(job === null ? "" : comparedBy(job).documents.join(","));
  const [left, right] = job === null ? ["", ""] : sides(comparedBy(job), names);
  return (
    <div className="stack">
      <Link to="/compare" className="back-link">
        <Icon name="back" />
        {t("compare.new")}
      </Link>
      <header className="page-head">
        <div>
          <h1>{t("compare.result")}</h1>
          <p className="lead compare-lead">
            {left !== "" && (
              <>
                <span className="side side-left">{left}</span> <span aria-hidden="true">→</span>{" "}
                <span className="side side-right">{right}</span>
              </>
            )}
          </p>
        </div>
        {typeof job?.result?.document === "string" && (
          <div className="page-actions">
            <a className="button" href={downloadPath(job.result.document)} download>
              <Icon name="download" />
              {t("compare.download")}
            </a>
          </div>
        )}
      </header>
      {error !== null && <ErrorNotice heading={t(lost ? "jobs.lost" : "jobs.failed")} error={error} onRetry={refresh} />}
      {job === null && error === null && <Loading />}
      {job !== null && job.status !== "succeeded" && <JobProgress job={job} onChanged={refresh} />}
      {job?.status === "succeeded" && <Shown id={id} left={left} right={right} />}
    </div>
  );
}

interface ShownProps {
  readonly id: string;
  readonly left: string;
  readonly right: string;
}

function Shown({ id, left, right }: ShownProps) {
  const { t } = useI18n();
  const ask = useCallback(
    (signal: AbortSignal) => getComparison(id, { offset: 0, limit: BLOCK, only: "changes" }, signal),
    [id],
  );
  const { data, error, refresh } = useResource(ask);
  if (error !== null) return <ErrorNotice heading={t("compare.resultFailed")} error={error} onRetry={refresh} />;
  if (data === null) return <Loading />;
  return <ComparisonView id={id} start={data} left={left} right={right} />;
}
