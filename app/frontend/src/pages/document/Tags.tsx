import { useState } from "react";
import { Field } from "../../components/Field";
import { FormDialog } from "../../components/FormDialog";
import { Icon } from "../../components/Icon";
import { useI18n } from "../../i18n/I18n";
import { withQuery } from "../../api/client";
import { splitTags } from "../../lib/tags";
import { Link } from "../../lib/router";

interface Props {
  readonly tags: readonly string[];
  readonly editable: boolean;
  readonly onChange: (tags: readonly string[]) => void;
}

/** The tags of a document: each leads to the documents that have it. */
export function Tags({ tags, editable, onChange }: Props) {
  const { t } = useI18n();
  const [editing, setEditing] = useState(false);
  return (
    <div className="document-tags">
      {tags.map((tag) => (
        <Link key={tag} to={withQuery("/documents", { tag })} className="tag-pill">
          {tag}
        </Link>
      ))}
      {editable && (
        <button
          type="button"
          className="tag-pill tag-add"
          onClick={() => {
            setEditing(true);
          }}
        >
          <Icon name="plus" />
          {t(tags.length === 0 ? "tags.first" : "tags.edit")}
        </button>
      )}
      {editing && (
        <FormDialog
          title={t("tags.edit")}
          action={t("app.save")}
          onSubmit={(value) => {
            onChange(splitTags(value("tags")));
            return Promise.resolve();
          }}
          onClose={() => {
            setEditing(false);
          }}
        >
          <Field
            label={t("tags.label")}
            hint={t("tags.hint")}
            name="tags"
            defaultValue={tags.join(", ")}
            maxLength={1000}
            autoComplete="off"
          />
        </FormDialog>
      )}
    </div>
  );
}
