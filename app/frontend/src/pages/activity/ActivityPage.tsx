import "./activity.css";
import { useCallback, useState } from "react";
import { activityCsvPath, type ActivityFilter, listActivity } from "../../api/admin";
import { withQuery } from "../../api/client";
import type { ActivityItem } from "../../api/types";
import { ErrorNotice } from "../../components/ErrorNotice";
import { Field, Select } from "../../components/Field";
import { Icon } from "../../components/Icon";
import { Moment } from "../../components/Moment";
import { Empty, MoreFoot, PageHead, Skeleton } from "../../components/States";
import { useI18n } from "../../i18n/I18n";
import type { Key } from "../../i18n/translate";
import { formatMoment } from "../../lib/format";
import { Link, navigate, useQuery } from "../../lib/router";
import { useDebounced } from "../../lib/useDebounced";
import { usePages } from "../../lib/usePages";
import { useMe } from "../../session/Session";
import { dayEnd, dayStart } from "./days";

const actions = [
  "login", "login-failed", "logout", "password", "token", "token-revoke", "user-create", "user-change",
  "upload", "version", "download", "change", "delete", "restore", "remove",
  "job:export", "job:compare", "job:batch", "job:summarise", "job:fetch",
] as const;

/** Who did what and when. */
export default function ActivityPage() {
  const { t, count } = useI18n();
  const me = useMe();
  const query = useQuery();
  const [user, setUser] = useState(query.get("user") ?? "");
  const settledUser = useDebounced(user.trim(), 300);
  const action = query.get("action") ?? "";
  const since = query.get("since") ?? "";
  const until = query.get("until") ?? "";
  const filter: ActivityFilter = { user: settledUser, action, since: dayStart(since), until: dayEnd(until) };
  const { state, reload, loadMore } = useActivity(JSON.stringify(filter));
  const show = (change: Readonly<Record<string, string>>) => {
    navigate(withQuery("/activity", { action, since, until, ...change }), "replace");
  };
  return (
    <div className="stack">
      <PageHead title={t("activity.title")} lead={t(me.role === "admin" ? "activity.lead" : "activity.leadOwn")}>
        <a className="button" href={activityCsvPath(filter)} download>
          <Icon name="download" />
          {t("activity.csv")}
        </a>
      </PageHead>
      <search className="filters activity-filters">
        {me.role === "admin" && (
          <Field
            label={t("activity.user")}
            value={user}
            autoComplete="off"
            autoCapitalize="none"
            spellCheck={false}
            maxLength={64}
            onChange={(event) => {
              setUser(event.target.value);
            }}
          />
        )}
        <Select
          label={t("activity.action")}
          value={action}
          onChange={(event) => {
            show({ action: event.target.value });
          }}
        >
          <option value="">{t("activity.all")}</option>
          {actions.map((one) => (
            <option key={one} value={one}>
              {t(`action.${one}`)}
            </option>
          ))}
        </Select>
        <Field
          label={t("activity.since")}
          type="date"
          value={since}
          max={until || undefined}
          onChange={(event) => {
            show({ since: event.target.value });
          }}
        />
        <Field
          label={t("activity.until")}
          type="date"
          value={until}
          min={since || undefined}
          onChange={(event) => {
            show({ until: event.target.value });
          }}
        />
      </search>
      {state.error !== null && <ErrorNotice heading={t("activity.failed")} error={state.error} onRetry={reload} />}
      {state.phase === "loading" && <Skeleton />}
      {state.phase === "ready" && state.error === null && state.items.length === 0 && (
        <Empty icon="activity" title={t("activity.empty.title")} text={t("activity.empty.text")} />
      )}
      {state.items.length > 0 && (
        <section className="card" aria-label={t("activity.title")}>
          <table className="table activity-table">
            <caption className="visually-hidden">{t("activity.list")}</caption>
            <thead>
              <tr>
                <th scope="col" className="wide">
                  {t("activity.at")}
                </th>
                <th scope="col" className="wide">
                  {t("activity.user")}
                </th>
                <th scope="col">{t("activity.action")}</th>
                <th scope="col" className="wide">
                  {t("activity.address")}
                </th>
              </tr>
            </thead>
            <tbody>
              {state.items.map((item) => (
                <Row key={item.id} item={item} />
              ))}
            </tbody>
          </table>
          <MoreFoot
            text={count(state.next === null ? "activity.count" : "activity.shown", state.items.length)}
            next={state.next}
            busy={state.phase === "more"}
            onMore={loadMore}
          />
        </section>
      )}
    </div>
  );
}

/** The entries that fit a filter, which is told as JSON so that the same filter is the same question. */
function useActivity(filter: string) {
  const fetchPage = useCallback(
    (cursor: string | null, signal: AbortSignal) => listActivity(JSON.parse(filter) as ActivityFilter, cursor, signal),
    [filter],
  );
  return usePages<ActivityItem>(fetchPage);
}

function Row({ item }: { readonly item: ActivityItem }) {
  const { t, locale } = useI18n();
  const known = actions.find((one) => one === item.action);
  const words: Key | null = known === undefined ? null : `action.${known}`;
  const job = item.action.startsWith("job:");
  return (
    <tr>
      <td className="wide nowrap">
        <Moment iso={item.at} />
      </td>
      <td className="wide activity-user">{item.user}</td>
      <th scope="row" title={item.request_id === null ? undefined : `${t("error.requestId")}: ${item.request_id}`}>
        <span className={item.action === "login-failed" ? "activity-bad" : undefined}>
          {words === null ? item.action : t(words)}
        </span>
        {item.object_name !== null && item.object_name !== "" && (
          <>
            {" "}
            {item.object !== null && !job && /^(upload|version|download|change|restore)$/.test(item.action) ? (
              <Link to={`/documents/${item.object}`} className="activity-object">
                <bdi>{item.object_name}</bdi>
              </Link>
            ) : (
              <bdi className="activity-object">{item.object_name}</bdi>
            )}
          </>
        )}
        <small className="narrow muted">
          {formatMoment(item.at, locale)} · {item.user} · {item.address}
        </small>
      </th>
      <td className="wide nowrap">{item.address}</td>
    </tr>
  );
}
