import { createContext, type ReactNode, use, useEffect, useMemo, useState } from "react";
import type { ApiError } from "../api/problem";
import { en } from "./en";
import {
  chooseLocale,
  type CountedKey,
  type Dictionary,
  type Key,
  type Locale,
  type Parameters,
  STORAGE_KEY,
  translate,
  translateCount,
} from "./translate";
import { zh } from "./zh";

const dictionaries: Readonly<Record<Locale, Dictionary>> = { "zh-CN": zh, en };

interface I18n {
  readonly locale: Locale;
  readonly setLocale: (locale: Locale) => void;
  readonly t: (key: Key, parameters?: Parameters) => string;
  readonly count: (key: CountedKey, n: number) => string;
  /** Title and detail of an error: the service's own words, or ours in Chinese and when it sent none. */
  readonly problem: (error: ApiError) => { title: string; detail: string };
}

const Context = createContext<I18n | null>(null);

function remembered(): string | null {
  try {
    return window.localStorage.getItem(STORAGE_KEY);
  } catch {
    return null; // storage is switched off
  }
}

function remember(locale: Locale): void {
  try {
    window.localStorage.setItem(STORAGE_KEY, locale);
  } catch {
    // The choice then lasts as long as the page.
  }
}

export function I18nProvider({ children }: { readonly children: ReactNode }) {
  const [locale, setLocale] = useState(() => chooseLocale(remembered(), navigator.languages));

  useEffect(() => {
    document.documentElement.lang = locale;
  }, [locale]);

  const value = useMemo<I18n>(() => {
    const dictionary = dictionaries[locale];
    const t: I18n["t"] = (key, parameters) => translate(dictionary, key, parameters);
    return {
      locale,
      setLocale: (next) => {
        remember(next);
        setLocale(next);
      },
      t,
      count: (key, n) => translateCount(dictionary, locale, key, n),
      problem: (error) => {
        if (error.status === 0) return { title: t("error.network.title"), detail: t("error.network.detail") };
        const lookUp = (key: string) => (key in dictionary ? t(key as Key) : undefined);
        const title = lookUp(`error.status.${error.status}`) ?? t("error.status.other", { status: error.status });
        const detail = lookUp(`error.kind.${error.kind}`) ?? error.detail;
        // The service speaks English: there its own words say most.
        return locale === "en" ? { title: error.title || title, detail: error.detail || detail } : { title, detail };
      },
    };
  }, [locale]);

  return <Context value={value}>{children}</Context>;
}

export function useI18n(): I18n {
  const value = use(Context);
  if (value === null) throw new Error("useI18n outside I18nProvider");
  return value;
}
