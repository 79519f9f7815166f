import { useI18n } from "../i18n/I18n";
import { setTheme, useScheme } from "../lib/theme";
import { Icon } from "./Icon";
import { LanguageSwitch } from "./LanguageSwitch";

/** Language, and light or dark; the account page also offers the system's choice. */
export function Switches() {
  const { t } = useI18n();
  const scheme = useScheme();
  const other = scheme === "dark" ? "light" : "dark";
  const label = t(`theme.to.${other}`);
  return (
    <div className="switches">
      <LanguageSwitch />
      <button
        type="button"
        className="icon-button"
        aria-label={label}
        title={label}
        onClick={() => {
          setTheme(other);
        }}
      >
        <Icon name={scheme === "dark" ? "sun" : "moon"} />
      </button>
    </div>
  );
}
