import { useI18n } from "../i18n/I18n";
import { Segments } from "./Segments";

const options = [
  { value: "zh-CN", label: "中文", lang: "zh-CN" },
  { value: "en", label: "English", lang: "en" },
] as const;

export function LanguageSwitch() {
  const { locale, setLocale, t } = useI18n();
  return <Segments label={t("app.language")} value={locale} options={options} onChange={setLocale} />;
}
