import { useCallback, useState } from "react";
import { changeUser, createUser, listUsers } from "../../api/admin";
import { type ApiError, toApiError } from "../../api/problem";
import { type Role, roles, type User } from "../../api/types";
import { ErrorNotice } from "../../components/ErrorNotice";
import { CompactSelect, Field, SearchField, Select } from "../../components/Field";
import { FormDialog } from "../../components/FormDialog";
import { Icon } from "../../components/Icon";
import { Menu } from "../../components/Menu";
import { Moment } from "../../components/Moment";
import { Empty, MoreFoot, PageHead, Skeleton } from "../../components/States";
import { toast } from "../../components/toasts";
import { useI18n } from "../../i18n/I18n";
import { SHORTEST_PASSWORD } from "../../lib/password";
import { useDebounced } from "../../lib/useDebounced";
import { usePages } from "../../lib/usePages";
import { useMe } from "../../session/Session";

/** Who may come in, and as what. */
export default function UsersPage() {
  const { t, count } = useI18n();
  const [typed, setTyped] = useState("");
  const q = useDebounced(typed, 220).trim();
  const [revision, setRevision] = useState(0);
  const [creating, setCreating] = useState(false);
  const [resetting, setResetting] = useState<User | null>(null);
  const [failure, setFailure] = useState<ApiError | null>(null);
  const fetchPage = useCallback((cursor: string | null, signal: AbortSignal) => listUsers(q, cursor, signal), [q]);
  const { state, reload, loadMore } = usePages<User>(fetchPage, revision);
  const refresh = () => {
    setRevision((before) => before + 1);
  };
  const change = async (user: User, what: Parameters<typeof changeUser>[1]) => {
    setFailure(null);
    try {
      await changeUser(user.id, what);
      toast(t("users.changed", { name: user.username }));
    } catch (error) {
      setFailure(toApiError(error));
    }
    refresh();
  };
  return (
    <div className="stack">
      <PageHead title={t("users.title")} lead={t("users.lead")}>
        <button
          type="button"
          className="button button-primary"
          onClick={() => {
            setCreating(true);
          }}
        >
          <Icon name="plus" />
          {t("users.create")}
        </button>
      </PageHead>
      <SearchField label={t("users.search")} value={typed} onChange={setTyped} />
      {failure !== null && <ErrorNotice heading={t("users.changeFailed")} error={failure} />}
      {state.error !== null && <ErrorNotice heading={t("users.failed")} error={state.error} onRetry={reload} />}
      {state.phase === "loading" && <Skeleton />}
      {state.phase === "ready" && state.error === null && state.items.length === 0 && (
        <Empty icon="users" title={t("users.none.title")} text={t("users.none.text")} />
      )}
      {state.items.length > 0 && (
        <section className="card" aria-label={t("users.title")}>
          <table className="table">
            <caption className="visually-hidden">{t("users.title")}</caption>
            <thead>
              <tr>
                <th scope="col">{t("login.username")}</th>
                <th scope="col">{t("users.role")}</th>
                <th scope="col" className="wide">
                  {t("users.state")}
                </th>
                <th scope="col" className="wide">
                  {t("users.lastLogin")}
                </th>
                <th scope="col" className="cell-action">
                  <span className="visually-hidden">{t("documents.actions")}</span>
                </th>
              </tr>
            </thead>
            <tbody>
              {state.items.map((user) => (
                <Row
                  key={user.id}
                  user={user}
                  onChange={(what) => void change(user, what)}
                  onReset={() => {
                    setResetting(user);
                  }}
                />
              ))}
            </tbody>
          </table>
          <MoreFoot
            text={count(state.next === null ? "users.count" : "users.shown", state.items.length)}
            next={state.next}
            busy={state.phase === "more"}
            onMore={loadMore}
          />
        </section>
      )}
      {creating && (
        <FormDialog
          title={t("users.create")}
          action={t("users.create")}
          onSubmit={async (value) => {
            await createUser({ username: value("username").trim(), password: value("password"), role: value("role") as Role });
            refresh();
          }}
          onClose={() => {
            setCreating(false);
          }}
        >
          <Field label={t("login.username")} name="username" maxLength={64} autoComplete="off" autoCapitalize="none" spellCheck={false} required />
          <NewPassword />
          <Select label={t("users.role")} name="role" defaultValue="editor">
            {roles.map((role) => (
              <option key={role} value={role}>
                {t(`role.${role}`)}: {t(`role.${role}.about`)}
              </option>
            ))}
          </Select>
        </FormDialog>
      )}
      {resetting !== null && (
        <FormDialog
          title={t("users.resetNamed", { name: resetting.username })}
          action={t("app.save")}
          onSubmit={async (value) => {
            await changeUser(resetting.id, { password: value("password") });
            toast(t("users.changed", { name: resetting.username }));
          }}
          onClose={() => {
            setResetting(null);
          }}
        >
          <NewPassword />
        </FormDialog>
      )}
    </div>
  );
}

function NewPassword() {
  const { t } = useI18n();
  return (
    <Field
      label={t("login.password")}
      hint={t("account.passwordHint", { n: SHORTEST_PASSWORD })}
      name="password"
      type="password"
      autoComplete="new-password"
      minLength={SHORTEST_PASSWORD}
      maxLength={1024}
      required
    />
  );
}

interface RowProps {
  readonly user: User;
  readonly onChange: (what: { role?: Role; active?: boolean }) => void;
  readonly onReset: () => void;
}

function Row({ user, onChange, onReset }: RowProps) {
  const { t } = useI18n();
  const self = useMe().username === user.username;
  const state = <span className={user.active ? "tag tag-ok" : "tag"}>{t(user.active ? "users.active" : "users.inactive")}</span>;
  return (
    <tr>
      <th scope="row">
        <strong>{user.username}</strong> {self && <span className="muted">{t("users.self")}</span>}
        <small className="narrow">{state}</small>
      </th>
      <td>
        <CompactSelect
          label={t("users.roleOf", { name: user.username })}
          value={user.role}
          disabled={self}
          onChange={(event) => {
            onChange({ role: event.target.value as Role });
          }}
        >
          {roles.map((role) => (
            <option key={role} value={role}>
              {t(`role.${role}`)}
            </option>
          ))}
        </CompactSelect>
      </td>
      <td className="wide">{state}</td>
      <td className="wide nowrap">{user.last_login_at === null ? t("users.never") : <Moment iso={user.last_login_at} />}</td>
      <td className="cell-action">
        {!self && (
          <Menu
            label={t("documents.moreNamed", { name: user.username })}
            items={[
              { label: t("users.reset"), icon: "key", onSelect: onReset },
              {
                label: t(user.active ? "users.deactivate" : "users.activate"),
                icon: user.active ? "lock" : "check",
                danger: user.active,
                onSelect: () => {
                  onChange({ active: !user.active });
                },
              },
            ]}
          />
        )}
      </td>
    </tr>
  );
}
