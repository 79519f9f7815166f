"""Search in names, tags and cells, in Chinese and Latin."""

from __future__ import annotations

import time
from typing import Any

import pytest
from flask.testing import FlaskClient
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from app import search
from app.factory import Application
from app.services import Services
from tests.unit.app.stack import log_in, upload

ROWS: list[tuple[str, int, list[Any]]] = [
    ("销售", 1, ["客户", "合同编号", "金额"]),
    ("销售", 2, ["北京华联", "HT-2024-001", 1250.5]),
    ("销售", 3, ["上海百货", "HT-2024-002", 88]),
    ("备注", 1, ["Quarterly report: naïve “plan” 100%", None, True]),
]


def store(client: FlaskClient, name: str = "table.xlsx") -> str:
    return str(upload(client, b"x", name).get_json()["id"])


def index(services: Services, document: str, rows: list[tuple[str, int, list[Any]]], version: int = 1) -> int:
    with services.database.write() as session:
        return search.index_document(session, document, version, rows)


def find(client: FlaskClient, query: str) -> list[dict[str, Any]]:
    answer = client.get("/api/documents", query_string={"q": query})
    assert answer.status_code == 200, answer.text
    return list(answer.get_json()["items"])


@pytest.mark.parametrize(
    ("query", "row"),
    [
        ("合同", 1), ("同编", 1), ("京", 2), ("华联", 2), ("HT-2024", 2), ("ht-2024-002", 3), ("百货 88", 3),
        ("1250.5", 2), ("quarter", 1), ("NAIVE", 1), ("“plan”", 1), ("ＨＴ-2024-001", 2),
    ],
)  # fmt: skip
def test_cells_are_found_with_their_place(
    client: FlaskClient, services: Services, query: str, row: int
) -> None:
    document = store(client)
    store(client, "another.xlsx")
    assert index(services, document, ROWS) == 4
    (found,) = find(client, query)
    assert (found["id"], found["match"]["row"]) == (document, row), found


@pytest.mark.parametrize(
    "query", ["同合", "华京", "HT-2025", "%", "_", '"', "' OR 1=1", "*", "NEAR(", "AND", "a" * 200, "，"]
)
def test_what_is_not_there_is_not_found(client: FlaskClient, services: Services, query: str) -> None:
    index(services, store(client), [("a", 1, ["合同", "HT-2024"])])
    assert find(client, query) == []


def test_names_and_tags_are_found_anywhere_in_them(client: FlaskClient) -> None:
    first, second = store(client, "2024年季度报表.xlsx"), store(client, "Invoice_100%.csv")
    client.patch(f"/api/documents/{second}", json={"tags": ["财务部"]})
    for query, wanted in (
        ("季度", first),
        ("INVOICE", second),
        ("voice", second),
        ("100%", second),
        ("务", second),
    ):
        (found,) = find(client, query)
        assert (found["id"], found["match"]) == (wanted, None), query


def test_each_word_may_be_in_another_place(client: FlaskClient, services: Services) -> None:
    document = store(client, "季度.xlsx")
    client.patch(f"/api/documents/{document}", json={"tags": ["sales"]})
    index(services, document, ROWS)
    (found,) = find(client, "季度 sales 百货")
    assert found["match"] == {"sheet": "销售", "row": 3, "text": "上海百货 HT-2024-002 88"}
    assert find(client, "季度 sales 无") == []


def test_only_the_current_version_is_found(client: FlaskClient, services: Services) -> None:
    document = store(client)
    index(services, document, [("a", 1, ["旧的内容"])])
    upload(client, b"new", document=document)
    assert find(client, "旧的") == [], "the rows are those of a version that is no longer current"
    index(services, document, [("a", 1, ["新的内容"])], version=2)
    assert find(client, "旧的") == []
    assert len(find(client, "新的")) == 1
    with services.database.read() as session:
        assert session.scalar(text("SELECT count(*) FROM search_rows")) == 1


def test_a_query_without_words_lists_all(client: FlaskClient) -> None:
    store(client)
    for query in (" ", "\t\u3000 "):
        assert [found["match"] for found in find(client, query)] == [None], query


def test_others_do_not_find_what_they_may_not_read(
    app: Application, client: FlaskClient, services: Services
) -> None:
    document = store(client)
    index(services, document, ROWS)
    viewer = log_in(app, "viewer")
    assert find(viewer, "合同") == []
    client.patch(f"/api/documents/{document}", json={"shared": True})
    assert len(find(viewer, "合同")) == 1


def test_what_is_removed_leaves_no_trace_in_the_index(client: FlaskClient, services: Services) -> None:
    document = store(client)
    index(services, document, ROWS)
    client.delete(f"/api/documents/{document}")
    assert find(client, "合同") == []
    client.delete(f"/api/documents/{document}?permanent=true")
    with services.database.read() as session:
        assert session.scalar(text("SELECT count(*) FROM search_rows")) == 0
        hits = "SELECT count(*) FROM search_index WHERE search_index MATCH '\"合 同\"'"
        assert session.scalar(text(hits)) == 0
    with services.database.write() as session:
        session.execute(text("INSERT INTO search_index (search_index) VALUES ('integrity-check')"))


def test_a_huge_table_is_indexed_within_bounds(client: FlaskClient, services: Services) -> None:
    document = store(client)
    endless = (("a", number, [f"行{number}", "x" * 5000]) for number in range(1, 10**9))
    started = time.monotonic()
    with services.database.write() as session:
        rows = search.index_document(session, document, 1, endless)
    assert rows * search.ROW_CHARACTERS <= search.MAX_CHARACTERS + search.ROW_CHARACTERS
    assert time.monotonic() - started < 60
    assert find(client, "行17")[0]["match"]["row"] == 17
    assert len(find(client, "行17")[0]["match"]["text"]) <= search.SHOWN_CHARACTERS + 2


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.text(st.characters(exclude_characters="\x00", codec="utf-8"), min_size=1, max_size=30))
def test_no_query_is_an_error(client: FlaskClient, services: Services, query: str) -> None:
    find(client, query)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.text("合同编号北京ab12 -_.%", min_size=2, max_size=12), st.data())
def test_every_chinese_part_of_a_cell_is_found(
    client: FlaskClient, services: Services, cell: str, data: st.DataObject
) -> None:
    start = data.draw(st.integers(0, len(cell) - 1))
    part = cell[start : data.draw(st.integers(start + 1, len(cell)))]
    if not all("\u4e00" <= c <= "\u9fff" for c in part):
        return
    document = store(client)
    index(services, document, [("a", 1, [cell])])
    assert document in [found["id"] for found in find(client, part)]
    client.delete(f"/api/documents/{document}")
