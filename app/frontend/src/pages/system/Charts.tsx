import { useMemo } from "react";
import type { Metric, SystemState } from "../../api/types";
import { Chart } from "../../charts/Chart";
import { useI18n } from "../../i18n/I18n";

/** In the order of worth; `atLeast` keeps a flat line from looking like a mountain. */
const shown: readonly { readonly metric: Metric; readonly unit: "percent" | "ms" | "count"; readonly atLeast: number }[] = [
  { metric: "cpu", unit: "percent", atLeast: 100 },
  { metric: "memory", unit: "percent", atLeast: 100 },
  { metric: "disk", unit: "percent", atLeast: 100 },
  { metric: "response_ms", unit: "ms", atLeast: 50 },
  { metric: "error_rate", unit: "percent", atLeast: 5 },
  { metric: "queue", unit: "count", atLeast: 5 },
];

export default function Charts({ series }: { readonly series: SystemState["series"] }) {
  const { t, locale } = useI18n();
  const formats = useMemo(() => {
    const one = new Intl.NumberFormat(locale, { maximumFractionDigits: 1 });
    return {
      percent: (value: number) => `${one.format(value)} %`,
      ms: (value: number) => t("system.latency", { ms: one.format(value) }),
      count: (value: number) => one.format(value),
    };
  }, [locale, t]);
  return (
    <div className="charts">
      {shown.map(({ metric, unit, atLeast }) => (
        <Chart
          key={metric}
          title={t(`metric.${metric}`)}
          times={series.times}
          values={series[metric] ?? none}
          format={formats[unit]}
          atLeast={atLeast}
          step={series.step_seconds}
        />
      ))}
    </div>
  );
}

const none: readonly (number | null)[] = [];
