"""The queries for DuckDB: which lines are usual, and how they are added up.

Each query turns a line into one field list, checks all of it with one strict regular expression, and groups.
Rows with a `line` are those lines that did not pass, or that are slow.
"""

from __future__ import annotations

import math
from typing import NamedTuple

from monitoring.logs import endpoints
from monitoring.logs.figures import SLOW_MS
from monitoring.logs.histogram import GROWTH
from monitoring.logs.lines import LINE_BYTES, SECONDS
from monitoring.logs.records import APP, EDGE

COMBINED = "combined"

_METHODS = "(" + "|".join(endpoints.METHODS) + ")"
_PATH = rf"/[!#-&(->@-\[\]-~]{{0,{endpoints.PATH_CHARACTERS - 1}}}"
_URI = rf"{_PATH}(\?[!#-\[\]-~]*)?"
_NAME = r"[A-Za-z0-9_.@-]{0,64}"
_STATUS = "([1-9][0-9]{2}|0)"
_BYTES = "(0|[1-9][0-9]{0,11})"
_CLOCK = "[0-9]{2}:[0-9]{2}:[0-9]{2}"
_YEAR = "20(0[2-9]|[1-8][0-9])"
_NAME_OR_NULL = r'(null|"[A-Za-z0-9_.:@-]{0,64}")'
# Stands between fields that are checked together; it is in no line that passes.
_MARK = r"\x01"


class Kind(NamedTuple):
    """`parts` splits a line into the list `f`, whose first fields `check` describes; the rest are
    expressions.

    Texts stay as they are in the line, JSON's quotes included: to take these off is cheaper for the sums than
    for the lines.
    """

    parts: str
    check: list[str]
    hour: str
    status: str
    bytes: str
    ms: str
    method: str
    user: str
    action: str
    uri: str
    route: str


def _json(*keys: str) -> str:
    """A missing key leaves a gap in the list, and then the check fails."""
    paths = ", ".join(f"'$.{key}'" for key in keys)
    usual = """starts_with(line, '{') AND ends_with(line, '"}') AND json_valid(line)"""
    return f"CASE WHEN {usual} THEN json_extract(line, [{paths}])::VARCHAR[] END"


# Split at the quotes: client, user and time; the request; status and bytes; referrer; blank; agent; the rest.
_QUOTES = "string_split(line, '\"')"
_TIME = "split_part(f[1], '[', 2)"

QUERIES = {
    EDGE: Kind(
        parts=_json("timestamp", "status", "bytes", "request_time", "method", "user", "uri"),
        check=[
            r"[1-3][0-9]{9}\.[0-9]{1,3}", _STATUS, _BYTES, r"(0|[1-9][0-9]{0,2})\.[0-9]{1,3}",
            f'"{_METHODS}"',
            f'"{_NAME}"', f'"{_URI}"',
        ],
        hour="floor(TRY_CAST(f[1] AS DOUBLE) / 3600)",
        status="f[2]",
        bytes="TRY_CAST(f[3] AS BIGINT)",
        ms="TRY_CAST(floor(TRY_CAST(f[4] AS DOUBLE) * 1000 + 0.5) AS INTEGER)",
        method="f[5]",
        user="f[6]",
        action="''",
        uri="f[7]",
        route="NULL",
    ),
    APP: Kind(
        parts=_json(
            "ts", "status", "bytes", "duration_ms", "method", "user", "action", "endpoint", "path",
            "level", "event",
        ),
        check=[
            rf'"{_YEAR}-[0-9]{{2}}-[0-9]{{2}}T{_CLOCK}\.[0-9]{{3}}\+00:00"', _STATUS, _BYTES,
            r"[0-9]{1,6}(\.[0-9]{1,3})?", f'"{_METHODS}"', _NAME_OR_NULL, _NAME_OR_NULL,
            r'"/[A-Za-z0-9_{}/.-]{0,150}"', f'"{_URI}"', '"(DEBUG|INFO|WARNING|ERROR|CRITICAL)"', '"request"',
        ],
        hour="floor(epoch(TRY_CAST(f[1][2:24] AS TIMESTAMP)) / 3600)",
        status="f[2]",
        bytes="TRY_CAST(f[3] AS BIGINT)",
        ms="TRY_CAST(floor(TRY_CAST(f[4] AS DOUBLE) + 0.5) AS INTEGER)",
        method="f[5]",
        user="f[6]",
        action="f[7]",
        uri="f[9]",
        route="f[8]",
    ),
    COMBINED: Kind(
        parts=f"CASE WHEN len({_QUOTES}) >= 7 AND {_QUOTES}[5] = ' ' THEN {_QUOTES} END",
        check=[
            rf"[0-9a-fA-F.:]+ - {_NAME} \[[0-9]{{2}}/[A-Z][a-z]{{2}}/{_YEAR}:{_CLOCK} [+-][0-9]{{4}}\] ",
            rf"{_METHODS} {_URI} HTTP/[0-9.]+",
            r" [1-9][0-9]{2} ([0-9]{1,12}|-) ",
        ],
        hour=f"""floor((epoch(TRY_STRPTIME({_TIME}[:20], '%d/%b/%Y:%H:%M:%S'))
            - (CASE WHEN {_TIME}[22:22] = '-' THEN -60 ELSE 60 END)
            * (60 * TRY_CAST({_TIME}[23:24] AS INTEGER) + TRY_CAST({_TIME}[25:26] AS INTEGER))) / 3600)""",
        status="split_part(f[3], ' ', 2)",
        bytes="TRY_CAST(replace(split_part(f[3], ' ', 3), '-', '0') AS BIGINT)",
        ms=f"""TRY_CAST(replace(nullif(
            regexp_extract(array_to_string(f[7:], '"'), '{SECONDS}', 1), ''), '.', '') AS INTEGER)""",
        method="split_part(f[2], ' ', 1)",
        user="split_part(f[1], ' ', 3)",
        action="''",
        uri="split_part(f[2], ' ', 2)",
        route="NULL",
    ),
}  # fmt: skip


