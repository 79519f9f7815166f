import { useEffect, useRef } from "react";
import { downloadPath } from "../../api/client";
import type { DocumentItem } from "../../api/types";
import { FileBadge } from "../../components/FileBadge";
import { Icon } from "../../components/Icon";
import { useI18n } from "../../i18n/I18n";
import { formatExactMoment, formatMoment, formatSize } from "../../lib/format";

interface Props {
  readonly items: readonly DocumentItem[];
  readonly selected: ReadonlySet<string>;
  readonly onSelect: (selected: ReadonlySet<string>) => void;
}

export function DocumentTable({ items, selected, onSelect }: Props) {
  const { t } = useI18n();
  const toggle = (id: string) => {
    const next = new Set(selected);
    if (!next.delete(id)) next.add(id);
    onSelect(next);
  };
  return (
    <table className="documents-table">
      <caption className="visually-hidden">{t("documents.list")}</caption>
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
            {t("documents.changed")}
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
            item={item}
            selected={selected.has(item.id)}
            onToggle={() => {
              toggle(item.id);
            }}
          />
        ))}
      </tbody>
    </table>
  );
}

interface RowProps {
  readonly item: DocumentItem;
  readonly selected: boolean;
  readonly onToggle: () => void;
}

function Row({ item, selected, onToggle }: RowProps) {
  const { t, locale } = useI18n();
  const size = formatSize(item.size, locale);
  const changed = formatMoment(item.updated_at, locale);
  const exact = formatExactMoment(item.updated_at, locale);
  return (
    <tr className={selected ? "selected" : undefined}>
      <td className="cell-check">
        <label className="check">
          <input
            type="checkbox"
            aria-label={t("documents.select", { name: item.name })}
            checked={selected}
            onChange={onToggle}
          />
        </label>
      </td>
      <th scope="row">
        <div className="document-name">
          <FileBadge name={item.name} />
          <span className="document-text">
            <span className="document-title" title={item.name}>
              <bdi>{item.name}</bdi>
              {item.version > 1 && (
                <span className="version" title={`${t("documents.version")} ${item.version}`}>
                  v{item.version}
                </span>
              )}
            </span>
            <span className="document-meta narrow">
              {size} · {changed} · {item.owner}
            </span>
          </span>
        </div>
      </th>
      <td className="cell-number wide">{size}</td>
      <td className="wide">
        <time dateTime={item.updated_at} title={exact}>
          {changed}
        </time>
      </td>
      <td className="wide cell-owner">{item.owner}</td>
      <td className="cell-action">
        <a
          className="icon-button"
          href={downloadPath(item.id)}
          download={item.name}
          aria-label={t("documents.downloadNamed", { name: item.name })}
          title={t("documents.download")}
        >
          <Icon name="download" />
        </a>
      </td>
    </tr>
  );
}

function SelectAll({ items, selected, onSelect }: Props) {
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
