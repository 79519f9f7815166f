import { useEffect, useRef } from "react";
import { downloadPath } from "../../api/documents";
import { withQuery } from "../../api/client";
import type { DocumentItem } from "../../api/types";
import { FileBadge } from "../../components/FileBadge";
import { Icon } from "../../components/Icon";
import { Marked } from "../../components/Marked";
import { Menu, type MenuItem } from "../../components/Menu";
import { Moment } from "../../components/Moment";
import { useI18n } from "../../i18n/I18n";
import { formatMoment, formatSize } from "../../lib/format";
import { excerpt } from "../../lib/highlight";
import { Link, navigate } from "../../lib/router";
import { useMe } from "../../session/Session";

interface Props {
  readonly items: readonly DocumentItem[];
  readonly search: string;
  readonly trash: boolean;
  readonly selected: ReadonlySet<string>;
  readonly onSelect: (selected: ReadonlySet<string>) => void;
  readonly onTag: (tag: string) => void;
  readonly onTrash: (item: DocumentItem) => void;
  readonly onRestore: (item: DocumentItem) => void;
}

export function DocumentTable(props: Props) {
  const { t } = useI18n();
  const { items, trash, selected, onSelect } = props;
  const toggle = (id: string) => {
    const next = new Set(selected);
    if (!next.delete(id)) next.add(id);
    onSelect(next);
  };
  return (
    <table className="table documents-table">
      <caption className="visually-hidden">{t(trash ? "documents.list.trash" : "documents.list")}</caption>
      <thead>
        <tr>
          <th scope="col" className="cell-check">
            <SelectAll items={items} selected={selected} onSelect={onSelect} />
          </th>
          <th scope="col">{t("documents.name")}</th>
          <th scope="col" className="cell-number wide">
            {t("documents.size")}
          </th>
          <th scope="col" className="wide">
            {t(trash ? "documents.deleted" : "documents.changed")}
          </th>
          <th scope="col" className="wide">
            {t("documents.owner")}
          </th>
          <th scope="col" className="cell-action">
            <span className="visually-hidden">{t("documents.actions")}</span>
          </th>
        </tr>
      </thead>
      <tbody>
        {items.map((item) => (
          <Row
            key={item.id}
            {...props}
            item={item}
            isSelected={selected.has(item.id)}
            onToggle={() => {
              toggle(item.id);
            }}
          />
        ))}
      </tbody>
    </table>
  );
}

interface RowProps extends Props {
  readonly item: DocumentItem;
  readonly isSelected: boolean;
  readonly onToggle: () => void;
}

function Row({ item, search, trash, isSelected, onToggle, onTag, onTrash, onRestore }: RowProps) {
  const { t, locale } = useI18n();
  const me = useMe();
  const mine = me.role === "admin" || (me.role === "editor" && item.owner === me.username);
  const size = formatSize(item.size, locale);
  const moment = item.deleted_at ?? item.updated_at;
  const place = { sheet: item.match?.sheet, row: item.match?.row };
  const actions: MenuItem[] = [
    {
      label: t("documents.open"),
      icon: "eye",
      onSelect: () => {
        navigate(`/documents/${item.id}`);
      },
    },
  ];
  if (item.version > 1 && item.kind === "table") {
    actions.push({
      label: t("documents.compareLast"),
      icon: "compare",
      onSelect: () => {
        navigate(`/compare?left=${item.id}&from=${item.version - 1}&to=${item.version}`);
      },
    });
  }
  if (mine) {
    actions.push({
      label: t("documents.trash"),
      icon: "trash",
      danger: true,
      onSelect: () => {
        onTrash(item);
      },
    });
  }
  return (
    <tr className={isSelected ? "selected" : undefined}>
      <td className="cell-check">
        <label className="check">
          <input
            type="checkbox"
            aria-label={t("documents.select", { name: item.name })}
            checked={isSelected}
            onChange={onToggle}
          />
        </label>
      </td>
      <th scope="row">
        <div className="document-name">
          <FileBadge name={item.name} />
          <span className="document-text">
            <span className="document-title" title={item.name}>
              <bdi>
                {trash ? (
                  <Marked text={item.name} search={search} />
                ) : (
                  <Link to={`/documents/${item.id}`} className="document-link">
                    <Marked text={item.name} search={search} />
                  </Link>
                )}
              </bdi>
              {item.version > 1 && (
                <span className="version" title={`${t("documents.version")} ${item.version}`}>
                  v{item.version}
                </span>
              )}
              {item.shared && (
                <span className="shared" title={t("documents.shared")}>
                  <Icon name="users" />
                  <span className="visually-hidden">{t("documents.shared")}</span>
                </span>
              )}
            </span>
            {item.match !== null && (
              <Link to={withQuery(`/documents/${item.id}`, place)} className="document-match">
                <span>{t("documents.match", { sheet: item.match.sheet, row: item.match.row })}</span>{" "}
                <Marked text={excerpt(item.match.text, search)} search={search} />
              </Link>
            )}
            <span className="document-meta narrow">
              {size} · {formatMoment(moment, locale)} · {item.owner}
            </span>
            {item.tags.length > 0 && (
              <span className="document-tags">
                {item.tags.map((tag) => (
                  <button
                    key={tag}
                    type="button"
                    className="tag-pill"
                    aria-label={t("documents.byTag", { tag })}
                    onClick={() => {
                      onTag(tag);
                    }}
                  >
                    {tag}
                  </button>
                ))}
              </span>
            )}
          </span>
        </div>
      </th>
      <td className="cell-number wide">{size}</td>
      <td className="wide">
        <Moment iso={moment} />
      </td>
      <td className="wide cell-owner">{item.owner}</td>
      <td className="cell-action">
        {trash ? (
          <button
            type="button"
            className="icon-button"
            aria-label={t("documents.restoreNamed", { name: item.name })}
            title={t("selection.restore")}
            onClick={() => {
              onRestore(item);
            }}
          >
            <Icon name="restore" />
          </button>
        ) : (
          <span className="row-actions">
            <a
              className="icon-button"
              href={downloadPath(item.id)}
              download={item.name}
              aria-label={t("documents.downloadNamed", { name: item.name })}
              title={t("documents.download")}
            >
              <Icon name="download" />
            </a>
            <Menu label={t("documents.moreNamed", { name: item.name })} items={actions} />
          </span>
        )}
      </td>
    </tr>
  );
}

type SelectAllProps = Pick<Props, "items" | "selected" | "onSelect">;

function SelectAll({ items, selected, onSelect }: SelectAllProps) {
  const { t } = useI18n();
  const box = useRef<HTMLInputElement>(null);
  const all = items.every((item) => selected.has(item.id));
  const some = selected.size > 0 && !all;

  useEffect(() => {
    if (box.current !== null) box.current.indeterminate = some;
  }, [some]);

  return (
    <label className="check">
      <input
        ref={box}
        type="checkbox"
        aria-label={t("documents.selectAll")}
        checked={all}
        onChange={() => {
          onSelect(all ? new Set() : new Set(items.map((item) => item.id)));
        }}
      />
    </label>
  );
}
