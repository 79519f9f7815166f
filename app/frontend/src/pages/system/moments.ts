/** A moment told as ISO text or as Unix seconds, as ISO text. */
export function toIso(moment: string | number): string {
  return typeof moment === "number" ? new Date(moment * 1000).toISOString() : moment;
}
