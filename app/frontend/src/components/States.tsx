import type { ReactNode } from "react";
import { useI18n } from "../i18n/I18n";
import { Icon, type IconName } from "./Icon";

interface EmptyProps {
  readonly icon: IconName;
  readonly title: string;
  readonly text: string;
  readonly dashed?: boolean;
  readonly children?: ReactNode;
}

/** Nothing is here, and what to do about it. */
export function Empty({ icon, title, text, dashed = false, children }: EmptyProps) {
  return (
    <section className={dashed ? "empty empty-drop" : "empty"}>
      <span className="empty-picture" aria-hidden="true">
        <Icon name={icon} />
      </span>
      <h2>{title}</h2>
      <p>{text}</p>
      {children}
    </section>
  );
}

/** The shape of a list that is on its way. */
export function Skeleton() {
  const { t } = useI18n();
  return (
    <div className="card skeleton" role="status">
      <span className="visually-hidden">{t("app.loading")}</span>
      {[72, 48, 60, 40, 66].map((width) => (
        <div key={width} className="skeleton-row" aria-hidden="true">
          <span />
          <span className={`skeleton-line skeleton-${width}`} />
        </div>
      ))}
    </div>
  );
}

export function Loading() {
  const { t } = useI18n();
  return (
    <div className="loading" role="status">
      <span className="spinner" />
      <span className="visually-hidden">{t("app.loading")}</span>
    </div>
  );
}

interface MoreProps {
  readonly text: string;
  readonly next: string | null;
  readonly busy: boolean;
  readonly onMore: () => void;
}

/** The foot of a list by pages. */
export function MoreFoot({ text, next, busy, onMore }: MoreProps) {
  const { t } = useI18n();
  return (
    <footer className="card-foot">
      <span>{text}</span>
      {next !== null && (
        <button type="button" className="button button-small" disabled={busy} onClick={onMore}>
          {t(busy ? "app.loading" : "app.more")}
        </button>
      )}
    </footer>
  );
}

interface HeadProps {
  readonly title: string;
  readonly lead: string;
  readonly children?: ReactNode;
}

export function PageHead({ title, lead, children }: HeadProps) {
  return (
    <header className="page-head">
      <div>
        <h1>{title}</h1>
        <p className="lead">{lead}</p>
      </div>
      {children !== undefined && <div className="page-actions">{children}</div>}
    </header>
  );
}
