import { type SubmitEvent, useState } from "react";
import { changePassword } from "../../api/client";
import { ApiError, toApiError } from "../../api/problem";
import { ErrorNotice } from "../../components/ErrorNotice";
import { Field } from "../../components/Field";
import { reader } from "../../components/FormDialog";
import { toast } from "../../components/toasts";
import { useI18n } from "../../i18n/I18n";
import { useMe } from "../../session/Session";
import { SHORTEST_PASSWORD } from "../../lib/password";

export function PasswordForm() {
  const { t } = useI18n();
  const me = useMe();
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<ApiError | null>(null);
  const [differ, setDiffer] = useState(false);
  const submit = async (form: HTMLFormElement) => {
    const value = reader(form);
    setError(null);
    setDiffer(value("new") !== value("again"));
    if (value("new") !== value("again")) return;
    setBusy(true);
    try {
      await changePassword(value("current"), value("new"));
      form.reset();
      toast(t("account.passwordChanged"));
    } catch (caught) {
      setError(toApiError(caught));
    }
    setBusy(false);
  };
  return (
    <section className="card panel" aria-labelledby="password-title">
      <div>
        <h2 id="password-title">{t("account.password")}</h2>
        <p className="muted">{t("account.passwordAbout")}</p>
      </div>
      {error !== null && <ErrorNotice heading={t("account.passwordFailed")} error={error} />}
      <form
        className="form account-form"
        onSubmit={(event: SubmitEvent<HTMLFormElement>) => {
          event.preventDefault();
          void submit(event.currentTarget);
        }}
      >
        {/* For password managers. */}
        <input type="text" name="username" autoComplete="username" value={me.username} readOnly hidden />
        <Field label={t("account.current")} name="current" type="password" autoComplete="current-password" maxLength={1024} required />
        <Field
          label={t("account.new")}
          hint={t("account.passwordHint", { n: SHORTEST_PASSWORD })}
          name="new"
          type="password"
          autoComplete="new-password"
          minLength={SHORTEST_PASSWORD}
          maxLength={1024}
          required
        />
        <Field
          label={t("account.again")}
          name="again"
          type="password"
          autoComplete="new-password"
          aria-invalid={differ}
          maxLength={1024}
          required
        />
        {differ && (
          <p className="form-error" role="alert">
            {t("account.differ")}
          </p>
        )}
        <div>
          <button type="submit" className="button button-primary" disabled={busy}>
            {busy && <span className="spinner spinner-small" aria-hidden="true" />}
            {t("account.change")}
          </button>
        </div>
      </form>
    </section>
  );
}
