import { useId } from "react";
import { useI18n } from "../i18n/I18n";
import { locales } from "../i18n/translate";

const names = { "zh-CN": "中文", en: "English" } as const;

export function LanguageSwitch() {
  const { locale, setLocale, t } = useI18n();
  const group = useId();
  return (
    <fieldset className="language">
      <legend className="visually-hidden">{t("app.language")}</legend>
      {locales.map((one) => (
        <label key={one} lang={one}>
          <input
            type="radio"
            className="visually-hidden"
            name={group}
            checked={one === locale}
            onChange={() => {
              setLocale(one);
            }}
          />
          <span>{names[one]}</span>
        </label>
      ))}
    </fieldset>
  );
}
