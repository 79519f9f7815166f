export interface Toast {
  readonly key: number;
  readonly text: string;
  readonly tone: "plain" | "error";
  readonly action?: { readonly label: string; readonly run: () => void } | undefined;
}

const SHOWN_MS = 7000;
const listeners = new Set<() => void>();
let shown: readonly Toast[] = [];
let nextKey = 1;

/** A short word about what just happened, which goes away by itself. */
export function toast(text: string, options: Partial<Pick<Toast, "tone" | "action">> = {}): void {
  const key = nextKey++;
  set([...shown, { key, text, tone: "plain", ...options }]);
  setTimeout(() => {
    dismissToast(key);
  }, SHOWN_MS);
}

export function dismissToast(key: number): void {
  set(shown.filter((one) => one.key !== key));
}

export function subscribeToasts(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

export function currentToasts(): readonly Toast[] {
  return shown;
}

function set(next: readonly Toast[]): void {
  shown = next;
  for (const listener of listeners) listener();
}