def query(kind: str, path: str) -> str:
    """Return the query that adds up the lines in the file at `path` (a pipe will do).

    Columns: ok, what, hour, bucket, lines, timed, sum_ms, bytes. `what` is the line itself when it is not ok,
    else method, status, user, action and endpoint, a character 1 between them; each may have a quote at
    either end.
    """
    k = QUERIES[kind]
    checked = "concat_ws(chr(1), " + ", ".join(f"f[{number}]" for number in range(1, len(k.check) + 1)) + ")"
    return f"""
    WITH parts AS (
        SELECT line, {k.parts} AS f FROM read_csv({_text(path)}, delim = '\x01\x02\x03\x04', quote = '',
            escape = '', header = false, columns = {{'line': 'VARCHAR'}}, auto_detect = false,
            max_line_size = {2 * LINE_BYTES}, buffer_size = {16 * 2 * LINE_BYTES}) WHERE line IS NOT NULL),
    fields AS (
        SELECT line, coalesce(regexp_full_match({checked}, {_text(_MARK.join(k.check))}), false) AS passed,
            {k.hour} AS hour, {k.status} AS status, {k.bytes} AS bytes, {k.ms} AS ms, {k.method} AS method,
            {k.user} AS user_name, {k.action} AS action, {k.route} AS route,
            rtrim(split_part({k.uri}, '?', 1), '"') AS path
        FROM parts),
    first_pass AS (SELECT *, {_endpoint("path")} AS folded FROM fields),
    named AS (
        SELECT *, passed AND hour IS NOT NULL AND coalesce(ms, 0) <= {SLOW_MS} AS ok,
            {_identifiers("folded")} AS endpoint,
            CASE WHEN ms < 1 THEN 0
                 WHEN ms >= 1 THEN 1 + CAST(floor(ln(ms) * {1 / math.log(GROWTH)!r}::DOUBLE) AS INTEGER)
            END AS bucket
        FROM first_pass),
    chosen AS (
        SELECT ok, CASE WHEN ok THEN concat_ws(chr(1), method, status, user_name, action, endpoint) ELSE line
        END
                AS what,
            CASE WHEN ok THEN hour END AS hour, CASE WHEN ok THEN bucket END AS bucket, ms, bytes FROM named)
    SELECT ok, what, hour, bucket, count(*), count(ms), CAST(sum(ms) AS BIGINT), CAST(sum(bytes) AS BIGINT)
    FROM chosen GROUP BY 1, 2, 3, 4"""  # noqa: S608 (own expressions)


def _endpoint(path: str) -> str:
    """Return endpoints.endpoint_of in SQL, but for the second pass."""

    def one_of(statuses: tuple[int, ...]) -> str:
        # Not IN, which becomes a join.
        return " OR ".join(f"status = '{status}'" for status in statuses)

    # What is asked for most comes first.
    bundles = " ".join(
        f"WHEN starts_with({path}, '{bundle}') OR starts_with({path}, '\"{bundle}') THEN '{bundle}*'"
        for bundle in endpoints.BUNDLES
    )
    usual = f"CASE {bundles} ELSE {_identifiers(path)} END"
    return f"""
        CASE WHEN route IS NOT NULL THEN route
             WHEN starts_with(status, '2') THEN {usual}
             WHEN {one_of(endpoints.NOT_FOUND_STATUSES)} THEN '{endpoints.NOT_FOUND}'
             WHEN {one_of(endpoints.REDIRECT_STATUSES)} THEN '{endpoints.REDIRECT}'
             WHEN {one_of(endpoints.MALFORMED_STATUSES)} THEN '{endpoints.MALFORMED}'
             ELSE {usual} END"""


def _identifiers(path: str) -> str:
    pattern, replacement = _text(endpoints.IDENTIFIER), _text(endpoints.IDENTIFIER_REPLACEMENT)
    return (
        f"CASE WHEN regexp_matches({path}, '[0-9]') AND route IS NULL"
        f" THEN regexp_replace({path} || '/', {pattern}, {replacement}, 'g')[:-2] ELSE {path} END"
    )


def _text(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"
