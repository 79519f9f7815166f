import { type ReactNode, useEffect, useRef, useState } from "react";
import { Brand } from "../components/Brand";
import { Icon } from "../components/Icon";
import { Toasts } from "../components/Toasts";
import { useI18n } from "../i18n/I18n";
import { usePath } from "../lib/router";
import { useHealth } from "../lib/useHealth";
import { HealthContext } from "./HealthContext";
import { Sidebar } from "./Sidebar";

/** What is around every page: a sidebar on wide screens, a bar with a drawer on narrow ones. */
export function Shell({ children }: { readonly children: ReactNode }) {
  const { t } = useI18n();
  const health = useHealth();
  const path = usePath();
  const drawer = useRef<HTMLDialogElement>(null);
  const [drawerOpen, setDrawerOpen] = useState(false);
  const main = useRef<HTMLElement>(null);
  const shown = useRef(path);

  useEffect(() => {
    // A new page: close the drawer and let the keyboard and the screen reader begin at its start.
    if (shown.current === path) return;
    const first = shown.current === "/";
    shown.current = path;
    drawer.current?.close();
    if (!first) main.current?.focus({ preventScroll: true });
    window.scrollTo(0, 0);
  }, [path]);

  return (
    <HealthContext value={health}>
      <a className="skip" href="#main">
        {t("app.skip")}
      </a>
      <div className="shell">
        <header className="topbar">
          <button
            type="button"
            className="icon-button"
            aria-label={t("app.menu")}
            aria-haspopup="dialog"
            onClick={() => {
              setDrawerOpen(true);
              drawer.current?.showModal();
            }}
          >
            <Icon name="menu" />
          </button>
          <Brand />
        </header>
        <aside className="sidebar">
          <Brand />
          <Sidebar />
        </aside>
        <dialog
          ref={drawer}
          className="drawer"
          aria-label={t("app.menu")}
          onClose={() => {
            setDrawerOpen(false);
          }}
        >
          <div className="drawer-head">
            <Brand />
            <button
              type="button"
              className="icon-button"
              aria-label={t("app.close")}
              onClick={() => drawer.current?.close()}
            >
              <Icon name="close" />
            </button>
          </div>
          {drawerOpen && <Sidebar />}
        </dialog>
        <main id="main" ref={main} tabIndex={-1}>
          {children}
        </main>
      </div>
      <Toasts />
    </HealthContext>
  );
}
