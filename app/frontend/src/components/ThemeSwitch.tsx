import { useI18n } from "../i18n/I18n";
import { setTheme, themes, useTheme } from "../lib/theme";
import { Segments } from "./Segments";

export function ThemeSwitch() {
  const { t } = useI18n();
  const theme = useTheme();
  const options = themes.map((value) => ({ value, label: t(`theme.${value}`) }));
  return <Segments label={t("theme.title")} value={theme} options={options} onChange={setTheme} />;
}
