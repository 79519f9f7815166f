import { useSyncExternalStore } from "react";
import { useI18n } from "../i18n/I18n";
import { Icon } from "./Icon";
import { currentToasts, dismissToast, subscribeToasts } from "./toasts";

export function Toasts() {
  const { t } = useI18n();
  const shown = useSyncExternalStore(subscribeToasts, currentToasts);
  return (
    <div className="toasts" role="status" aria-live="polite">
      {shown.map((one) => (
        <div key={one.key} className={`toast toast-${one.tone}`}>
          <span>{one.text}</span>
          {one.action !== undefined && (
            <button
              type="button"
              className="toast-action"
              onClick={() => {
                dismissToast(one.key);
                one.action?.run();
              }}
            >
              {one.action.label}
            </button>
          )}
          <button
            type="button"
            className="icon-button"
            aria-label={t("app.dismiss")}
            onClick={() => {
              dismissToast(one.key);
            }}
          >
            <Icon name="close" />
          </button>
        </div>
      ))}
    </div>
  );
}
