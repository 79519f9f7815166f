import { type ComponentType, lazy, type LazyExoticComponent } from "react";
import type { Role } from "../api/types";
import type { IconName } from "../components/Icon";
import type { Key } from "../i18n/translate";

/** The rooms of the house: a new page is a folder beside this file and an entry here. */
export interface Page {
  /** A page that ends in "/*" shows one thing of those that the page before lists. */
  readonly path: string;
  readonly title: Key;
  readonly icon: IconName;
  /** Who sees it in the menu; without it everybody. */
  readonly only?: Role;
  readonly load: () => Promise<{ default: ComponentType }>;
  readonly Component: LazyExoticComponent<ComponentType>;
}

function page(path: string, title: Key, icon: IconName, load: Page["load"], only?: Role): Page {
  const made = { path, title, icon, load, Component: lazy(load) };
  return only === undefined ? made : { ...made, only };
}

export const pages: readonly Page[] = [
  page("/documents", "nav.documents", "documents", () => import("./documents/DocumentsPage")),
  page("/documents/*", "nav.document", "documents", () => import("./document/DocumentPage")),
  page("/compare", "nav.compare", "compare", () => import("./compare/ComparePage")),
  page("/jobs", "nav.jobs", "jobs", () => import("./jobs/JobsPage")),
  page("/activity", "nav.activity", "activity", () => import("./activity/ActivityPage")),
  page("/users", "nav.users", "users", () => import("./users/UsersPage"), "admin"),
  page("/system", "nav.system", "system", () => import("./system/SystemPage")),
  page("/account", "nav.account", "user", () => import("./account/AccountPage")),
  page("/about", "nav.about", "info", () => import("./about/AboutPage")),
];

export const homePath = "/documents";
export const accountPath = "/account";

/** What the menu lists for somebody of this role. */
export function menuFor(role: Role): readonly Page[] {
  return pages.filter(({ path, only }) => !path.endsWith("/*") && (only === undefined || only === role));
}

export function pageAt(path: string): Page | undefined {
  const bare = path.replace(/\/+$/, "");
  return (
    pages.find((one) => one.path === bare) ??
    pages.find((one) => one.path.endsWith("/*") && /^\/[^/]+$/.test(bare.slice(one.path.length - 2)) && bare.startsWith(one.path.slice(0, -1)))
  );
}
