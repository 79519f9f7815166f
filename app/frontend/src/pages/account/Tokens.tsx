import { useCallback, useState } from "react";
import { createToken, listTokens, revokeToken } from "../../api/admin";
import { type ApiError, toApiError } from "../../api/problem";
import type { Token } from "../../api/types";
import { Confirm, Dialog } from "../../components/Dialog";
import { ErrorNotice } from "../../components/ErrorNotice";
import { Field } from "../../components/Field";
import { FormDialog } from "../../components/FormDialog";
import { Icon } from "../../components/Icon";
import { Moment } from "../../components/Moment";
import { toast } from "../../components/toasts";
import { useI18n } from "../../i18n/I18n";
import { usePages } from "../../lib/usePages";

/** Named keys for programs, each of which can be taken back. */
export function Tokens() {
  const { t } = useI18n();
  const [revision, setRevision] = useState(0);
  const [creating, setCreating] = useState(false);
  const [secret, setSecret] = useState<string | null>(null);
  const [revoking, setRevoking] = useState<Token | null>(null);
  const [failure, setFailure] = useState<ApiError | null>(null);
  const fetchPage = useCallback((cursor: string | null, signal: AbortSignal) => listTokens(cursor, signal), []);
  const { state, reload, startOver, loadMore } = usePages<Token>(fetchPage, revision);
  const revoke = async (token: Token) => {
    setFailure(null);
    try {
      await revokeToken(token.id);
    } catch (error) {
      setFailure(toApiError(error));
    }
    startOver();
  };
  return (
    <section className="card panel" aria-labelledby="tokens-title">
      <div className="panel-head">
        <div>
          <h2 id="tokens-title">{t("tokens.title")}</h2>
          <p className="muted">{t("tokens.about")}</p>
        </div>
        <button
          type="button"
          className="button"
          onClick={() => {
            setCreating(true);
          }}
        >
          <Icon name="plus" />
          {t("tokens.create")}
        </button>
      </div>
      {failure !== null && <ErrorNotice heading={t("tokens.revokeFailed")} error={failure} />}
      {state.error !== null && <ErrorNotice heading={t("tokens.failed")} error={state.error} onRetry={reload} />}
      {state.phase === "loading" && <p className="muted">{t("app.loading")}</p>}
      {state.phase === "ready" && state.error === null && state.items.length === 0 && (
        <p className="muted">{t("tokens.empty")}</p>
      )}
      {state.items.length > 0 && (
        <ul className="tokens">
          {state.items.map((token) => (
            <li key={token.id}>
              <Icon name="key" />
              <span className="token-text">
                <strong>{token.name}</strong>
                <small className="muted">
                  {t("tokens.created")} <Moment iso={token.created_at} /> ·{" "}
                  {token.last_used_at === null ? (
                    t("tokens.unused")
                  ) : (
                    <>
                      {t("tokens.used")} <Moment iso={token.last_used_at} />
                    </>
                  )}
                </small>
              </span>
              <button
                type="button"
                className="button button-small button-danger"
                aria-label={t("tokens.revokeNamed", { name: token.name })}
                onClick={() => {
                  setRevoking(token);
                }}
              >
                {t("tokens.revoke")}
              </button>
            </li>
          ))}
        </ul>
      )}
      {state.next !== null && (
        <button type="button" className="button button-small" onClick={loadMore}>
          {t("app.more")}
        </button>
      )}
      {creating && (
        <FormDialog
          title={t("tokens.create")}
          action={t("tokens.create")}
          onSubmit={async (value) => {
            setSecret(await createToken(value("name").trim()));
            setRevision((before) => before + 1);
          }}
          onClose={() => {
            setCreating(false);
          }}
        >
          <Field label={t("tokens.name")} hint={t("tokens.nameHint")} name="name" maxLength={100} required autoComplete="off" />
        </FormDialog>
      )}
      {secret !== null && (
        <Dialog
          title={t("tokens.secret")}
          onClose={() => {
            setSecret(null);
          }}
        >
          <p>{t("tokens.secretAbout")}</p>
          <div className="secret">
            <code>{secret}</code>
            <button
              type="button"
              className="button button-small"
              onClick={() => {
                navigator.clipboard.writeText(secret).then(
                  () => {
                    toast(t("tokens.copied"));
                  },
                  () => {
                    toast(t("tokens.copyFailed"), { tone: "error" });
                  },
                );
              }}
            >
              <Icon name="copy" />
              {t("tokens.copy")}
            </button>
          </div>
        </Dialog>
      )}
      {revoking !== null && (
        <Confirm
          title={t("tokens.revokeNamed", { name: revoking.name })}
          text={t("tokens.revokeAsk")}
          action={t("tokens.revoke")}
          onConfirm={() => void revoke(revoking)}
          onClose={() => {
            setRevoking(null);
          }}
        />
      )}
    </section>
  );
}
