import { useState } from "react";
import type { BatchAction, DocumentItem, NewJob } from "../../api/types";
import { Confirm } from "../../components/Dialog";
import { Field } from "../../components/Field";
import { FormDialog } from "../../components/FormDialog";
import { Icon } from "../../components/Icon";
import { Menu, type MenuItem } from "../../components/Menu";
import { useI18n } from "../../i18n/I18n";
import { navigate } from "../../lib/router";
import { splitTags } from "../../lib/tags";
import { useFeatures } from "../../session/features";
import { useMe } from "../../session/Session";
import type { Told } from "../../transfers/store";

interface Props {
  readonly items: readonly DocumentItem[];
  readonly trash: boolean;
  readonly onJob: (job: NewJob, told: Told) => Promise<void>;
  readonly onDelete: () => Promise<void>;
  readonly onClear: () => void;
}

/** What can be done with the selected documents. */
export function SelectionBar({ items, trash, onJob, onDelete, onClear }: Props) {
  const { t, count } = useI18n();
  const mayWrite = useMe().role !== "viewer";
  const features = useFeatures();
  const [busy, setBusy] = useState(false);
  const [asking, setAsking] = useState<"tag" | "untag" | "delete" | null>(null);
  const documents = items.map((item) => item.id);
  const tables = items.every((item) => item.kind === "table");

  const run = async (work: () => Promise<void>) => {
    setBusy(true);
    await work();
    setBusy(false);
  };
  const start = (job: NewJob, what: Told["what"]) => void run(() => onJob(job, { what, count: documents.length }));
  const batch = (action: BatchAction, tags?: readonly string[]) => {
    start({ kind: "batch", action, documents, ...(tags === undefined ? {} : { tags }) }, action);
  };

  const more: MenuItem[] = [];
  if (tables) {
    for (const format of ["xlsx", "csv"] as const) {
      more.push({
        label: t("selection.exportAs", { format }),
        icon: "download",
        onSelect: () => {
          start({ kind: "export", documents, format }, "export");
        },
      });
    }
  }
  if (mayWrite) {
    if (features?.summarise === true) {
      more.push({
        label: t("selection.summarise"),
        icon: "spark",
        onSelect: () => {
          start({ kind: "summarise", documents }, "summarise");
        },
      });
    }
    const actions = [
      ["tag", "tag", () => { setAsking("tag"); }],
      ["untag", "tag", () => { setAsking("untag"); }],
      ["share", "share", () => { batch("share"); }],
      ["unshare", "lock", () => { batch("unshare"); }],
    ] as const;
    for (const [action, icon, onSelect] of actions) more.push({ label: t(`selection.${action}`), icon, onSelect });
    more.push({
      label: t("selection.trash"),
      icon: "trash",
      danger: true,
      onSelect: () => {
        batch("trash");
      },
    });
  }

  return (
    <section className="selection" aria-label={t("selection.bar")}>
      <span role="status">{count("selection.count", items.length)}</span>
      {trash ? (
        <>
          <button type="button" className="button button-primary" disabled={busy} onClick={() => { batch("restore"); }}>
            <Icon name="restore" />
            {t("selection.restore")}
          </button>
          <button type="button" className="button button-danger" disabled={busy} onClick={() => { setAsking("delete"); }}>
            <Icon name="trash" />
            {t("selection.delete")}
          </button>
        </>
      ) : (
        <>
          <button
            type="button"
            className="button button-primary"
            disabled={busy}
            onClick={() => {
              start({ kind: "export", documents }, "export");
            }}
          >
            {busy ? <span className="spinner spinner-small" aria-hidden="true" /> : <Icon name="archive" />}
            {t("selection.export")}
          </button>
          {tables && items.length === 2 && (
            <button
              type="button"
              className="button"
              onClick={() => {
                // The list shows the newest first; the older one is what one compares with.
                const [right = "", left = ""] = documents;
                navigate(`/compare?left=${left}&right=${right}`);
              }}
            >
              <Icon name="compare" />
              {t("selection.compare")}
            </button>
          )}
          {more.length > 0 && <Menu label={t("selection.more")} items={more} />}
        </>
      )}
      <button type="button" className="icon-button" aria-label={t("selection.clear")} title={t("selection.clear")} onClick={onClear}>
        <Icon name="close" />
      </button>
      {(asking === "tag" || asking === "untag") && (
        <FormDialog
          title={t(`selection.${asking}`)}
          action={t(asking === "tag" ? "tags.add" : "tags.remove")}
          onSubmit={(value) => {
            batch(asking, splitTags(value("tags")));
            return Promise.resolve();
          }}
          onClose={() => {
            setAsking(null);
          }}
        >
          <Field label={t("tags.label")} hint={t("tags.hint")} name="tags" maxLength={300} required autoComplete="off" />
        </FormDialog>
      )}
      {asking === "delete" && (
        <Confirm
          title={t("selection.delete")}
          text={count("selection.deleteAsk", items.length)}
          action={t("selection.delete")}
          onConfirm={() => void run(onDelete)}
          onClose={() => {
            setAsking(null);
          }}
        />
      )}
    </section>
  );
}
