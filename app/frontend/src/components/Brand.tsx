import icon from "../assets/icon.svg";
import { useI18n } from "../i18n/I18n";

export function Brand() {
  const { t } = useI18n();
  return (
    <span className="brand">
      <img src={icon} alt="" width="28" height="28" />
      {t("app.name")}
    </span>
  );
}
