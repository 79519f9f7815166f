import { useCallback, useId, useState } from "react";
import { listDocuments } from "../../api/documents";
import type { DocumentItem } from "../../api/types";
import { Dialog } from "../../components/Dialog";
import { ErrorNotice } from "../../components/ErrorNotice";
import { SearchField } from "../../components/Field";
import { FileBadge } from "../../components/FileBadge";
import { Icon } from "../../components/Icon";
import { Marked } from "../../components/Marked";
import { useI18n } from "../../i18n/I18n";
import { formatMoment } from "../../lib/format";
import { useDebounced } from "../../lib/useDebounced";
import { usePages } from "../../lib/usePages";

interface Props {
  readonly label: string;
  readonly chosen: DocumentItem | null;
  readonly onChoose: (id: string) => void;
}

/** Chooses one table from a search. */
export function DocumentPicker({ label, chosen, onChoose }: Props) {
  const { t } = useI18n();
  const [open, setOpen] = useState(false);
  const id = useId();
  return (
    <div className="field">
      <span className="field-label" id={id}>
        {label}
      </span>
      <button
        type="button"
        className="picker"
        aria-describedby={id}
        aria-haspopup="dialog"
        onClick={() => {
          setOpen(true);
        }}
      >
        {chosen !== null && <FileBadge name={chosen.name} />}
        <span className={chosen === null ? "picker-name muted" : "picker-name"}>
          {chosen?.name ?? t("compare.choose")}
        </span>
        <Icon name="search" />
      </button>
      {open && (
        <Dialog
          title={label}
          onClose={() => {
            setOpen(false);
          }}
        >
          <Choices
            onChoose={(document) => {
              setOpen(false);
              onChoose(document);
            }}
          />
        </Dialog>
      )}
    </div>
  );
}

function Choices({ onChoose }: { readonly onChoose: (id: string) => void }) {
  const { t, locale } = useI18n();
  const [typed, setTyped] = useState("");
  const q = useDebounced(typed, 220).trim();
  const fetchPage = useCallback(
    (cursor: string | null, signal: AbortSignal) => listDocuments({ q }, cursor, signal),
    [q],
  );
  const { state, reload, loadMore } = usePages<DocumentItem>(fetchPage);
  const tables = state.items.filter((item) => item.kind === "table");
  return (
    <div className="choices">
      <SearchField label={t("documents.search")} value={typed} onChange={setTyped} />
      {state.error !== null && <ErrorNotice heading={t("documents.failed")} error={state.error} onRetry={reload} />}
      {state.phase === "loading" && <p className="muted">{t("app.loading")}</p>}
      {state.phase === "ready" && state.error === null && tables.length === 0 && (
        <p className="muted">{t("compare.noTables")}</p>
      )}
      <ul>
        {tables.map((item) => (
          <li key={item.id}>
            <button
              type="button"
              className="choice"
              onClick={() => {
                onChoose(item.id);
              }}
            >
              <FileBadge name={item.name} />
              <span className="choice-text">
                <span className="choice-name">
                  <Marked text={item.name} search={q} />
                </span>
                <small className="muted">
                  v{item.version} · {formatMoment(item.updated_at, locale)} · {item.owner}
                </small>
              </span>
            </button>
          </li>
        ))}
      </ul>
      {state.next !== null && (
        <button type="button" className="button button-small" onClick={loadMore}>
          {t("app.more")}
        </button>
      )}
    </div>
  );
}
