import { useState } from "react";
import { Icon } from "../../components/Icon";
import { useI18n } from "../../i18n/I18n";

interface Props {
  readonly size: number;
  readonly onExport: () => Promise<void>;
  readonly onClear: () => void;
}

/** What can be done with the selected documents; later actions are further buttons here. */
export function SelectionBar({ size, onExport, onClear }: Props) {
  const { t, count } = useI18n();
  const [busy, setBusy] = useState(false);
  const start = async () => {
    setBusy(true);
    await onExport();
    setBusy(false);
  };
  return (
    <section className="selection" aria-label={t("selection.bar")}>
      <span role="status">{count("selection.count", size)}</span>
      <button type="button" className="button button-primary" disabled={busy} onClick={() => void start()}>
        {busy ? <span className="spinner spinner-small" aria-hidden="true" /> : <Icon name="archive" />}
        {t("selection.export")}
      </button>
      <button type="button" className="icon-button" aria-label={t("selection.clear")} title={t("selection.clear")} onClick={onClear}>
        <Icon name="close" />
      </button>
    </section>
  );
}
