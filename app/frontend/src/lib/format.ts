const UNITS = ["byte", "kilobyte", "megabyte", "gigabyte", "terabyte"] as const;

/** A size in bytes for people: 1024 bytes are a KB, three figures at most. */
export function formatSize(bytes: number, locale: string): string {
  let value = Math.max(0, bytes);
  let unit = 0;
  // 1023.5 and more would be shown as 1,024 of the smaller unit.
  while (value >= 1023.5 && unit < UNITS.length - 1) {
    value /= 1024;
    unit += 1;
  }
  return new Intl.NumberFormat(locale, {
    style: "unit",
    unit: UNITS[unit] ?? "byte",
    unitDisplay: unit === 0 ? "long" : "short",
    maximumFractionDigits: unit === 0 || value >= 100 ? 0 : 1,
  }).format(value);
}

/** A moment as date and time; today's and this year's leave out what is plain. */
export function formatMoment(iso: string, locale: string, now: Date = new Date()): string {
  const moment = new Date(iso);
  if (Number.isNaN(moment.getTime())) return iso;
  const time = { hour: "2-digit", minute: "2-digit", hourCycle: "h23" } as const;
  if (moment.toDateString() === now.toDateString()) {
    return new Intl.DateTimeFormat(locale, time).format(moment);
  }
  const date = { month: "short", day: "numeric" } as const;
  if (moment.getFullYear() === now.getFullYear()) {
    return new Intl.DateTimeFormat(locale, { ...date, ...time }).format(moment);
  }
  return new Intl.DateTimeFormat(locale, { ...date, year: "numeric" }).format(moment);
}

/** The moment in full, for a tooltip. */
export function formatExactMoment(iso: string, locale: string): string {
  const moment = new Date(iso);
  if (Number.isNaN(moment.getTime())) return iso;
  return new Intl.DateTimeFormat(locale, { dateStyle: "full", timeStyle: "medium" }).format(moment);
}

/** A share from 0 to 1 as whole per cent, never 100 % before the end. */
export function formatPercent(share: number, locale: string): string {
  const bounded = Math.min(1, Math.max(0, share));
  return new Intl.NumberFormat(locale, { style: "percent" }).format(Math.floor(bounded * 100) / 100);
}

/** How long something took, in the largest unit that says enough; "" when a moment is none. */
export function formatDuration(fromIso: string, toIso: string, locale: string): string {
  const seconds = (Date.parse(toIso) - Date.parse(fromIso)) / 1000;
  if (Number.isNaN(seconds)) return "";
  const [value, unit] =
    seconds < 60 ? ([seconds, "second"] as const) : seconds < 3600 ? ([seconds / 60, "minute"] as const) : ([seconds / 3600, "hour"] as const);
  return new Intl.NumberFormat(locale, { style: "unit", unit, unitDisplay: "short", maximumFractionDigits: value < 10 ? 1 : 0 }).format(
    Math.max(0, value),
  );
}
