import type { ReactNode } from "react";
import type { ApiError } from "../api/problem";
import { useI18n } from "../i18n/I18n";
import { Icon } from "./Icon";

interface Props {
  /** What could not be done. Without it the error's own title comes first. */
  readonly heading?: string | undefined;
  readonly error: ApiError;
  readonly onRetry?: (() => void) | undefined;
  readonly onDismiss?: (() => void) | undefined;
}

/** An error that is told at once, with the service's words and the id under which its log has it. */
export function ErrorNotice({ heading, error, onRetry, onDismiss }: Props) {
  const { t, problem } = useI18n();
  const { title, detail } = problem(error);
  return (
    <Notice kind="error">
      <strong>{heading ?? title}</strong>
      {(heading !== undefined || detail !== "") && (
        <p>{[heading === undefined ? "" : title, detail].filter(Boolean).join(" · ")}</p>
      )}
      <RequestId error={error} />
      {(onRetry ?? onDismiss) !== undefined && (
        <div className="notice-actions">
          {onRetry && (
            <button type="button" className="button button-small" onClick={onRetry}>
              <Icon name="retry" />
              {t("app.retry")}
            </button>
          )}
          {onDismiss && (
            <button type="button" className="button button-small button-quiet" onClick={onDismiss}>
              {t("app.dismiss")}
            </button>
          )}
        </div>
      )}
    </Notice>
  );
}

export function RequestId({ error }: { readonly error: ApiError }) {
  const { t } = useI18n();
  if (error.requestId === "") return null;
  return (
    <p className="request-id">
      {t("error.requestId")} <code>{error.requestId}</code>
    </p>
  );
}

interface NoticeProps {
  readonly kind: "error" | "info";
  readonly children: ReactNode;
}

export function Notice({ kind, children }: NoticeProps) {
  return (
    <div className={`notice notice-${kind}`} role={kind === "error" ? "alert" : "status"}>
      <Icon name="alert" />
      <div className="notice-body">{children}</div>
    </div>
  );
}
