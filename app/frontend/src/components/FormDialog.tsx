import { type ReactNode, type SubmitEvent, useState } from "react";
import { type ApiError, toApiError } from "../api/problem";
import { useI18n } from "../i18n/I18n";
import { Dialog } from "./Dialog";
import { ErrorNotice } from "./ErrorNotice";

interface Props {
  readonly title: string;
  readonly action: string;
  /** What it does with the form's values; an ApiError is told and the dialog stays. */
  readonly onSubmit: (values: (name: string) => string) => Promise<void>;
  readonly onClose: () => void;
  readonly children: ReactNode;
}

/** A dialog with a form in it. */
export function FormDialog({ title, action, onSubmit, onClose, children }: Props) {
  const { t } = useI18n();
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<ApiError | null>(null);
  const submit = async (form: HTMLFormElement) => {
    setBusy(true);
    setError(null);
    try {
      await onSubmit(reader(form));
      onClose();
    } catch (caught) {
      setError(toApiError(caught));
      setBusy(false);
    }
  };
  return (
    <Dialog title={title} onClose={onClose}>
      <form
        className="form"
        onSubmit={(event: SubmitEvent<HTMLFormElement>) => {
          event.preventDefault();
          void submit(event.currentTarget);
        }}
      >
        {error !== null && <ErrorNotice error={error} />}
        {children}
        <div className="dialog-actions">
          <button type="button" className="button" onClick={onClose}>
            {t("app.cancel")}
          </button>
          <button type="submit" className="button button-primary" disabled={busy}>
            {busy && <span className="spinner spinner-small" aria-hidden="true" />}
            {action}
          </button>
        </div>
      </form>
    </Dialog>
  );
}

/** Reads a form's text fields by name; "" for what is not there. */
export function reader(form: HTMLFormElement): (name: string) => string {
  const values = new FormData(form);
  return (name) => {
    const value = values.get(name);
    return typeof value === "string" ? value : "";
  };
}
