import { useState } from "react";
import { Field } from "../../components/Field";
import { FormDialog } from "../../components/FormDialog";
import { Icon } from "../../components/Icon";
import { useI18n } from "../../i18n/I18n";
import { useFeatures } from "../../session/features";
import { transfers } from "../../transfers/store";

/** Fetches a shared document by its link, where this deployment can. */
export function LinkButton() {
  const { t } = useI18n();
  const features = useFeatures();
  const [open, setOpen] = useState(false);
  if (features?.fetch !== true) return null;
  return (
    <>
      <button
        type="button"
        className="button"
        onClick={() => {
          setOpen(true);
        }}
      >
        <Icon name="link" />
        {t("documents.link")}
      </button>
      {open && (
        <FormDialog
          title={t("documents.link.title")}
          action={t("documents.link.action")}
          onSubmit={(value) => transfers.startJob({ kind: "fetch", url: value("url").trim() }, { what: "fetch", count: 1 })}
          onClose={() => {
            setOpen(false);
          }}
        >
          <Field
            label={t("documents.link.label")}
            hint={t("documents.link.hint")}
            name="url"
            type="url"
            pattern="https://.*"
            maxLength={2000}
            required
          />
        </FormDialog>
      )}
    </>
  );
}
