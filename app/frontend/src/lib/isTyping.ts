/** Whether keys belong to what has the focus: a field that takes text, a list of choices, a dialog. */
export function isTyping(target: EventTarget | null): boolean {
  const fields = "input:not([type=radio], [type=checkbox]), textarea, select, dialog";
  return target instanceof HTMLElement && target.closest(fields) !== null;
}
