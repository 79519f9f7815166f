import "./documents.css";
import { useCallback, useEffect, useRef, useState, useSyncExternalStore } from "react";
import { deleteForever, listDocuments, listTags, restoreDocument, trashDocument } from "../../api/documents";
import { withQuery } from "../../api/client";
import { type ApiError, toApiError } from "../../api/problem";
import type { DocumentItem, NewJob, Tag } from "../../api/types";
import { ErrorNotice } from "../../components/ErrorNotice";
import { Icon } from "../../components/Icon";
import { Empty, MoreFoot, PageHead, Skeleton } from "../../components/States";
import { toast } from "../../components/toasts";
import { TransferList } from "../../components/TransferList";
import { useI18n } from "../../i18n/I18n";
import { navigate, useQuery } from "../../lib/router";
import { usePages } from "../../lib/usePages";
import { useMe } from "../../session/Session";
import { type Told, transfers } from "../../transfers/store";
import { DocumentTable } from "./DocumentTable";
import { LinkButton } from "./LinkButton";
import { SelectionBar } from "./SelectionBar";
import { Toolbar } from "./Toolbar";
import { useFileDrop } from "./useFileDrop";

const none: ReadonlySet<string> = new Set();

export default function DocumentsPage() {
  const { t, count } = useI18n();
  const mayWrite = useMe().role !== "viewer";
  const query = useQuery();
  const q = query.get("q") ?? "";
  const tag = query.get("tag") ?? "";
  const trash = query.get("view") === "trash";
  const { items: running, revision } = useSyncExternalStore(transfers.subscribe, transfers.getSnapshot);
  const fetchPage = useCallback(
    (cursor: string | null, signal: AbortSignal) => listDocuments({ q, tag, trash }, cursor, signal),
    [q, tag, trash],
  );
  const { state, reload, startOver, loadMore } = usePages<DocumentItem>(fetchPage, revision);
  const tags = useTags(revision);
  const [selection, setSelection] = useState({ trash, ids: none });
  const [failure, setFailure] = useState<ApiError | null>(null);
  const input = useRef<HTMLInputElement>(null);
  const hovering = useFileDrop(mayWrite && !trash, addFiles);

  // What is selected in one view is not meant in the other.
  const selected = selection.trash === trash ? selection.ids : none;
  const select = (ids: ReadonlySet<string>) => {
    setSelection({ trash, ids });
  };
  // In the order of the list, whatever the order of the clicks.
  const chosen = state.items.filter((item) => selected.has(item.id));

  useEffect(() => {
    transfers.resume();
  }, []);

  const show = (next: { q?: string; tag?: string; view?: string }) => {
    navigate(withQuery("/documents", { q, tag, view: trash ? "trash" : "", ...next }), "replace");
  };

  const startJob = async (job: NewJob, told: Told) => {
    setFailure(null);
    try {
      await transfers.startJob(job, told);
      select(none);
      // What was started is told at the top of the page.
      window.scrollTo({ top: 0 });
    } catch (error) {
      setFailure(toApiError(error));
    }
  };

  /** Does it and fetches the list anew; what goes wrong is told. */
  const change = async (work: () => Promise<unknown>) => {
    setFailure(null);
    try {
      await work();
    } catch (error) {
      setFailure(toApiError(error));
    }
    startOver();
  };

  const moveToTrash = (item: DocumentItem) =>
    change(async () => {
      await trashDocument(item.id);
      toast(t("documents.trashed", { name: item.name }), {
        action: { label: t("app.undo"), run: () => void change(() => restoreDocument(item.id)) },
      });
    });

  const removeForever = () =>
    change(async () => {
      for (const item of chosen) await deleteForever(item.id);
      select(none);
    });

  const choose = () => input.current?.click();
  const nothing = state.phase === "ready" && state.error === null && state.items.length === 0;
  const untouched = nothing && q === "" && tag === "" && !trash;
  const uploadButton = (
    <button type="button" className="button button-primary" onClick={choose}>
      <Icon name="upload" />
      {t("documents.upload")}
    </button>
  );

  return (
    <div className="documents">
      <PageHead title={t("documents.title")} lead={t("documents.lead")}>
        {mayWrite && (
          <>
            <LinkButton />
            {!untouched && uploadButton}
            <input
              ref={input}
              type="file"
              multiple
              hidden
              aria-label={t("documents.upload")}
              onChange={(event) => {
                addFiles(Array.from(event.target.files ?? []));
                event.target.value = ""; // the same file may be chosen again
              }}
            />
          </>
        )}
      </PageHead>

      {running.length > 0 && <TransferList items={running} />}
      {!untouched && <Toolbar q={q} tag={tag} trash={trash} tags={tags} onChange={show} />}
      {failure !== null && (
        <ErrorNotice
          heading={t("selection.failed")}
          error={failure}
          onDismiss={() => {
            setFailure(null);
          }}
        />
      )}
      {state.error !== null && <ErrorNotice heading={t("documents.failed")} error={state.error} onRetry={reload} />}

      {state.phase === "loading" && <Skeleton />}
      {untouched && (
        <Empty
          icon="documents"
          dashed
          title={t("documents.empty.title")}
          text={t(mayWrite ? "documents.empty.text" : "documents.empty.viewer")}
        >
          {mayWrite && uploadButton}
        </Empty>
      )}
      {nothing && !untouched && (
        <Empty
          icon={q !== "" || tag !== "" ? "search" : "trash"}
          title={t(q !== "" || tag !== "" ? "documents.none.title" : "documents.trash.empty")}
          text={t(q !== "" || tag !== "" ? "documents.none.text" : "documents.trash.about")}
        >
          {(q !== "" || tag !== "") && (
            <button
              type="button"
              className="button"
              onClick={() => {
                show({ q: "", tag: "" });
              }}
            >
              {t("documents.none.clear")}
            </button>
          )}
        </Empty>
      )}
      {state.items.length > 0 && (
        <section className="card" aria-label={t("documents.title")}>
          <DocumentTable
            items={state.items}
            search={q}
            trash={trash}
            selected={selected}
            onSelect={select}
            onTag={(name) => {
              show({ tag: name });
            }}
            onTrash={(item) => void moveToTrash(item)}
            onRestore={(item) => void change(() => restoreDocument(item.id))}
          />
          <MoreFoot
            text={count(state.next === null ? "documents.count" : "documents.shown", state.items.length)}
            next={state.next}
            busy={state.phase === "more"}
            onMore={loadMore}
          />
        </section>
      )}

      {chosen.length > 0 && (
        <SelectionBar
          items={chosen}
          trash={trash}
          onJob={startJob}
          onDelete={removeForever}
          onClear={() => {
            select(none);
          }}
        />
      )}
      {hovering && (
        <div className="drop-veil">
          <div>
            <Icon name="upload" />
            {t("documents.drop")}
          </div>
        </div>
      )}
    </div>
  );
}

function addFiles(files: File[]): void {
  transfers.addFiles(files);
}

/** The tags in use; none while they cannot be had: the list itself tells what is wrong. */
function useTags(revision: number): readonly Tag[] {
  const [tags, setTags] = useState<readonly Tag[]>([]);
  useEffect(() => {
    const stop = new AbortController();
    listTags(stop.signal).then(setTags, () => undefined);
    return () => {
      stop.abort();
    };
  }, [revision]);
  return tags;
}
