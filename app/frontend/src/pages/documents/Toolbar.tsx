import { useEffect, useRef, useState } from "react";
import type { Tag } from "../../api/types";
import { SearchField } from "../../components/Field";
import { Icon } from "../../components/Icon";
import { Segments } from "../../components/Segments";
import { useI18n } from "../../i18n/I18n";
import { isTyping } from "../../lib/isTyping";
import { useDebounced } from "../../lib/useDebounced";

const SETTLE_MS = 220;
const TAGS_SHOWN = 12;

interface Props {
  readonly q: string;
  readonly tag: string;
  readonly trash: boolean;
  readonly tags: readonly Tag[];
  readonly onChange: (next: { q?: string; tag?: string; view?: string }) => void;
}

/** What of the documents is shown: a search as one types, a tag, the trash. */
export function Toolbar({ q, tag, trash, tags, onChange }: Props) {
  const { t } = useI18n();
  const [typed, setTyped] = useState(q);
  const [followed, setFollowed] = useState(q);
  const settled = useDebounced(typed, SETTLE_MS).trim();
  const change = useRef(onChange);

  // The address changed by itself (the back button, "show all"): the field follows.
  if (q !== followed) {
    setFollowed(q);
    if (q !== typed.trim()) setTyped(q);
  }
  useEffect(() => {
    change.current = onChange;
  });
  const asked = useRef(q);
  useEffect(() => {
    if (settled === asked.current) return;
    asked.current = settled;
    change.current({ q: settled });
  }, [settled]);
  useEffect(() => {
    asked.current = q;
  }, [q]);

  useEffect(() => {
    const focusSearch = (event: KeyboardEvent) => {
      if (event.key !== "/" || event.ctrlKey || event.metaKey || isTyping(event.target)) return;
      event.preventDefault();
      document.querySelector<HTMLInputElement>(".toolbar input[type=search]")?.focus();
    };
    window.addEventListener("keydown", focusSearch);
    return () => {
      window.removeEventListener("keydown", focusSearch);
    };
  }, []);

  const offered = tags.slice(0, TAGS_SHOWN);
  return (
    <search className="toolbar">
      <SearchField label={t("documents.search")} value={typed} onChange={setTyped} />
      <Segments
        label={t("documents.view")}
        value={trash ? "trash" : "live"}
        options={[
          { value: "live", label: t("documents.view.live") },
          { value: "trash", label: t("documents.view.trash") },
        ]}
        onChange={(view) => {
          onChange({ view: view === "trash" ? "trash" : "" });
        }}
      />
      {(offered.length > 0 || tag !== "") && (
        <ul className="tag-list" aria-label={t("documents.tags")}>
          {tag !== "" && !offered.some((one) => one.name === tag) && <Chip name={tag} on onToggle={onChange} />}
          {offered.map((one) => (
            <Chip key={one.name} name={one.name} count={one.count} on={one.name === tag} onToggle={onChange} />
          ))}
        </ul>
      )}
    </search>
  );
}

interface ChipProps {
  readonly name: string;
  readonly count?: number;
  readonly on: boolean;
  readonly onToggle: Props["onChange"];
}

function Chip({ name, count, on, onToggle }: ChipProps) {
  return (
    <li>
      <button
        type="button"
        className="chip"
        aria-pressed={on}
        onClick={() => {
          onToggle({ tag: on ? "" : name });
        }}
      >
        {on ? <Icon name="check" /> : <Icon name="tag" />}
        <bdi>{name}</bdi>
        {count !== undefined && <small>{count}</small>}
      </button>
    </li>
  );
}
