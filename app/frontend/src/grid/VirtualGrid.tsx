import "./grid.css";
import { type ReactNode, type Ref, useEffect, useImperativeHandle, useLayoutEffect, useMemo, useRef, useState } from "react";
import { columnOffsets, columnWindow, contentHeight, rowWindow, scrollTopFor } from "./window";

const ROW_HEIGHT = 32;
const HEAD_HEIGHT = 32;

export interface GridHandle {
  /** Brings a row into view, and a column of it. */
  readonly show: (row: number, column?: number) => void;
  readonly scrollTo: (top: number, left: number) => void;
}

interface Props {
  readonly label: string;
  readonly rowCount: number;
  readonly columns: readonly { readonly name: string; readonly width: number }[];
  /** What stands in front of row `index`. */
  readonly rowName: (index: number) => string;
  /** undefined while the row is on its way. */
  readonly cells: (index: number) => readonly ReactNode[] | undefined;
  readonly rowClass?: (index: number) => string | undefined;
  readonly cellClass?: (row: number, column: number) => string | undefined;
  readonly onNeed: (first: number, end: number) => void;
  readonly onScrolled?: (top: number, left: number) => void;
  readonly ref?: Ref<GridHandle>;
}

/** A table of any length: what is in view is drawn, the scroll bar tells the rest. */
export function VirtualGrid(props: Props) {
  const { label, rowCount, columns, rowName, cells, rowClass, cellClass, onNeed, onScrolled, ref } = props;
  const box = useRef<HTMLDivElement>(null);
  const [view, setView] = useState({ top: 0, left: 0, width: 800, height: 600 });
  const offsets = useMemo(() => columnOffsets(columns.map((column) => column.width)), [columns]);
  const nameWidth = Math.max(3, String(rowCount).length) * 9 + 20;
  const scrolled = { scrollTop: view.top, height: view.height - HEAD_HEIGHT, rowHeight: ROW_HEIGHT, count: rowCount };
  const { first, end, top } = rowWindow(scrolled);
  const across = columnWindow(offsets, view.left, view.left + view.width);
  const width = nameWidth + (offsets.at(-1) ?? 0);

  useLayoutEffect(() => {
    const watched = box.current;
    if (watched === null) return;
    const measure = () => {
      setView((before) => ({ ...before, width: watched.clientWidth, height: watched.clientHeight }));
    };
    measure();
    const observer = new ResizeObserver(measure);
    observer.observe(watched);
    return () => {
      observer.disconnect();
    };
  }, []);

  useEffect(() => {
    if (end > first) onNeed(first, end);
  }, [first, end, onNeed]);

  useImperativeHandle(ref, () => ({
    show: (row, column) => {
      const { current } = box;
      if (current === null) return;
      const height = current.clientHeight - HEAD_HEIGHT;
      current.scrollTop = scrollTopFor(row, { height, rowHeight: ROW_HEIGHT, count: rowCount });
      if (column !== undefined) {
        const left = offsets[column] ?? 0;
        const right = (offsets[column + 1] ?? left) + nameWidth;
        if (left < current.scrollLeft || right > current.scrollLeft + current.clientWidth) current.scrollLeft = Math.max(0, left - 80);
      }
    },
    scrollTo: (toTop, toLeft) => {
      const { current } = box;
      if (current === null || (current.scrollTop === toTop && current.scrollLeft === toLeft)) return;
      current.scrollTop = toTop;
      current.scrollLeft = toLeft;
    },
  }));

  const visible = columns.slice(across.first, across.end);
  const before = offsets[across.first] ?? 0;
  return (
    <div
      ref={box}
      className="grid-box"
      role="table"
      aria-label={label}
      aria-rowcount={rowCount + 1}
      aria-colcount={columns.length + 1}
      // The arrow keys scroll it.
      tabIndex={0}
      onScroll={(event) => {
        const { scrollTop, scrollLeft } = event.currentTarget;
        setView((now) => ({ ...now, top: scrollTop, left: scrollLeft }));
        onScrolled?.(scrollTop, scrollLeft);
      }}
    >
      <div className="grid-head" role="rowgroup" style={{ width }}>
        <div role="row" aria-rowindex={1} className="grid-row">
          <span role="columnheader" aria-colindex={1} className="grid-name" style={{ width: nameWidth }}>
            <span className="visually-hidden">#</span>
          </span>
          <span className="grid-gap" role="presentation" style={{ width: before }} />
          {visible.map((column, index) => (
            <span
              key={across.first + index}
              role="columnheader"
              aria-colindex={across.first + index + 2}
              className="grid-cell"
              title={column.name}
              style={{ width: column.width }}
            >
              {column.name}
            </span>
          ))}
        </div>
      </div>
      <div className="grid-body" role="rowgroup" style={{ width, height: contentHeight(rowCount, ROW_HEIGHT) }}>
        <div className="grid-window" role="presentation" style={{ transform: `translateY(${top}px)` }}>
          {Array.from({ length: end - first }, (_, position) => {
            const row = first + position;
            const values = cells(row);
            return (
              <div
                key={row}
                role="row"
                aria-rowindex={row + 2}
                className={["grid-row", rowClass?.(row)].filter(Boolean).join(" ")}
              >
                <span role={rowName(row) === "" ? "cell" : "rowheader"} aria-colindex={1} className="grid-name" style={{ width: nameWidth }}>
                  {rowName(row)}
                </span>
                <span className="grid-gap" role="presentation" style={{ width: before }} />
                {visible.map((column, index) => {
                  const at = across.first + index;
                  return (
                    <span
                      key={at}
                      role="cell"
                      aria-colindex={at + 2}
                      className={["grid-cell", cellClass?.(row, at)].filter(Boolean).join(" ")}
                      style={{ width: column.width }}
                    >
                      {values === undefined ? <span className="grid-pending" aria-hidden="true" /> : values[at]}
                    </span>
                  );
                })}
              </div>
            );
          })}
        </div>
      </div>
    </div>
  );
}
