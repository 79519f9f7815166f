import "./jobs.css";
import { useCallback, useState } from "react";
import { withQuery } from "../../api/client";
import { listJobs } from "../../api/jobs";
import { type ApiError, toApiError } from "../../api/problem";
import { type Job, jobKinds, jobStatuses, type Page } from "../../api/types";
import { ErrorNotice } from "../../components/ErrorNotice";
import { CompactSelect } from "../../components/Field";
import { Empty, MoreFoot, PageHead, Skeleton } from "../../components/States";
import { useI18n } from "../../i18n/I18n";
import { navigate, useQuery } from "../../lib/router";
import { usePolling } from "../../lib/usePolling";
import { JobRow } from "./JobRow";

const ACTIVE_MS = 1500;
const QUIET_MS = 12_000;

const isActive = (job: Job) => job.status === "queued" || job.status === "running";
const delay = (page: Page<Job>) => (page.items.some(isActive) ? ACTIVE_MS : QUIET_MS);

/** All jobs as they go on. The newest are asked for again and again; older ones are fetched when somebody wants them. */
export default function JobsPage() {
  const { t, count } = useI18n();
  const query = useQuery();
  const kind = query.get("kind") ?? "";
  const status = query.get("status") ?? "";
  const ask = useCallback(
    (signal: AbortSignal) => listJobs({ kind, status }, null, signal),
    [kind, status],
  );
  const { data, error, lost, refresh } = usePolling(ask, delay);
  const older = useOlder(kind, status);
  const newest = data?.items ?? [];
  const known = new Set(newest.map((job) => job.id));
  const items = [...newest, ...older.items.filter((job) => !known.has(job.id))];
  const next = older.asked ? older.next : (data?.next ?? null);
  const filtered = kind !== "" || status !== "";

  const show = (change: { kind?: string; status?: string }) => {
    navigate(withQuery("/jobs", { kind, status, ...change }), "replace");
  };
  return (
    <div className="stack">
      <PageHead title={t("jobs.title")} lead={t("jobs.lead")}>
        <CompactSelect
          label={t("jobs.kind")}
          value={kind}
          onChange={(event) => {
            show({ kind: event.target.value });
          }}
        >
          <option value="">{t("jobs.kind.all")}</option>
          {jobKinds.map((one) => (
            <option key={one} value={one}>
              {t(`jobs.kind.${one}`)}
            </option>
          ))}
        </CompactSelect>
        <CompactSelect
          label={t("jobs.status")}
          value={status}
          onChange={(event) => {
            show({ status: event.target.value });
          }}
        >
          <option value="">{t("jobs.status.all")}</option>
          {jobStatuses.map((one) => (
            <option key={one} value={one}>
              {t(`jobs.status.${one}`)}
            </option>
          ))}
        </CompactSelect>
      </PageHead>
      {error !== null && (
        <ErrorNotice heading={t(lost ? "jobs.lost" : "jobs.failed")} error={error} onRetry={refresh} />
      )}
      {older.error !== null && <ErrorNotice heading={t("jobs.failed")} error={older.error} />}
      {data === null && error === null && <Skeleton />}
      {data !== null && items.length === 0 && (
        <Empty
          icon="jobs"
          title={t(filtered ? "jobs.none.title" : "jobs.empty.title")}
          text={t(filtered ? "jobs.none.text" : "jobs.empty.text")}
        />
      )}
      {items.length > 0 && (
        <section className="card" aria-label={t("jobs.title")}>
          <ul className="jobs">
            {items.map((job) => (
              <JobRow key={job.id} job={job} onChanged={refresh} />
            ))}
          </ul>
          <MoreFoot
            text={count(next === null ? "jobs.count" : "jobs.shown", items.length)}
            next={next}
            busy={older.busy}
            onMore={() => {
              if (next !== null) older.more(next);
            }}
          />
        </section>
      )}
    </div>
  );
}

interface Older {
  readonly filter: string;
  readonly items: readonly Job[];
  readonly next: string | null;
  readonly asked: boolean;
  readonly busy: boolean;
  readonly error: ApiError | null;
}

const nothing = { items: [], next: null, asked: false, busy: false, error: null };

function useOlder(kind: string, status: string) {
  const filter = `${kind} ${status}`;
  const [state, setState] = useState<Older>({ filter, ...nothing });
  const shown = state.filter === filter ? state : { filter, ...nothing };
  const more = (cursor: string) => {
    setState({ ...shown, busy: true, error: null });
    listJobs({ kind, status }, cursor).then(
      (page) => {
        setState((now) =>
          now.filter === filter
            ? { filter, items: [...now.items, ...page.items], next: page.next, asked: true, busy: false, error: null }
            : now,
        );
      },
      (error: unknown) => {
        setState((now) => (now.filter === filter ? { ...now, busy: false, error: toApiError(error) } : now));
      },
    );
  };
  return { ...shown, more };
}
