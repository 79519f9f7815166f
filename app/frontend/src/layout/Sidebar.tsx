import { useState } from "react";
import { type ApiError, toApiError } from "../api/problem";
import { ErrorNotice } from "../components/ErrorNotice";
import { Icon } from "../components/Icon";
import { Switches } from "../components/Switches";
import { useI18n } from "../i18n/I18n";
import { Link, usePath } from "../lib/router";
import { accountPath, menuFor, pageAt } from "../pages";
import { useMe, useSession } from "../session/Session";
import { HealthBadge } from "./HealthBadge";
import { useSharedHealth } from "./HealthContext";

export function Sidebar() {
  const { t } = useI18n();
  const path = usePath();
  const here = pageAt(path);
  const me = useMe();
  const { state } = useSharedHealth();
  return (
    <>
      <nav aria-label={t("app.navigation")}>
        <ul>
          {menuFor(me.role).map((page) => (
            <li key={page.path}>
              <Link
                to={page.path}
                className="nav-link"
                aria-current={page === here ? "page" : path.startsWith(`${page.path}/`) ? "true" : undefined}
              >
                <Icon name={page.icon} />
                {t(page.title)}
              </Link>
            </li>
          ))}
        </ul>
      </nav>
      <div className="sidebar-foot">
        <Link to="/system" className="health-link">
          <HealthBadge state={state} />
        </Link>
        <Switches />
        <User />
      </div>
    </>
  );
}

function User() {
  const { t } = useI18n();
  const me = useMe();
  const { logout } = useSession();
  const [error, setError] = useState<ApiError | null>(null);
  const leave = async () => {
    setError(null);
    try {
      await logout();
    } catch (caught) {
      setError(toApiError(caught));
    }
  };
  return (
    <>
      {error !== null && <ErrorNotice heading={t("login.outFailed")} error={error} />}
      <div className="user">
        <Link to={accountPath} className="user-link" title={t("nav.account")}>
          <span className="avatar" aria-hidden="true">
            {Array.from(me.username)[0]?.toUpperCase()}
          </span>
          <span className="user-name">
            <strong>{me.username}</strong>
            <small>{t(`role.${me.role}`)}</small>
          </span>
        </Link>
        <button
          type="button"
          className="icon-button"
          aria-label={t("login.out")}
          title={t("login.out")}
          onClick={() => void leave()}
        >
          <Icon name="logout" />
        </button>
      </div>
    </>
  );
}
