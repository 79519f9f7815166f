import "./transfers.css";
import type { ReactNode } from "react";
import { downloadPath } from "../api/documents";
import { useI18n } from "../i18n/I18n";
import { formatPercent, formatSize } from "../lib/format";
import { isOver, type JobItem, type Transfer, transfers, type UploadItem } from "../transfers/store";
import { RequestId } from "./ErrorNotice";
import { FileBadge } from "./FileBadge";
import { Icon } from "./Icon";

export function TransferList({ items }: { readonly items: readonly Transfer[] }) {
  const { t } = useI18n();
  return (
    <section className="card transfers" aria-labelledby="transfers-title">
      <header className="card-head">
        <h2 id="transfers-title">{t("transfers.title")}</h2>
        <div className="card-actions">
          {items.filter((item) => item.kind === "upload" && item.phase === "failed").length > 1 && (
            <button
              type="button"
              className="button button-small"
              onClick={() => {
                transfers.retryFailed();
              }}
            >
              <Icon name="retry" />
              {t("transfers.retryAll")}
            </button>
          )}
          {items.some(isOver) && (
            <button
              type="button"
              className="button button-small button-quiet"
              onClick={() => {
                transfers.dismissFinished();
              }}
            >
              {t("transfers.clear")}
            </button>
          )}
        </div>
      </header>
      <ul>
        {items.map((item) => (
          <li key={item.key} data-phase={item.phase}>
            {item.kind === "upload" ? <UploadRow item={item} /> : <JobRow item={item} />}
          </li>
        ))}
      </ul>
    </section>
  );
}

function UploadRow({ item }: { readonly item: UploadItem }) {
  const { t, locale, problem } = useI18n();
  const { name, size } = item.file;
  const status = {
    waiting: t("transfers.upload.waiting"),
    sending: t("transfers.upload.sending", { sent: formatSize(item.sent, locale), size: formatSize(size, locale) }),
    storing: t("transfers.upload.storing"),
    pausing: t("transfers.upload.pausing"),
    done: t("transfers.upload.done"),
    failed: t("transfers.upload.failed"),
    cancelled: t("transfers.upload.cancelled"),
  }[item.phase];
  const reason = item.error === null ? null : problem(item.error);
  return (
    <Row
      badge={<FileBadge name={name} />}
      name={name}
      // Bytes that tick would be read out all the time; the bar tells them to whoever asks.
      status={<span role={item.phase === "sending" ? undefined : "status"}>{status}</span>}
      bar={
        isOver(item) ? null : (
          <progress
            aria-label={t("transfers.upload.progress", { name })}
            max={Math.max(size, 1)}
            {...(item.phase === "storing" ? {} : { value: item.phase === "pausing" ? 0 : item.sent })}
          />
        )
      }
      problem={
        reason !== null &&
        item.error !== null && (
          <>
            <p>{[reason.title, reason.detail].filter(Boolean).join(" · ")}</p>
            <RequestId error={item.error} />
          </>
        )
      }
      action={
        <>
          {(item.phase === "failed" || item.phase === "cancelled" || item.phase === "pausing") && (
            <button
              type="button"
              className="button button-small"
              aria-label={t("transfers.retryNamed", { name })}
              onClick={() => {
                transfers.retryUpload(item.key);
              }}
            >
              <Icon name="retry" />
              {t("transfers.retry")}
            </button>
          )}
          {isOver(item) ? (
            <Dismiss item={item} name={name} />
          ) : (
            <button
              type="button"
              className="button button-small button-quiet"
              aria-label={t("transfers.cancelNamed", { name })}
              onClick={() => {
                transfers.cancelUpload(item.key);
              }}
            >
              {t("transfers.cancel")}
            </button>
          )}
        </>
      }
    />
  );
}

function JobRow({ item }: { readonly item: JobItem }) {
  const { t, count, locale } = useI18n();
  const name = count(`transfers.${item.what}.name`, item.count);
  const percent = formatPercent(item.progress, locale);
  const status = item.lost && !isOver(item) ? t("transfers.job.lost") : t(`transfers.job.${item.phase}`, { percent });
  const problem = item.phase === "failed" ? item.error : null;
  return (
    <Row
      badge={<FileBadge name={item.what === "export" ? ".zip.zip" : ""} />}
      name={name}
      status={<span role={item.phase === "running" ? undefined : "status"}>{status}</span>}
      bar={
        isOver(item) ? null : (
          <progress
            aria-label={t("transfers.job.progress", { name })}
            max={1}
            {...(item.phase === "queued" ? {} : { value: item.progress })}
          />
        )
      }
      problem={
        (problem !== null || item.failedItems > 0) && (
          <p>{problem ?? count("transfers.job.failedItems", item.failedItems)}</p>
        )
      }
      action={
        <>
          {item.document !== null && (
            <a className="button button-small" href={downloadPath(item.document)} download>
              <Icon name="download" />
              {t(item.what === "export" ? "transfers.export.download" : "transfers.job.download")}
            </a>
          )}
          {isOver(item) && <Dismiss item={item} name={name} />}
        </>
      }
    />
  );
}

function Dismiss({ item, name }: { readonly item: Transfer; readonly name: string }) {
  const { t } = useI18n();
  return (
    <button
      type="button"
      className="icon-button"
      aria-label={t("transfers.dismissNamed", { name })}
      title={t("app.dismiss")}
      onClick={() => {
        transfers.dismiss(item.key);
      }}
    >
      <Icon name="close" />
    </button>
  );
}

interface RowProps {
  readonly badge: ReactNode;
  readonly name: string;
  readonly status: ReactNode;
  readonly bar: ReactNode;
  readonly problem: ReactNode;
  readonly action: ReactNode;
}

function Row({ badge, name, status, bar, problem, action }: RowProps) {
  return (
    <div className="transfer">
      {badge}
      <div className="transfer-text">
        <div className="transfer-line">
          <span className="transfer-name" title={name}>
            <bdi>{name}</bdi>
          </span>
          <span className="transfer-status">{status}</span>
        </div>
        {bar}
        {problem !== false && problem !== null && <div className="transfer-problem">{problem}</div>}
      </div>
      <div className="transfer-action">{action}</div>
    </div>
  );
}
