"""The report as one HTML file that needs nothing else: no address outside, no script."""

from __future__ import annotations

from html import escape
from typing import Any, Dict, Iterable, Sequence

from monitoring.logs.charts import Series, bars, line
from monitoring.logs.words import covered, duration, moment, size, summary, word

Document = Dict[str, Any]

_STYLE = """
:root { color-scheme: light dark; --ink: #1c2430; --soft: #5b6675; --paper: #f5f7fa; --card: #fff;
  --rule: #dfe4ea;
  --good: #2f6fde; --warn: #d98a00; --bad: #cf3d3d; }
@media (prefers-color-scheme: dark) { :root { --ink: #e8ecf2; --soft: #9aa6b5; --paper: #12161c;
  --card: #1b212a;
  --rule: #2f3742; --good: #6ea0ff; --warn: #f0b24a; --bad: #ff7b7b; } }
* { box-sizing: border-box; }
body { margin: 0; background: var(--paper); color: var(--ink); line-height: 1.5;
  font: 15px/1.5 system-ui, "Segoe UI", Roboto, "Noto Sans", "Noto Sans CJK SC", "PingFang SC",
  "Microsoft YaHei",
  sans-serif; }
main { max-width: 1120px; margin: 0 auto; padding: 24px 16px 48px; }
h1 { font-size: 24px; margin: 0; } h2 { font-size: 17px; margin: 0 0 12px; }
.soft { color: var(--soft); margin: 2px 0 20px; overflow-wrap: anywhere; }
section { background: var(--card); border: 1px solid var(--rule); border-radius: 10px; padding: 16px;
  margin: 0 0 16px; }
.facts { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(46%, 190px), 1fr)); gap: 12px;
  padding: 0; border: 0;
  background: none; }
.fact { background: var(--card); border: 1px solid var(--rule); border-radius: 10px; padding: 12px 14px; }
.fact b { display: block; font-size: 22px; line-height: 1.3; font-variant-numeric: tabular-nums; }
.fact span { color: var(--soft); font-size: 13px; }
.bad-text { color: var(--bad); } ul { margin: 0; padding-left: 20px; } li { overflow-wrap: anywhere; }
.charts { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 460px), 1fr));
  gap: 16px; }
.charts section { margin: 0; min-width: 0; } .charts { margin: 0 0 16px; }
svg { display: block; width: 100%; height: auto; } svg .axis { fill: var(--soft); font-size: 11px; }
svg .grid { stroke: var(--rule); } .good { fill: var(--good); } .warn { fill: var(--warn); }
  .bad { fill: var(--bad); }
svg .line { fill: none; stroke: var(--good); stroke-width: 2; } svg .tip { fill: transparent; }
svg .tip:hover { fill: var(--ink); fill-opacity: .06; }
.scroll { overflow-x: auto; } table { border-collapse: collapse; width: 100%; font-size: 14px; }
th, td { text-align: left; padding: 6px 10px 6px 0; border-bottom: 1px solid var(--rule);
  vertical-align: top; }
th { color: var(--soft); font-weight: 600; white-space: nowrap; } tr:last-child td { border-bottom: 0; }
.number { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
.long { overflow-wrap: anywhere; min-width: 200px; } .time { white-space: nowrap; }
code { font-family: ui-monospace, "DejaVu Sans Mono", Menlo, monospace; font-size: 13px; }
small { color: var(--soft); } .key { display: inline-block; width: 10px; height: 10px; border-radius: 2px;
  margin: 0 4px 0 12px; } .key.good { background: var(--good); } .key.warn { background: var(--warn); }
.key.bad { background: var(--bad); } .keys { font-size: 13px; color: var(--soft);
  margin: -8px 0 8px -12px; }
"""


