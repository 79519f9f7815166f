import { Suspense, useEffect, useRef } from "react";
import { ErrorBoundary } from "./components/ErrorBoundary";
import { ErrorNotice } from "./components/ErrorNotice";
import { Loading } from "./components/States";
import { useI18n } from "./i18n/I18n";
import { Shell } from "./layout/Shell";
import { Link, navigate, usePath } from "./lib/router";
import { homePath, pageAt } from "./pages";
import { LoginPage } from "./pages/login/LoginPage";
import { useSession } from "./session/Session";

export function App() {
  const { t } = useI18n();
  const { state, refresh } = useSession();
  const path = usePath();
  const page = pageAt(path === "/" ? homePath : path);

  useEffect(() => {
    const here = state.phase === "out" ? "login.title" : page?.title;
    document.title = here === undefined ? t("app.name") : `${t(here)} · ${t("app.name")}`;
  }, [page, state.phase, t]);

  if (state.phase === "loading") return <Loading />;
  if (state.phase === "failed") {
    return (
      <main className="alone">
        <ErrorNotice heading={t("app.unreachable")} error={state.error} onRetry={() => void refresh()} />
      </main>
    );
  }
  if (state.phase === "out") return <LoginPage expired={state.expired} />;
  const allowed = page !== undefined && (page.only === undefined || page.only === state.me.role);
  return (
    <Shell>
      <ErrorBoundary key={path}>
        <Suspense fallback={<Loading />}>
          {allowed ? <page.Component /> : <NotFound />}
          {path === "/" && <ToHome />}
        </Suspense>
      </ErrorBoundary>
    </Shell>
  );
}

function ToHome() {
  const done = useRef(false);
  useEffect(() => {
    if (done.current) return;
    done.current = true;
    navigate(homePath, "replace");
  }, []);
  return null;
}

function NotFound() {
  const { t } = useI18n();
  return (
    <div className="empty">
      <h1>{t("app.notFound.title")}</h1>
      <p>{t("app.notFound.text")}</p>
      <Link to={homePath} className="button button-primary">
        {t("app.notFound.back")}
      </Link>
    </div>
  );
}
