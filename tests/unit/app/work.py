"""Jobs in tests: making them through the API and waiting for their end."""

from __future__ import annotations

import io
from typing import Any

import openpyxl
from flask.testing import FlaskClient

from tests.unit.app.stack import Stack, upload, wait_until


def store(client: FlaskClient, content: bytes, name: str, document: str | None = None) -> str:
    if document is None:
        answer = upload(client, content, name)
    else:
        answer = client.post("/api/upload", data={"document": document, "file": (io.BytesIO(content), name)})
    assert answer.status_code == 201, answer.text
    return str(answer.get_json()["id"])


def start(client: FlaskClient, **body: Any) -> str:
    answer = client.post("/api/jobs", json=body)
    assert answer.status_code == 202, answer.text
    return str(answer.get_json()["id"])


def start_export(client: FlaskClient, documents: list[str]) -> str:
    return start(client, kind="export", documents=documents)


def job(client: FlaskClient, job_id: str) -> dict[str, Any]:
    found: dict[str, Any] = client.get(f"/api/jobs/{job_id}").get_json()
    return found


def finished(client: FlaskClient, stack: Stack, job_id: str, seconds: float = 90) -> dict[str, Any]:
    return dict(
        wait_until(
            lambda: (
                (found := job(client, job_id))["status"] in ("succeeded", "failed", "cancelled") and found
            ),
            seconds,
            lambda: f"{job(client, job_id)}\n{stack.log('worker.log')}",
        )
    )


def workbook(rows: list[list[Any]], **more: list[list[Any]]) -> bytes:
    """An xlsx file as another program writes it: sheet `Data`, and further sheets by name."""
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.title = "Data"
    for row in rows:
        sheet.append(row)
    for name, content in more.items():
        other = book.create_sheet(name)
        for row in content:
            other.append(row)
    target = io.BytesIO()
    book.save(target)
    return target.getvalue()


def download(client: FlaskClient, document: str) -> bytes:
    answer = client.get(f"/api/documents/{document}/download")
    assert answer.status_code == 200, answer.text
    return bytes(answer.data)
