import { useCallback } from "react";
import { downloadPath, listVersions } from "../../api/documents";
import type { DocumentItem, Version } from "../../api/types";
import { ErrorNotice } from "../../components/ErrorNotice";
import { Icon } from "../../components/Icon";
import { Moment } from "../../components/Moment";
import { useI18n } from "../../i18n/I18n";
import { formatSize } from "../../lib/format";
import { Link } from "../../lib/router";
import { usePages } from "../../lib/usePages";

interface Props {
  readonly item: DocumentItem;
  /** The version that is previewed. */
  readonly shown: number;
  readonly revision: number;
}

/** What the document was before: to look at, to download, to compare. */
export function Versions({ item, shown, revision }: Props) {
  const { t, locale } = useI18n();
  const fetchPage = useCallback(
    async (cursor: string | null, signal: AbortSignal) => {
      const page = await listVersions(item.id, cursor, signal);
      return { ...page, items: page.items.map((version) => ({ ...version, id: version.number })) };
    },
    [item.id],
  );
  const { state, reload, loadMore } = usePages<Version & { id: number }>(fetchPage, `${revision}-${item.version}`);
  return (
    <section className="card versions" aria-labelledby="versions-title">
      <header className="card-head">
        <h2 id="versions-title">{t("versions.title")}</h2>
      </header>
      {state.error !== null && <ErrorNotice heading={t("versions.failed")} error={state.error} onRetry={reload} />}
      {state.phase === "loading" && <p className="pad muted">{t("app.loading")}</p>}
      <ol>
        {state.items.map((version) => (
          <li key={version.number} aria-current={version.number === shown ? "true" : undefined}>
            <div className="version-line">
              <strong>{t("document.version", { n: version.number })}</strong>
              {version.number === item.version && <span className="tag tag-ok">{t("versions.current")}</span>}
            </div>
            <p className="muted">
              <Moment iso={version.created_at} /> · {version.author} · {formatSize(version.size, locale)}
            </p>
            <div className="version-actions">
              {version.number !== shown && item.kind === "table" && (
                <Link
                  to={version.number === item.version ? `/documents/${item.id}` : `/documents/${item.id}?version=${version.number}`}
                  className="text-button"
                  aria-label={t("versions.viewNamed", { n: version.number })}
                >
                  <Icon name="eye" />
                  {t("versions.view")}
                </Link>
              )}
              <a
                className="text-button"
                href={downloadPath(item.id, version.number)}
                download
                aria-label={t("versions.downloadNamed", { n: version.number })}
              >
                <Icon name="download" />
                {t("documents.download")}
              </a>
              {version.number > 1 && item.kind === "table" && (
                <Link
                  to={`/compare?left=${item.id}&from=${version.number - 1}&to=${version.number}`}
                  className="text-button"
                  aria-label={t("versions.compareNamed", { n: version.number, before: version.number - 1 })}
                >
                  <Icon name="compare" />
                  {t("versions.compare")}
                </Link>
              )}
            </div>
          </li>
        ))}
      </ol>
      {state.next !== null && (
        <footer className="card-foot">
          <button type="button" className="button button-small" disabled={state.phase === "more"} onClick={loadMore}>
            {t("app.more")}
          </button>
        </footer>
      )}
    </section>
  );
}