def render(document: Document, language: str) -> str:
    """Return the page."""
    title = word("title", language)
    sections = [
        _facts(document, language),
        _summary(document, language),
        _charts(document, language),
        _endpoints(document, language),
        _errors(document, language),
        _slow(document, language),
        _queries(document, language),
        _users(document, language),
    ]
    lang = "zh-CN" if language == "zh" else "en"
    return (
        f'<!doctype html>\n<html lang="{lang}">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        '<meta http-equiv="Content-Security-Policy"'
        " content=\"default-src 'none'; style-src 'unsafe-inline'\">\n"
        f"<title>{escape(title)}</title>\n<style>{_STYLE}</style>\n</head>\n<body>\n<main>\n"
        f"<h1>{escape(title)}</h1>\n"
        f'<p class="soft">{escape(covered(document, language))} · {escape(_source(document, language))}</p>\n'
        + "\n".join(section for section in sections if section)
        + "\n</main>\n</body>\n</html>\n"
    )


def _source(document: Document, language: str) -> str:
    source = document["source"]
    if source["engine"] == "rollups":
        return word("rollups", language)
    files = word("files", language, count=len(source["files"]))
    return f"{word('source', language)} {files}"


def _facts(document: Document, language: str) -> str:
    requests = document["requests"]
    facts = [
        (word("requests", language), f"{requests['requests']:,}", False),
        (word("error_rate", language), f"{requests['error_rate_percent']:.2f} %", requests["errors_5xx"] > 0),
        ("P50 ms", duration(requests["p50_ms"]), False),
        ("P95 ms", duration(requests["p95_ms"]), False),
        ("P99 ms", duration(requests["p99_ms"]), False),
        (word("slow_requests", language), f"{document['slow_requests']['total']:,}", False),
        (word("errors", language), f"{document['errors']['total']:,}", document["errors"]["total"] > 0),
        (word("traffic", language), size(requests["bytes"]), False),
        (word("entries", language), f"{document['entries']:,}", False),
        (word("broken", language), f"{document['broken_lines']:,}", document["broken_lines"] > 0),
    ]
    shown = "".join(
        f'<div class="fact"><b{" class=bad-text" if bad else ""}>{escape(value)}</b>'
        f"<span>{escape(name)}</span></div>"
        for name, value, bad in facts
    )
    return f'<section class="facts">{shown}</section>'


def _summary(document: Document, language: str) -> str:
    said = [f"<li>{escape(sentence)}</li>" for sentence in summary(document, language)]
    said += [f'<li class="bad-text">{escape(problem)}</li>' for problem in document["source"]["problems"]]
    return _section(word("summary", language), f"<ul>{''.join(said)}</ul>")


def _charts(document: Document, language: str) -> str:
    hours = document["hours"]
    if not hours:
        return ""
    several_days = len(hours) > 26
    labels = [
        hour["hour"][5:13].replace("T", " ") + ":00" if several_days else hour["hour"][11:16]
        for hour in hours
    ]
    well = [hour["requests"] - hour["errors_4xx"] - hour["errors_5xx"] for hour in hours]
    requests = bars(
        labels,
        [
            Series("2xx 3xx", "good", well),
            Series("4xx", "warn", [hour["errors_4xx"] for hour in hours]),
            Series("5xx", "bad", [hour["errors_5xx"] for hour in hours]),
        ],
        word("requests_by_hour", language),
    )
    keys = "".join(
        f'<span class="key {css}"></span>{name}'
        for css, name in (("good", "2xx 3xx"), ("warn", "4xx"), ("bad", "5xx"))
    )
    drawn = [_section(word("requests_by_hour", language), f'<p class="keys">{keys}</p>{requests}')]
    if any(hour["p95_ms"] is not None for hour in hours):
        p95 = line(
            labels, Series("P95", "good", [hour["p95_ms"] for hour in hours]), word("p95_by_hour", language)
        )
        drawn.append(_section(word("p95_by_hour", language), p95))
    if document["errors"]["total"]:
        errors = bars(
            labels,
            [Series(word("errors", language), "bad", [hour["errors"] for hour in hours])],
            word("errors_by_hour", language),
        )
        drawn.append(_section(word("errors_by_hour", language), errors))
    return f'<div class="charts">{"".join(drawn)}</div>'


