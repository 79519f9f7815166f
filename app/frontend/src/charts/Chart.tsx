import "uplot/dist/uPlot.min.css";
import "./chart.css";
import { useEffect, useId, useRef } from "react";
import UPlot from "uplot";
import { useI18n } from "../i18n/I18n";
import { useScheme } from "../lib/theme";
import { latestOf, summary } from "./summary";

interface Props {
  readonly title: string;
  readonly times: readonly number[];
  readonly values: readonly (number | null)[];
  readonly format: (value: number) => string;
  /** The axis reaches at least this far up. */
  readonly atLeast: number;
  readonly step: number;
}

const HEIGHT = 150;

/** One figure over time: the picture, its latest value, and in words what the picture shows. */
export function Chart({ title, times, values, format, atLeast, step }: Props) {
  const { t, locale } = useI18n();
  const scheme = useScheme();
  const box = useRef<HTMLDivElement>(null);
  const heading = useId();
  const latest = latestOf(values);
  const found = summary(values);

  useEffect(() => {
    const target = box.current;
    if (target === null) return;
    const style = getComputedStyle(target);
    // Only a real colour is resolved for light or dark; a custom property is told as it was written.
    const color = (name: string) => {
      target.style.color = `var(${name})`;
      return style.color;
    };
    const time = new Intl.DateTimeFormat(locale, { hour: "2-digit", minute: "2-digit", hourCycle: "h23" });
    const day = new Intl.DateTimeFormat(locale, { month: "numeric", day: "numeric" });
    const label = (seconds: number) => {
      const moment = new Date(seconds * 1000);
      return moment.getHours() === 0 && moment.getMinutes() === 0 ? day.format(moment) : time.format(moment);
    };
    const [line, fill, grid, text] = ["--chart-line", "--chart-fill", "--chart-grid", "--chart-text"].map(color);
    const axis = {
      stroke: text ?? "",
      grid: { stroke: grid ?? "", width: 1 },
      ticks: { show: false },
      font: `11px ${style.fontFamily}`,
    };
    const chart = new UPlot(
      {
        width: target.clientWidth,
        height: HEIGHT,
        cursor: { y: false, points: { size: 7 }, drag: { x: false, y: false } },
        legend: { show: false },
        scales: { x: { time: true }, y: { range: (_chart, _low, high) => [0, Math.max(atLeast, (high || 0) * 1.1)] } },
        axes: [
          { ...axis, values: (_chart, splits) => splits.map(label), space: 64, size: 26 },
          { ...axis, values: (_chart, splits) => splits.map(format), size: 56, space: 36 },
        ],
        series: [
          {},
          {
            stroke: line ?? "",
            fill: fill ?? "",
            width: 1.75,
            points: { show: false },
            // A hole longer than three steps is a hole, not a line.
            gaps: (chart, seriesIndex, first, last, gaps) => {
              const found_ = chart.data[0];
              for (let index = Math.max(1, first); index <= last; index += 1) {
                const before = found_[index - 1] ?? 0;
                const here = found_[index] ?? 0;
                if (here - before > step * 3) gaps.push([Math.round(chart.valToPos(before, "x", true)), Math.round(chart.valToPos(here, "x", true))]);
              }
              gaps.sort((one, other) => one[0] - other[0]);
              return seriesIndex > 0 ? gaps : [];
            },
          },
        ],
        hooks: {
          setCursor: [
            (drawn) => {
              const at = drawn.cursor.idx;
              const value = at == null ? null : drawn.data[1]?.[at];
              const moment = at == null ? undefined : drawn.data[0][at];
              const told = target.parentElement?.querySelector(".chart-now");
              if (told == null) return;
              told.textContent =
                value == null || moment === undefined ? "" : `${day.format(moment * 1000)} ${time.format(moment * 1000)} · ${format(value)}`;
            },
          ],
        },
      },
      [[...times], [...values]],
      target,
    );
    const observer = new ResizeObserver(() => {
      chart.setSize({ width: target.clientWidth, height: HEIGHT });
    });
    observer.observe(target);
    return () => {
      observer.disconnect();
      chart.destroy();
    };
  }, [times, values, format, atLeast, step, locale, scheme]);

  const words =
    found === null
      ? t("chart.none")
      : t("chart.summary", { latest: format(latest ?? 0), low: format(found.low), high: format(found.high) });
  return (
    <section className="card chart" aria-labelledby={heading}>
      <header>
        <h3 id={heading}>{title}</h3>
        <strong>{latest === null ? "–" : format(latest)}</strong>
      </header>
      <div ref={box} className="chart-box" role="img" aria-label={`${title}: ${words}`} />
      <p className="chart-foot">
        <span>{found === null ? words : t("chart.range", { low: format(found.low), high: format(found.high) })}</span>
        <span className="chart-now" aria-hidden="true" />
      </p>
    </section>
  );
}
