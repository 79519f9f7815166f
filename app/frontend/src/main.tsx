import "./styles/tokens.css";
import "./styles/base.css";
import "./styles/components.css";
import "./styles/shell.css";
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { App } from "./App";
import { I18nProvider } from "./i18n/I18n";
import { startTheme } from "./lib/theme";
import { homePath, pageAt } from "./pages";
import { SessionProvider } from "./session/Session";
import { transfers } from "./transfers/store";

startTheme();

// The page's own part travels while the service is asked who is there. A failure shows when the page is rendered.
const path = window.location.pathname;
pageAt(path === "/" ? homePath : path)?.load().catch(() => undefined);

window.addEventListener("online", transfers.wake);
// Files on their way would be lost: the browser asks.
window.addEventListener("beforeunload", (event) => {
  if (transfers.uploading) event.preventDefault();
});

const root = document.getElementById("root");
if (root === null) throw new Error("index.html has no #root");
createRoot(root).render(
  <StrictMode>
    <I18nProvider>
      <SessionProvider>
        <App />
      </SessionProvider>
    </I18nProvider>
  </StrictMode>,
);
