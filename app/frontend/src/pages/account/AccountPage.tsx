import "./account.css";
import { PageHead } from "../../components/States";
import { LanguageSwitch } from "../../components/LanguageSwitch";
import { ThemeSwitch } from "../../components/ThemeSwitch";
import { useI18n } from "../../i18n/I18n";
import { useMe } from "../../session/Session";
import { PasswordForm } from "./PasswordForm";
import { Tokens } from "./Tokens";

/** What belongs to the user alone: how the pages look, the password, the tokens. */
export default function AccountPage() {
  const { t } = useI18n();
  const me = useMe();
  return (
    <div className="stack">
      <PageHead title={t("account.title")} lead={`${me.username} · ${t(`role.${me.role}`)}`} />
      <section className="card panel" aria-labelledby="looks-title">
        <h2 id="looks-title">{t("account.looks")}</h2>
        <div className="setting">
          <span>{t("theme.title")}</span>
          <ThemeSwitch />
        </div>
        <div className="setting">
          <span>{t("app.language")}</span>
          <LanguageSwitch />
        </div>
      </section>
      <PasswordForm />
      <Tokens />
    </div>
  );
}
