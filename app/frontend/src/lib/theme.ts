import { useSyncExternalStore } from "react";

export const themes = ["system", "light", "dark"] as const;
export type Theme = (typeof themes)[number];

export const STORAGE_KEY = "tdm.theme";
const BAR = { light: "#ffffff", dark: "#161b22" } as const;
const listeners = new Set<() => void>();

/** The remembered choice; whatever else was remembered counts as none. */
export function chooseTheme(remembered: string | null): Theme {
  return themes.find((theme) => theme === remembered) ?? "system";
}

function read(): Theme {
  try {
    return chooseTheme(window.localStorage.getItem(STORAGE_KEY));
  } catch {
    return "system"; // storage is switched off
  }
}

let current: Theme = "system";

/** Shows the remembered theme; called before anything is drawn. */
export function startTheme(): void {
  show(read());
  window.matchMedia("(prefers-color-scheme: dark)").addEventListener("change", tell);
}

export function setTheme(theme: Theme): void {
  try {
    window.localStorage.setItem(STORAGE_KEY, theme);
  } catch {
    // The choice then lasts as long as the page.
  }
  show(theme);
}

export function useTheme(): Theme {
  return useSyncExternalStore(subscribe, () => current);
}

/** What is to be seen, the system's choice resolved. */
export function useScheme(): "light" | "dark" {
  return useSyncExternalStore(subscribe, scheme);
}

function scheme(): "light" | "dark" {
  if (current !== "system") return current;
  return window.matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light";
}

function show(theme: Theme): void {
  current = theme;
  if (theme === "system") delete document.documentElement.dataset["theme"];
  else document.documentElement.dataset["theme"] = theme;
  for (const bar of document.querySelectorAll<HTMLMetaElement>('meta[name="theme-color"]')) {
    bar.content = BAR[theme === "system" ? (bar.media.includes("dark") ? "dark" : "light") : theme];
  }
  tell();
}

function tell(): void {
  for (const listener of listeners) listener();
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}
