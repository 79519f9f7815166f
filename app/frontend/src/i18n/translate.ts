import type { en } from "./en";

export type Key = keyof typeof en;
export type Dictionary = Readonly<Record<Key, string>>;
export type Parameters = Readonly<Record<string, string | number>>;

/** What has a form for one and a form for more: "documents.count" for "documents.count.one" and ".other". */
export type CountedKey = Key extends infer K ? (K extends `${infer Base}.one` ? Base : never) : never;

export const locales = ["zh-CN", "en"] as const;
export type Locale = (typeof locales)[number];

export const STORAGE_KEY = "tdm.language";

/** The text of `key` with its {parameters} filled in; a parameter that is not given stays visible. */
export function translate(dictionary: Dictionary, key: Key, parameters: Parameters = {}): string {
  return dictionary[key].replace(/\{(\w+)\}/g, (placeholder, name: string) =>
    Object.hasOwn(parameters, name) ? String(parameters[name]) : placeholder,
  );
}

/** The text for `n` things, in the form that the language has for that number. */
export function translateCount(dictionary: Dictionary, locale: Locale, key: CountedKey, n: number): string {
  const form = new Intl.PluralRules(locale).select(n) === "one" ? "one" : "other";
  return translate(dictionary, `${key}.${form}`, { n: new Intl.NumberFormat(locale).format(n) });
}

/** The remembered language, or the first of the browser's that we speak, or English. */
export function chooseLocale(remembered: string | null, browser: readonly string[]): Locale {
  const known = locales.find((locale) => locale === remembered);
  if (known !== undefined) return known;
  for (const tag of browser) {
    const language = tag.toLowerCase().split("-")[0];
    if (language === "zh") return "zh-CN";
    if (language === "en") return "en";
  }
  return "en";
}
