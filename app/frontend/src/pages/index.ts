import { type ComponentType, lazy, type LazyExoticComponent } from "react";
import type { IconName } from "../components/Icon";
import type { Key } from "../i18n/translate";

/** The rooms of the house: a new page is a folder beside this file and an entry here. */
export interface Page {
  readonly path: string;
  readonly title: Key;
  readonly icon: IconName;
  readonly load: () => Promise<{ default: ComponentType }>;
  readonly Component: LazyExoticComponent<ComponentType>;
}

function page(path: string, title: Key, icon: IconName, load: Page["load"]): Page {
  return { path, title, icon, load, Component: lazy(load) };
}

export const pages: readonly Page[] = [
  page("/documents", "nav.documents", "documents", () => import("./documents/DocumentsPage")),
  page("/system", "nav.system", "system", () => import("./system/SystemPage")),
];

export const homePath = "/documents";

export function pageAt(path: string): Page | undefined {
  return pages.find((one) => one.path === path.replace(/\/+$/, ""));
}
