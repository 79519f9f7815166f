import { useCallback, useEffect, useMemo, useRef, useState } from "react";
import { downloadPath, getPreview } from "../../api/documents";
import type { Cell, DocumentItem, Preview } from "../../api/types";
import { ErrorNotice } from "../../components/ErrorNotice";
import { Icon } from "../../components/Icon";
import { Empty, Loading } from "../../components/States";
import { cellText } from "../../grid/cellText";
import { BLOCK, useBlocks } from "../../grid/useBlocks";
import { type GridHandle, VirtualGrid } from "../../grid/VirtualGrid";
import { columnName, fittingWidths } from "../../grid/window";
import { useI18n } from "../../i18n/I18n";
import { useResource } from "../../lib/usePolling";

interface Props {
  readonly item: DocumentItem;
  readonly version: number | undefined;
  readonly wantedSheet: string | null;
  /** Row to show, counted from 1. */
  readonly wantedRow: number | null;
}

/** A table's sheets as grids; of other files, what they are. */
export function PreviewPane({ item, version, wantedSheet, wantedRow }: Props) {
  const { t } = useI18n();
  if (item.kind !== "table") {
    return (
      <section className="card preview" aria-label={t("preview.title")}>
        <Empty icon="documents" title={t("preview.none.title")} text={t("preview.none.text")}>
          <a className="button" href={downloadPath(item.id, version)} download={item.name}>
            <Icon name="download" />
            {t("documents.download")}
          </a>
        </Empty>
      </section>
    );
  }
  return <TablePreview item={item} version={version} wantedSheet={wantedSheet} wantedRow={wantedRow} />;
}

function TablePreview({ item, version, wantedSheet, wantedRow }: Props) {
  const { t } = useI18n();
  const [chosen, setChosen] = useState<number | null>(null);
  const ask = useCallback(
    (signal: AbortSignal) => getPreview(item.id, { version, sheet: 0, offset: 0, limit: BLOCK }, signal),
    [item.id, version],
  );
  const { data, error, lost, refresh } = useResource(ask);
  if (error !== null && data === null && !lost) {
    return (
      <section className="preview" aria-label={t("preview.title")}>
        <ErrorNotice heading={t("preview.failed")} error={error} onRetry={refresh} />
      </section>
    );
  }
  if (data === null) return <section className="card preview" aria-label={t("preview.title")}><Loading /></section>;
  const named = data.sheets.findIndex((sheet) => sheet.name === wantedSheet);
  const index = chosen ?? Math.max(0, named);
  return (
    <section className="card preview" aria-label={t("preview.title")}>
      <Sheet
        key={index}
        item={item}
        version={version}
        index={index}
        start={data}
        wantedRow={chosen === null ? wantedRow : null}
      />
      {data.sheets.length > 1 && (
        <div className="sheet-tabs" role="group" aria-label={t("preview.sheets")}>
          {data.sheets.map((sheet, at) => (
            <button
              key={sheet.name}
              type="button"
              className="sheet-tab"
              aria-pressed={at === index}
              onClick={() => {
                setChosen(at);
              }}
            >
              <bdi>{sheet.name}</bdi>
            </button>
          ))}
        </div>
      )}
    </section>
  );
}

interface SheetProps {
  readonly item: DocumentItem;
  readonly version: number | undefined;
  readonly index: number;
  readonly start: Preview;
  readonly wantedRow: number | null;
}

function Sheet({ item, version, index, start, wantedRow }: SheetProps) {
  const { t, count, locale } = useI18n();
  const grid = useRef<GridHandle>(null);
  const [found, setFound] = useState(wantedRow);
  const about = start.sheets[index];
  const [first, setFirst] = useState<readonly (readonly Cell[])[] | null>(index === start.sheet ? start.rows : null);
  const [size, setSize] = useState({
    rows: index === start.sheet ? start.total_rows : (about?.rows ?? 0),
    columns: index === start.sheet ? start.columns : (about?.columns ?? 0),
  });

  const load = useCallback(
    async (offset: number, limit: number, signal: AbortSignal) => {
      if (offset === 0 && limit === BLOCK && index === start.sheet) return { rows: start.rows, total: start.total_rows };
      const preview = await getPreview(item.id, { version, sheet: index, offset, limit }, signal);
      if (offset === 0) {
        setFirst(preview.rows);
        setSize({ rows: preview.total_rows, columns: preview.columns });
      }
      return { rows: preview.rows, total: preview.total_rows };
    },
    [item.id, version, index, start],
  );
  const { row, need, error } = useBlocks<readonly Cell[]>(load);

  const columns = useMemo(() => {
    const texts = (first ?? []).map((cells) => cells.map((cell) => cellText(cell, locale)));
    return fittingWidths(size.columns, texts).map((width, column) => ({ name: columnName(column), width }));
  }, [first, size.columns, locale]);

  useEffect(() => {
    if (found !== null) grid.current?.show(found - 1);
  }, [found]);

  if (size.rows === 0) return <Empty icon="table" title={t("preview.empty.title")} text={t("preview.empty.text")} />;
  return (
    <>
      <header className="card-head preview-head">
        <span className="muted">
          {count("preview.rows", size.rows)} · {count("preview.columns", size.columns)}
        </span>
        {size.rows > 40 && (
          <form
            className="go-to"
            onSubmit={(event) => {
              event.preventDefault();
              const wanted = Number(new FormData(event.currentTarget).get("row"));
              if (wanted >= 1) setFound(Math.min(wanted, size.rows));
              grid.current?.show(Math.min(wanted, size.rows) - 1);
            }}
          >
            <input name="row" type="number" min="1" max={size.rows} aria-label={t("preview.goTo")} placeholder={t("preview.goTo")} required />
            <button type="submit" className="button button-small">
              {t("preview.go")}
            </button>
          </form>
        )}
      </header>
      {error !== null && <ErrorNotice heading={t("preview.failed")} error={error} />}
      <VirtualGrid
        ref={grid}
        label={t("preview.grid", { name: item.name, sheet: about?.name ?? "" })}
        rowCount={size.rows}
        columns={columns}
        rowName={(at) => String(at + 1)}
        cells={(at) => row(at)?.map((cell) => cellText(cell, locale))}
        rowClass={(at) => (at + 1 === found ? "grid-found" : at === 0 ? "grid-strong" : undefined)}
        cellClass={(at, column) => (typeof row(at)?.[column] === "number" ? "grid-number" : undefined)}
        onNeed={need}
      />
    </>
  );
}
