import type { ReactNode } from "react";
import { downloadPath } from "../../api/client";
import { RequestId } from "../../components/ErrorNotice";
import { FileBadge } from "../../components/FileBadge";
import { Icon } from "../../components/Icon";
import { useI18n } from "../../i18n/I18n";
import { formatPercent, formatSize } from "../../lib/format";
import { type ExportItem, isOver, type Transfer, transfers, type UploadItem } from "../../transfers/store";

export function TransferList({ items }: { readonly items: readonly Transfer[] }) {
  const { t } = useI18n();
  return (
    <section className="card transfers" aria-labelledby="transfers-title">
      <header className="card-head">
        <h2 id="transfers-title">{t("transfers.title")}</h2>
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
      </header>
      <ul>
        {items.map((item) => (
          <li key={item.key} data-phase={item.phase}>
            {item.kind === "upload" ? <UploadRow item={item} /> : <ExportRow item={item} />}
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
            {...(item.phase === "storing" ? {} : { value: item.sent })}
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
          {(item.phase === "failed" || item.phase === "cancelled") && (
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

function ExportRow({ item }: { readonly item: ExportItem }) {
  const { t, count, locale } = useI18n();
  const name = count("transfers.export.name", item.count);
  const percent = formatPercent(item.progress, locale);
  const status = item.lost && !isOver(item) ? t("transfers.export.lost") : t(`transfers.export.${item.phase}`, { percent });
  return (
    <Row
      badge={<FileBadge name=".zip.zip" />}
      name={name}
      status={<span role={item.phase === "running" ? undefined : "status"}>{status}</span>}
      bar={
        isOver(item) ? null : (
          <progress
            aria-label={t("transfers.export.progress")}
            max={1}
            {...(item.phase === "queued" ? {} : { value: item.progress })}
          />
        )
      }
      problem={item.error !== null && item.phase === "failed" && <p>{item.error}</p>}
      action={
        <>
          {item.document !== null && (
            <a className="button button-small" href={downloadPath(item.document)} download>
              <Icon name="download" />
              {t("transfers.export.download")}
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
