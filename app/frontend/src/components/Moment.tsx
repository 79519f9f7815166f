import { useI18n } from "../i18n/I18n";
import { formatExactMoment, formatMoment } from "../lib/format";

export function Moment({ iso }: { readonly iso: string }) {
  const { locale } = useI18n();
  return (
    <time dateTime={iso} title={formatExactMoment(iso, locale)}>
      {formatMoment(iso, locale)}
    </time>
  );
}