def _endpoints(document: Document, language: str) -> str:
    requests = document["requests"]
    rows = [
        [
            f"<code>{escape(row['method'])} {escape(row['endpoint'])}</code>",
            *_numbers(row["requests"], row["errors_4xx"], row["errors_5xx"]),
            *(duration(row[key]) for key in ("average_ms", "p50_ms", "p95_ms", "p99_ms")),
            *_numbers(row["slow"]),
            size(row["bytes"]),
        ]
        for row in requests["by_endpoint"]
    ]
    head = [
        word("endpoint", language), word("requests", language), "4xx", "5xx", word("average", language),
        "P50", "P95", "P99", word("slow", language), word("traffic", language),
    ]  # fmt: skip
    counts = "".join(
        f'<p class="soft">{escape(word(name, language))}: {escape(_counted(requests[key]))}</p>'
        for name, key in (("by_status", "by_status"), ("by_method", "by_method"))
        if requests[key]
    )
    return _table_section(word("endpoints", language), head, rows, texts=1, before=counts)


def _errors(document: Document, language: str) -> str:
    rows = [
        [
            f"{escape(row['type'])}<br><small>{escape(row['source'])}</small>",
            f"{escape(row['message'])}<br>"
            f"<small>{escape(word('sample', language))}: {escape(row['sample'])}</small>",
            f'<span class="time">{moment(row["first"])}</span>',
            f'<span class="time">{moment(row["last"])}</span>',
            *_numbers(row["count"]),
        ]
        for row in document["errors"]["most_frequent"]
    ]
    head = [word(key, language) for key in ("type", "message", "first", "last", "count")]
    types = f"{word('by_type', language)}: {_counted(document['errors']['by_type'])}"
    before = f'<p class="soft">{escape(types)}</p>'
    return _table_section(word("errors", language), head, rows, texts=4, before=before, long=1)


def _slow(document: Document, language: str) -> str:
    rows = [
        [
            f"<code>{escape(row['method'])} {escape(row['path'])}</code>",
            f'<span class="time">{row["time"][:19].replace("T", " ")}</span>',
            str(row["status"]),
            *_numbers(row["ms"]),
        ]
        for row in document["slow_requests"]["slowest"]
    ]
    head = [
        word("path", language),
        word("time", language),
        word("by_status", language),
        word("duration", language),
    ]
    return _table_section(word("slow_requests", language), head, rows, texts=2)


def _queries(document: Document, language: str) -> str:
    rows = [
        [
            f"<code>{escape(row['statement'])}</code>",
            f'<span class="time">{moment(row["last"])}</span>',
            *_numbers(row["count"]),
            duration(row["average_ms"]),
            *_numbers(row["most_ms"]),
        ]
        for row in document["slow_queries"]["slowest"]
    ]
    head = [word(key, language) for key in ("statement", "last", "count", "average", "longest")]
    return _table_section(word("slow_queries", language), head, rows, texts=2)


def _users(document: Document, language: str) -> str:
    rows = [
        [escape(row["user"]), escape(_counted(row["actions"])), *_numbers(row["total"])]
        for row in document["users"]
    ]
    head = [word(key, language) for key in ("user", "actions", "total")]
    return _table_section(word("users", language), head, rows, texts=2, long=1)


def _counted(counts: dict[str, int]) -> str:
    return ", ".join(f"{name} {count:,}" for name, count in counts.items())


def _numbers(*values: int) -> list[str]:
    return [f"{value:,}" for value in values]


def _table_section(
    title: str,
    head: Sequence[str],
    rows: Iterable[Sequence[str]],
    texts: int,
    before: str = "",
    long: int = 0,
) -> str:
    """Return a section with a table of HTML cells; the first `texts` columns are text, one of them `long`."""

    def css(column: int) -> str:
        return "long" if column == long else "" if column < texts else "number"

    body = "".join(
        "<tr>"
        + "".join(f'<td class="{css(column)}">{cell}</td>' for column, cell in enumerate(row))
        + "</tr>"
        for row in rows
    )
    if not body:
        return ""
    names = "".join(
        f'<th class="{"" if column < texts else "number"}">{escape(name)}</th>'
        for column, name in enumerate(head)
    )
    table = f'<div class="scroll"><table><thead><tr>{names}</tr></thead><tbody>{body}</tbody></table></div>'
    return _section(title, before + table)


def _section(title: str, body: str) -> str:
    return f"<section><h2>{escape(title)}</h2>{body}</section>"
