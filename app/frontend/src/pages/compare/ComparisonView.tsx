import { useCallback, useEffect, useMemo, useRef, useState } from "react";
import { getComparison } from "../../api/jobs";
import type { ComparedRow, Comparison } from "../../api/types";
import { ErrorNotice } from "../../components/ErrorNotice";
import { Icon } from "../../components/Icon";
import { Segments } from "../../components/Segments";
import { Empty } from "../../components/States";
import { cellText } from "../../grid/cellText";
import { findPlace } from "../../grid/findPlace";
import { BLOCK, useBlocks } from "../../grid/useBlocks";
import { type GridHandle, VirtualGrid } from "../../grid/VirtualGrid";
import { fittingWidths } from "../../grid/window";
import { useI18n } from "../../i18n/I18n";
import { isTyping } from "../../lib/isTyping";

interface Props {
  readonly id: string;
  readonly start: Comparison;
  readonly left: string;
  readonly right: string;
}

type Only = "changes" | "all";
type Layout = "side" | "one";

/** The rows of two tables beside each other, or in one with what was and what is; `n` and `p` walk the changes. */
export function ComparisonView({ id, start, left, right }: Props) {
  const { t, locale } = useI18n();
  const { counts } = start;
  const changeCount = counts.added + counts.removed + counts.changed;
  const [only, setOnly] = useState<Only>("changes");
  const [layout, setLayout] = useState<Layout>(() => (window.matchMedia("(width < 56rem)").matches ? "one" : "side"));
  const [current, setCurrent] = useState<{ change: number; row: number | null }>({ change: -1, row: null });
  const leftGrid = useRef<GridHandle>(null);
  const rightGrid = useRef<GridHandle>(null);
  const changes = useRows(id, "changes", start);
  const all = useRows(id, "all", start);
  const { row, need, error } = only === "changes" ? changes : all;
  const total = only === "changes" ? changeCount : changeCount + counts.unchanged;

  const columns = useMemo(() => {
    const texts = start.rows.flatMap((one) => [
      one.cells.map((cell) => cellText(cell.left, locale)),
      one.cells.map((cell) => cellText(cell.right, locale)),
    ]);
    const widths = fittingWidths(start.columns.length, [start.columns, ...texts]);
    return start.columns.map((name, index) => ({ name, width: widths[index] ?? 96 }));
  }, [start, locale]);

  const jump = async (step: 1 | -1, mode: Only = only) => {
    const change = Math.min(Math.max(0, current.change + step), changeCount - 1);
    const wanted = await changes.fetchRow(change).catch(() => undefined);
    if (wanted === undefined) return;
    const index =
      mode === "changes" ? change : await findPlace(wanted, changeCount + counts.unchanged, all.fetchRow).catch(() => null);
    if (index === null) return;
    setCurrent({ change, row: index });
    const column = wanted.cells.findIndex((cell) => cell.changed);
    for (const grid of [leftGrid, rightGrid]) grid.current?.show(index, column < 0 ? undefined : column);
  };
  const latestJump = useRef(jump);
  useEffect(() => {
    latestJump.current = jump;
  });
  useEffect(() => {
    const walk = (event: KeyboardEvent) => {
      if (event.ctrlKey || event.metaKey || event.altKey || isTyping(event.target)) return;
      if (event.key === "n" || event.key === "p") {
        event.preventDefault();
        void latestJump.current(event.key === "n" ? 1 : -1);
      }
    };
    window.addEventListener("keydown", walk);
    return () => {
      window.removeEventListener("keydown", walk);
    };
  }, []);

  const change = (next: Only) => {
    setOnly(next);
    // Another list: the same row stands elsewhere in it.
    setCurrent((now) => ({ ...now, row: null }));
  };

  const rowClass = (index: number) => {
    const kind = row(index)?.kind ?? "same";
    return `diff-${kind}${index === current.row ? " diff-current" : ""}`;
  };
  const cellClass = (index: number, column: number) => {
    const cell = row(index)?.cells[column];
    const number = typeof (cell?.right ?? cell?.left) === "number" ? "grid-number" : "";
    return cell?.changed === true ? `diff-cell ${number}` : number;
  };
  const side = (which: "left" | "right") => (index: number) => {
    const found = row(index);
    if (found === undefined) return undefined;
    return found[which] === null ? [] : found.cells.map((cell) => cellText(cell[which], locale));
  };
  const rowNumber = (which: "left" | "right") => (index: number) => String(row(index)?.[which] ?? "");
  const both = (index: number) =>
    row(index)?.cells.map((cell) =>
      cell.changed ? (
        <OldAndNew key="both" left={cellText(cell.left, locale)} right={cellText(cell.right, locale)} />
      ) : (
        cellText(cell.right ?? cell.left, locale)
      ),
    );
  const shared = { rowCount: total, columns, cellClass, onNeed: need };
  const pane = (which: "left" | "right") => ({
    ...shared,
    rowName: rowNumber(which),
    cells: side(which),
    rowClass: (index: number) =>
      `${rowClass(index)} diff-on-${which}${row(index)?.[which] === null ? " diff-absent" : ""}`,
  });

  return (
    <>
      <ul className="counts" aria-label={t("compare.counts")}>
        {(["added", "removed", "changed", "unchanged"] as const).map((kind) => (
          <li key={kind} className={`count count-${kind}`}>
            <strong>{new Intl.NumberFormat(locale).format(counts[kind])}</strong>
            <span>{t(`compare.count.${kind}`)}</span>
          </li>
        ))}
        <li className="count">
          <strong>{new Intl.NumberFormat(locale).format(counts.cells)}</strong>
          <span>{t("compare.count.cells")}</span>
        </li>
      </ul>
      {error !== null && <ErrorNotice heading={t("compare.resultFailed")} error={error} />}
      <section className="card comparison" aria-label={t("compare.result")}>
        <div className="comparison-bar">
          <Segments
            label={t("compare.only")}
            value={only}
            options={[
              { value: "changes", label: t("compare.only.changes") },
              { value: "all", label: t("compare.only.all") },
            ]}
            onChange={change}
          />
          <Segments
            label={t("compare.layout")}
            value={layout}
            options={[
              { value: "side", label: t("compare.layout.side") },
              { value: "one", label: t("compare.layout.merged") },
            ]}
            onChange={setLayout}
          />
          <div className="walk" role="group" aria-label={t("compare.walk")}>
            <span className="muted" role="status">
              {current.change >= 0 ? t("compare.at", { n: current.change + 1, total: changeCount }) : ""}
            </span>
            <button type="button" className="button button-small" disabled={changeCount === 0} onClick={() => void jump(-1)}>
              <Icon name="previous" />
              {t("compare.previous")} <kbd>p</kbd>
            </button>
            <button type="button" className="button button-small" disabled={changeCount === 0} onClick={() => void jump(1)}>
              <Icon name="next" />
              {t("compare.next")} <kbd>n</kbd>
            </button>
          </div>
        </div>
        {total === 0 ? (
          <Empty icon="check" title={t("compare.equal.title")} text={t("compare.equal.text")} />
        ) : layout === "side" ? (
          <div className="panes">
            <div className="pane">
              <p className="pane-title side side-left">{left || t("compare.left")}</p>
              <VirtualGrid
                ref={leftGrid}
                {...pane("left")}
                label={`${t("compare.left")}: ${left}`}
                onScrolled={(top, across) => rightGrid.current?.scrollTo(top, across)}
              />
            </div>
            <div className="pane">
              <p className="pane-title side side-right">{right || t("compare.right")}</p>
              <VirtualGrid
                ref={rightGrid}
                {...pane("right")}
                label={`${t("compare.right")}: ${right}`}
                onScrolled={(top, across) => leftGrid.current?.scrollTo(top, across)}
              />
            </div>
          </div>
        ) : (
          <VirtualGrid
            ref={leftGrid}
            {...shared}
            label={t("compare.result")}
            rowName={(index) => rowNumber("right")(index) || rowNumber("left")(index)}
            cells={both}
            rowClass={rowClass}
          />
        )}
      </section>
    </>
  );
}

function OldAndNew({ left, right }: { readonly left: string; readonly right: string }) {
  return (
    <>
      {left !== "" && <del>{left}</del>} {right !== "" && <ins>{right}</ins>}
    </>
  );
}

function useRows(id: string, only: Only, start: Comparison) {
  const load = useCallback(
    async (offset: number, limit: number, signal: AbortSignal) => {
      if (only === "changes" && offset === 0 && limit === BLOCK) return { rows: start.rows, total: start.total };
      const { rows, total } = await getComparison(id, { offset, limit, only }, signal);
      return { rows, total };
    },
    [id, only, start],
  );
  return useBlocks<ComparedRow>(load);
}
