import { type SubmitEvent, useCallback, useState } from "react";
import { getDocument, getPreview, listVersions } from "../../api/documents";
import { startJob } from "../../api/jobs";
import { type ApiError, toApiError } from "../../api/problem";
import type { DocumentItem, Preview, Version } from "../../api/types";
import { ErrorNotice } from "../../components/ErrorNotice";
import { Select } from "../../components/Field";
import { reader } from "../../components/FormDialog";
import { Icon } from "../../components/Icon";
import { Segments } from "../../components/Segments";
import { cellText } from "../../grid/cellText";
import { columnName } from "../../grid/window";
import { useI18n } from "../../i18n/I18n";
import { formatMoment } from "../../lib/format";
import { navigate } from "../../lib/router";
import { useResource } from "../../lib/usePolling";
import { DocumentPicker } from "./DocumentPicker";

interface Props {
  readonly left: string | null;
  readonly right: string | null;
  readonly from: number | null;
  readonly to: number | null;
}

/** What is compared with what, and how rows find each other. */
export function CompareForm({ left, right, from, to }: Props) {
  const { t } = useI18n();
  const [mode, setMode] = useState<"versions" | "documents">(right === null ? "versions" : "documents");
  const [leftId, setLeftId] = useState(left);
  const [rightId, setRightId] = useState(right);
  const [busy, setBusy] = useState(false);
  const [failure, setFailure] = useState<ApiError | null>(null);
  const one = useDocument(leftId);
  const other = useDocument(mode === "documents" ? rightId : null);
  const ready = one !== null && (mode === "versions" ? one.item.version > 1 : other !== null && rightId !== leftId);

  const submit = async (form: HTMLFormElement) => {
    if (one === null) return;
    const value = reader(form);
    setBusy(true);
    setFailure(null);
    try {
      const id = await startJob({
        kind: "compare",
        documents: mode === "versions" || other === null ? [one.item.id] : [one.item.id, other.item.id],
        versions: mode === "versions" ? [Number(value("from")), Number(value("to"))] : null,
        key: value("key") || null,
        sheet: value("sheet") || null,
      });
      navigate(`/compare?job=${id}`);
    } catch (error) {
      setFailure(toApiError(error));
      setBusy(false);
    }
  };

  return (
    <form
      className="card compare-form"
      onSubmit={(event: SubmitEvent<HTMLFormElement>) => {
        event.preventDefault();
        void submit(event.currentTarget);
      }}
    >
      <Segments
        label={t("compare.what")}
        value={mode}
        options={[
          { value: "versions", label: t("compare.versions") },
          { value: "documents", label: t("compare.documents") },
        ]}
        onChange={setMode}
      />
      {failure !== null && <ErrorNotice heading={t("compare.failed")} error={failure} />}
      <div className="compare-sides">
        <DocumentPicker
          label={t(mode === "versions" ? "compare.document" : "compare.left")}
          chosen={one?.item ?? null}
          onChoose={setLeftId}
        />
        {mode === "documents" && (
          <DocumentPicker label={t("compare.right")} chosen={other?.item ?? null} onChoose={setRightId} />
        )}
        {mode === "versions" && one !== null && one.item.version > 1 && (
          <VersionSelects key={one.item.id} item={one.item} versions={one.versions} from={from} to={to} />
        )}
      </div>
      {mode === "versions" && one?.item.version === 1 && <p className="muted">{t("compare.oneVersion")}</p>}
      {mode === "documents" && rightId !== null && rightId === leftId && <p className="muted">{t("compare.same")}</p>}
      {ready && <Details key={one.item.id} preview={one.preview} />}
      <div>
        <button type="submit" className="button button-primary" disabled={!ready || busy}>
          {busy ? <span className="spinner spinner-small" aria-hidden="true" /> : <Icon name="compare" />}
          {t("compare.start")}
        </button>
      </div>
    </form>
  );
}

interface Known {
  readonly item: DocumentItem;
  readonly versions: readonly Version[];
  readonly preview: Preview | null;
}

function useDocument(id: string | null): Known | null {
  const ask = useCallback(
    async (signal: AbortSignal): Promise<Known | null> => {
      if (id === null) return null;
      const [item, versions, preview] = await Promise.all([
        getDocument(id, signal),
        listVersions(id, null, signal),
        // Without it the form offers less; the comparison itself says what is wrong with the table.
        getPreview(id, { sheet: 0, offset: 0, limit: 1 }, signal).catch(() => null),
      ]);
      return { item, versions: versions.items, preview };
    },
    [id],
  );
  return useResource(ask).data;
}

interface VersionSelectsProps {
  readonly item: DocumentItem;
  readonly versions: readonly Version[];
  readonly from: number | null;
  readonly to: number | null;
}

function VersionSelects({ item, versions, from, to }: VersionSelectsProps) {
  const { t, locale } = useI18n();
  const options = versions.map((version) => (
    <option key={version.number} value={version.number}>
      {t("document.version", { n: version.number })} · {formatMoment(version.created_at, locale)} · {version.author}
    </option>
  ));
  return (
    <>
      <Select label={t("compare.from")} name="from" defaultValue={from ?? item.version - 1}>
        {options}
      </Select>
      <Select label={t("compare.to")} name="to" defaultValue={to ?? item.version}>
        {options}
      </Select>
    </>
  );
}

function Details({ preview }: { readonly preview: Preview | null }) {
  const { t, locale } = useI18n();
  const header = preview?.rows[0] ?? [];
  const names = [...new Set(header.map((cell, index) => cellText(cell, locale).trim() || columnName(index)))];
  const sheets = preview?.sheets ?? [];
  return (
    <div className="compare-sides">
      <Select label={t("compare.key")} name="key" defaultValue="">
        <option value="">{t("compare.byPosition")}</option>
        {names.map((name) => (
          <option key={name} value={name}>
            {name}
          </option>
        ))}
      </Select>
      {sheets.length > 1 && (
        <Select label={t("compare.sheet")} name="sheet" defaultValue={sheets[0]?.name ?? ""}>
          {sheets.map((sheet) => (
            <option key={sheet.name} value={sheet.name}>
              {sheet.name}
            </option>
          ))}
        </Select>
      )}
    </div>
  );
}
