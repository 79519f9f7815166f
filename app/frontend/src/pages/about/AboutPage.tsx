import "./about.css";
import { useCallback } from "react";
import { getFeatures } from "../../api/admin";
import { request } from "../../api/client";
import { Brand } from "../../components/Brand";
import { ErrorNotice } from "../../components/ErrorNotice";
import { Loading, PageHead } from "../../components/States";
import { useI18n } from "../../i18n/I18n";
import { useResource } from "../../lib/usePolling";

interface Licence {
  readonly name: string;
  readonly version: string;
  readonly identifier: string;
  readonly text: string;
}

/** What the server is made of; each part's own files say more. */
const parts = [
  ["Flask", "BSD-3-Clause"], ["SQLAlchemy", "MIT"], ["gunicorn", "MIT"], ["RQ", "BSD-2-Clause"],
  ["SQLite", "Public Domain"], ["Redis", "AGPL-3.0"], ["Nginx", "BSD-2-Clause"],
] as const;

export default function AboutPage() {
  const { t } = useI18n();
  const { data, error, refresh } = useResource(getFeatures);
  return (
    <div className="stack">
      <PageHead title={t("about.title")} lead={t("about.lead")} />
      {error !== null && <ErrorNotice heading={t("about.failed")} error={error} onRetry={refresh} />}
      {data === null && error === null && <Loading />}
      {data !== null && (
        <section className="card about" aria-label={t("about.release")}>
          <Brand />
          <dl>
            <dt>{t("about.version")}</dt>
            <dd>{data.version}</dd>
            <dt>{t("about.release")}</dt>
            <dd>
              <code>{data.release}</code>
            </dd>
            <dt>{t("about.upload")}</dt>
            <dd>{data.max_upload_mb} MB</dd>
            <dt>{t("about.summarise")}</dt>
            <dd>{t(data.summarise ? "about.on" : "about.off")}</dd>
            <dt>{t("about.fetch")}</dt>
            <dd>{t(data.fetch ? "about.on" : "about.off")}</dd>
            <dt>{t("about.licence")}</dt>
            <dd>MIT</dd>
          </dl>
        </section>
      )}
      <Licences />
      <section className="card" aria-labelledby="parts-title">
        <header className="card-head">
          <h2 id="parts-title">{t("about.server")}</h2>
        </header>
        <ul className="parts">
          {parts.map(([name, licence]) => (
            <li key={name}>
              <strong>{name}</strong> <span className="muted">{licence}</span>
            </li>
          ))}
        </ul>
      </section>
    </div>
  );
}

/** The licences of what these pages contain, as the build found them. */
function Licences() {
  const { t } = useI18n();
  const ask = useCallback(async (signal: AbortSignal) => (await request("/licences.json", { signal })) as readonly Licence[], []);
  const { data, error, refresh } = useResource(ask);
  return (
    <section className="card" aria-labelledby="licences-title">
      <header className="card-head">
        <h2 id="licences-title">{t("about.pages")}</h2>
      </header>
      {error !== null && <ErrorNotice heading={t("about.licencesFailed")} error={error} onRetry={refresh} />}
      {data === null && error === null && <p className="pad muted">{t("app.loading")}</p>}
      <ul className="licences">
        {data?.map((licence) => (
          <li key={licence.name}>
            <details>
              <summary>
                <strong>{licence.name}</strong> <span className="muted">{licence.version} · {licence.identifier}</span>
              </summary>
              {/* The arrow keys scroll it. */}
              <pre tabIndex={0} role="region" aria-label={licence.name}>{licence.text}</pre>
            </details>
          </li>
        ))}
      </ul>
    </section>
  );
}
