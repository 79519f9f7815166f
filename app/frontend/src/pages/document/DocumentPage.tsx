import "./document.css";
import { type ReactNode, useCallback, useRef, useState, useSyncExternalStore } from "react";
import { changeDocument, downloadPath, getDocument, restoreDocument, trashDocument } from "../../api/documents";
import { type ApiError, toApiError } from "../../api/problem";
import type { DocumentItem } from "../../api/types";
import { ErrorNotice } from "../../components/ErrorNotice";
import { Field } from "../../components/Field";
import { FileBadge } from "../../components/FileBadge";
import { FormDialog } from "../../components/FormDialog";
import { Icon } from "../../components/Icon";
import { Menu, type MenuItem } from "../../components/Menu";
import { Moment } from "../../components/Moment";
import { Loading } from "../../components/States";
import { toast } from "../../components/toasts";
import { TransferList } from "../../components/TransferList";
import { useI18n } from "../../i18n/I18n";
import { formatSize } from "../../lib/format";
import { Link, navigate, usePath, useQuery } from "../../lib/router";
import { useResource } from "../../lib/usePolling";
import { useFeatures } from "../../session/features";
import { useMe } from "../../session/Session";
import { transfers } from "../../transfers/store";
import { PreviewPane } from "./PreviewPane";
import { Tags } from "./Tags";
import { Versions } from "./Versions";

export default function DocumentPage() {
  const { t } = useI18n();
  const id = usePath().split("/")[2] ?? "";
  const { items: running, revision } = useSyncExternalStore(transfers.subscribe, transfers.getSnapshot);
  // The revision is not used: it only makes the question a new one.
  const ask = useCallback(async (signal: AbortSignal) => ({ document: await getDocument(id, signal), revision }), [id, revision]);
  const { data, error, refresh } = useResource(ask);
  const [shown, setShown] = useState<DocumentItem | null>(null);
  const [taken, setTaken] = useState(data);
  if (data !== taken) {
    setTaken(data);
    if (data !== null) setShown(data.document);
  }

  const here = running.filter((item) => (item.kind === "upload" ? item.document === id : item.what === "summarise"));
  return (
    <div className="document-page">
      <Link to="/documents" className="back-link">
        <Icon name="back" />
        {t("document.back")}
      </Link>
      {error !== null && <ErrorNotice heading={t("document.failed")} error={error} onRetry={refresh} />}
      {shown?.id === id ? (
        <Whole
          key={id}
          item={shown}
          revision={revision}
          onChanged={setShown}
          transfers={here.length > 0 ? <TransferList items={here} /> : null}
        />
      ) : (
        error === null && <Loading />
      )}
    </div>
  );
}

interface WholeProps {
  readonly item: DocumentItem;
  readonly revision: number;
  readonly onChanged: (item: DocumentItem) => void;
  readonly transfers: ReactNode;
}

function Whole({ item, revision, onChanged, transfers: running }: WholeProps) {
  const { t, locale } = useI18n();
  const me = useMe();
  const features = useFeatures();
  const query = useQuery();
  const mine = me.role === "admin" || (me.role === "editor" && item.owner === me.username);
  const version = Number(query.get("version")) || undefined;
  const input = useRef<HTMLInputElement>(null);
  const [renaming, setRenaming] = useState(false);
  const [failure, setFailure] = useState<ApiError | null>(null);

  const attempt = async (work: () => Promise<void>) => {
    setFailure(null);
    try {
      await work();
    } catch (error) {
      setFailure(toApiError(error));
    }
  };
  const change = (what: Parameters<typeof changeDocument>[1]) =>
    attempt(async () => {
      onChanged(await changeDocument(item.id, what));
    });
  const trash = () =>
    attempt(async () => {
      await trashDocument(item.id);
      toast(t("documents.trashed", { name: item.name }), {
        action: {
          label: t("app.undo"),
          run: () => {
            restoreDocument(item.id).then(
              () => {
                navigate(`/documents/${item.id}`);
              },
              () => {
                toast(t("documents.restoreFailed"), { tone: "error" });
              },
            );
          },
        },
      });
      navigate("/documents");
    });

  const actions: MenuItem[] = [];
  if (mine) {
    actions.push({ label: t("document.rename"), icon: "pen", onSelect: () => { setRenaming(true); } });
    actions.push({
      label: t(item.shared ? "document.unshare" : "document.share"),
      icon: item.shared ? "lock" : "share",
      onSelect: () => void change({ shared: !item.shared }),
    });
    if (features?.summarise === true) {
      actions.push({
        label: t("selection.summarise"),
        icon: "spark",
        onSelect: () =>
          void attempt(() =>
            transfers.startJob({ kind: "summarise", documents: [item.id] }, { what: "summarise", count: 1 }),
          ),
      });
    }
    actions.push({ label: t("documents.trash"), icon: "trash", danger: true, onSelect: () => void trash() });
  }

  return (
    <>
      <header className="document-head">
        <FileBadge name={item.name} />
        <div className="document-head-text">
          <h1>
            <bdi>{item.name}</bdi>
          </h1>
          <p className="document-facts">
            <span>{formatSize(item.size, locale)}</span>
            <span>{t("document.version", { n: item.version })}</span>
            <span>
              <Moment iso={item.updated_at} />
            </span>
            <span>{item.owner}</span>
            <span className={item.shared ? "state state-ok" : "state"}>
              <Icon name={item.shared ? "users" : "lock"} />
              {t(item.shared ? "documents.shared" : "document.private")}
            </span>
          </p>
          <Tags
            tags={item.tags}
            editable={mine}
            onChange={(tags) => void change({ tags })}
          />
        </div>
        <div className="page-actions">
          <a className="button button-primary" href={downloadPath(item.id)} download={item.name}>
            <Icon name="download" />
            {t("documents.download")}
          </a>
          {mine && (
            <button type="button" className="button" onClick={() => input.current?.click()}>
              <Icon name="upload" />
              {t("document.newVersion")}
            </button>
          )}
          {actions.length > 0 && <Menu label={t("documents.moreNamed", { name: item.name })} items={actions} />}
          <input
            ref={input}
            type="file"
            hidden
            aria-label={t("document.newVersion")}
            onChange={(event) => {
              transfers.addFiles(Array.from(event.target.files ?? []), item.id);
              event.target.value = "";
            }}
          />
        </div>
      </header>
      {running}
      {failure !== null && (
        <ErrorNotice
          heading={t("document.changeFailed")}
          error={failure}
          onDismiss={() => {
            setFailure(null);
          }}
        />
      )}
      <div className="document-body">
        <PreviewPane
          key={`${version ?? "current"}-${item.version}`}
          item={item}
          version={version}
          wantedSheet={query.get("sheet")}
          wantedRow={Number(query.get("row")) || null}
        />
        <Versions item={item} shown={version ?? item.version} revision={revision} />
      </div>
      {renaming && (
        <FormDialog
          title={t("document.rename")}
          action={t("app.save")}
          onSubmit={async (value) => {
            onChanged(await changeDocument(item.id, { name: value("name").trim() }));
          }}
          onClose={() => {
            setRenaming(false);
          }}
        >
          <Field label={t("documents.name")} name="name" defaultValue={item.name} maxLength={255} required autoComplete="off" />
        </FormDialog>
      )}
    </>
  );
}
