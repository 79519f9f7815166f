/** The first moment of a day "YYYY-MM-DD" where the browser is, or "". */
export function dayStart(day: string): string {
  return moment(day, 0);
}

/** The first moment after that day, or "". */
export function dayEnd(day: string): string {
  return moment(day, 1);
}

function moment(day: string, later: number): string {
  const [, year, month, date] = /^(\d{4})-(\d\d)-(\d\d)$/.exec(day) ?? [];
  if (year === undefined) return "";
  // By the calendar, not by 24 hours: a day may have 23 or 25.
  return new Date(Number(year), Number(month) - 1, Number(date) + later).toISOString();
}
