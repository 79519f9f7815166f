import "./login.css";
import { type SubmitEvent, useId, useRef, useState } from "react";
import { type ApiError, toApiError } from "../../api/problem";
import { Brand } from "../../components/Brand";
import { ErrorNotice, Notice, RequestId } from "../../components/ErrorNotice";
import { Icon } from "../../components/Icon";
import { Switches } from "../../components/Switches";
import { useI18n } from "../../i18n/I18n";
import { HealthBadge } from "../../layout/HealthBadge";
import { useHealth } from "../../lib/useHealth";
import { useSession } from "../../session/Session";

export function LoginPage({ expired }: { readonly expired: boolean }) {
  const { t } = useI18n();
  const { login } = useSession();
  const health = useHealth();
  const ids = { username: useId(), password: useId() };
  const password = useRef<HTMLInputElement>(null);
  const [visible, setVisible] = useState(false);
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<ApiError | null>(null);

  const submit = async (form: HTMLFormElement) => {
    const values = new FormData(form);
    setBusy(true);
    setError(null);
    try {
      await login(field(values, "username"), field(values, "password"));
    } catch (caught) {
      setError(toApiError(caught));
      password.current?.select();
    } finally {
      setBusy(false);
    }
  };

  return (
    <div className="login">
      <header className="login-top">
        <Switches />
      </header>
      <main className="login-card">
        <Brand />
        <div>
          <h1>{t("login.title")}</h1>
          <p className="lead">{t("login.lead")}</p>
        </div>
        {expired && error === null && (
          <Notice kind="info">
            <p>{t("login.expired")}</p>
          </Notice>
        )}
        {error !== null &&
          (error.status === 401 ? (
            <Notice kind="error">
              <strong>{t("login.wrong")}</strong>
              <RequestId error={error} />
            </Notice>
          ) : (
            <ErrorNotice heading={t("login.failed")} error={error} />
          ))}
        <form
          onSubmit={(event: SubmitEvent<HTMLFormElement>) => {
            event.preventDefault();
            void submit(event.currentTarget);
          }}
        >
          <div className="field">
            <label htmlFor={ids.username}>{t("login.username")}</label>
            <input
              id={ids.username}
              name="username"
              autoComplete="username"
              autoCapitalize="none"
              spellCheck={false}
              maxLength={64}
              required
            />
          </div>
          <div className="field">
            <label htmlFor={ids.password}>{t("login.password")}</label>
            <div className="field-with-button">
              <input
                id={ids.password}
                ref={password}
                name="password"
                type={visible ? "text" : "password"}
                autoComplete="current-password"
                aria-invalid={error?.status === 401}
                maxLength={1024}
                required
              />
              <button
                type="button"
                className="icon-button"
                aria-label={t(visible ? "login.hide" : "login.show")}
                title={t(visible ? "login.hide" : "login.show")}
                onClick={() => {
                  setVisible(!visible);
                }}
              >
                <Icon name={visible ? "eyeOff" : "eye"} />
              </button>
            </div>
          </div>
          <button type="submit" className="button button-primary button-wide" disabled={busy}>
            {busy && <span className="spinner spinner-small" aria-hidden="true" />}
            {t(busy ? "login.busy" : "login.submit")}
          </button>
        </form>
      </main>
      <footer className="login-foot">
        <HealthBadge state={health.state} />
      </footer>
    </div>
  );
}

function field(values: FormData, name: string): string {
  const value = values.get(name);
  return typeof value === "string" ? value : "";
}
