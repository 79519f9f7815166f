import "./documents.css";
import { type ReactNode, useCallback, useEffect, useRef, useState, useSyncExternalStore } from "react";
import { type ApiError, toApiError } from "../../api/problem";
import { ErrorNotice } from "../../components/ErrorNotice";
import { Icon } from "../../components/Icon";
import { useI18n } from "../../i18n/I18n";
import { useMe } from "../../session/Session";
import { transfers } from "../../transfers/store";
import { DocumentTable } from "./DocumentTable";
import { SelectionBar } from "./SelectionBar";
import { TransferList } from "./TransferList";
import { useDocuments } from "./useDocuments";
import { useFileDrop } from "./useFileDrop";

const none: ReadonlySet<string> = new Set();

export default function DocumentsPage() {
  const { t, count } = useI18n();
  const mayUpload = useMe().role !== "viewer";
  const { items: running, revision } = useSyncExternalStore(transfers.subscribe, transfers.getSnapshot);
  const { state, reload, loadMore } = useDocuments(revision);
  const [selected, setSelected] = useState(none);
  const [exportError, setExportError] = useState<ApiError | null>(null);
  const input = useRef<HTMLInputElement>(null);

  const addFiles = useCallback((files: File[]) => {
    transfers.addFiles(files);
  }, []);
  const hovering = useFileDrop(mayUpload, addFiles);

  useEffect(() => {
    transfers.resume();
  }, []);

  const exportSelected = async () => {
    setExportError(null);
    try {
      // In the order of the list, whatever the order of the clicks.
      await transfers.startExport(state.items.map((item) => item.id).filter((id) => selected.has(id)));
      setSelected(none);
      // What was started is told at the top of the page.
      window.scrollTo({ top: 0 });
    } catch (error) {
      setExportError(toApiError(error));
    }
  };

  const choose = () => input.current?.click();
  const empty = state.phase === "ready" && state.error === null && state.items.length === 0;
  const uploadButton = (
    <button type="button" className="button button-primary" onClick={choose}>
      <Icon name="upload" />
      {t("documents.upload")}
    </button>
  );

  return (
    <div className="documents">
      <header className="page-head">
        <div>
          <h1>{t("documents.title")}</h1>
          <p className="lead">{t("documents.lead")}</p>
        </div>
        {mayUpload && (
          <div className="page-actions">
            {!empty && (
              <>
                <span className="drop-hint">{t("documents.dropHint")}</span>
                {uploadButton}
              </>
            )}
            <input
              ref={input}
              type="file"
              multiple
              hidden
              aria-label={t("documents.upload")}
              onChange={(event) => {
                addFiles(Array.from(event.target.files ?? []));
                event.target.value = ""; // the same file may be chosen again
              }}
            />
          </div>
        )}
      </header>

      {running.length > 0 && <TransferList items={running} />}
      {exportError !== null && (
        <ErrorNotice
          heading={t("selection.failed")}
          error={exportError}
          onDismiss={() => {
            setExportError(null);
          }}
        />
      )}
      {state.error !== null && <ErrorNotice heading={t("documents.failed")} error={state.error} onRetry={reload} />}

      {state.phase === "loading" && <Skeleton label={t("app.loading")} />}
      {empty && (
        <Empty title={t("documents.empty.title")} text={t(mayUpload ? "documents.empty.text" : "documents.empty.viewer")}>
          {mayUpload && uploadButton}
        </Empty>
      )}
      {state.items.length > 0 && (
        <section className="card" aria-label={t("documents.title")}>
          <DocumentTable items={state.items} selected={selected} onSelect={setSelected} />
          <footer className="card-foot">
            <span>{count(state.next === null ? "documents.count" : "documents.shown", state.items.length)}</span>
            {state.next !== null && (
              <button type="button" className="button button-small" disabled={state.phase === "more"} onClick={loadMore}>
                {t(state.phase === "more" ? "app.loading" : "documents.more")}
              </button>
            )}
          </footer>
        </section>
      )}

      {selected.size > 0 && (
        <SelectionBar
          size={selected.size}
          onExport={exportSelected}
          onClear={() => {
            setSelected(none);
          }}
        />
      )}
      {hovering && (
        <div className="drop-veil" aria-hidden="true">
          <div>
            <Icon name="upload" />
            {t("documents.drop")}
          </div>
        </div>
      )}
    </div>
  );
}

interface EmptyProps {
  readonly title: string;
  readonly text: string;
  readonly children: ReactNode;
}

function Empty({ title, text, children }: EmptyProps) {
  return (
    <section className="empty empty-drop">
      <span className="empty-picture" aria-hidden="true">
        <Icon name="documents" />
      </span>
      <h2>{title}</h2>
      <p>{text}</p>
      {children}
    </section>
  );
}

function Skeleton({ label }: { readonly label: string }) {
  return (
    <div className="card skeleton" role="status">
      <span className="visually-hidden">{label}</span>
      {[72, 48, 60, 40, 66].map((width) => (
        <div key={width} className="skeleton-row" aria-hidden="true">
          <span />
          <span className={`skeleton-line skeleton-${width}`} />
        </div>
      ))}
    </div>
  );
}
