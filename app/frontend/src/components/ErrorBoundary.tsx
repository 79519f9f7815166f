import { Component, type ReactNode } from "react";
import { useI18n } from "../i18n/I18n";

interface Props {
  readonly children: ReactNode;
}

/** Catches what a page throws, such as a part of it that a newer release has taken away. */
export class ErrorBoundary extends Component<Props, { readonly failed: boolean }> {
  override state = { failed: false };

  static getDerivedStateFromError() {
    return { failed: true };
  }

  override render() {
    return this.state.failed ? <Crash /> : this.props.children;
  }
}

function Crash() {
  const { t } = useI18n();
  return (
    <div className="empty" role="alert">
      <h1>{t("app.crash.title")}</h1>
      <p>{t("app.crash.text")}</p>
      <button
        type="button"
        className="button button-primary"
        onClick={() => {
          window.location.reload();
        }}
      >
        {t("app.crash.reload")}
      </button>
    </div>
  );
}
