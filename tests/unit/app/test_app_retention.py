"""What goes from the disk by itself, in which order, and what never does."""

from __future__ import annotations

import os
import time
from datetime import timedelta

import pytest
from flask.testing import FlaskClient
from sqlalchemy import func, select, text, update

from app import retention
from app.factory import Application, create_app
from app.models import Activity, Document, DocumentVersion, IdempotencyKey, LoginSession, now
from app.services import Services
from tests.unit.app.stack import Stack, close, upload

MEGABYTE = 1024 * 1024


@pytest.fixture
def app(app: Application, stack: Stack) -> Application:
    """With a share of 10 MB, of which 8 may be used before it is cleaned."""
    stack.extra = {"FILES_SHARE_MB": "10", "CLEANUP_PERCENT": "80", "TRASH_DAYS": "30"}
    close(app.extensions["services"])
    small = create_app(stack.config())
    app.extensions["services"] = small.extensions["services"]
    return app


def store(client: FlaskClient, name: str, size: int = MEGABYTE, document: str | None = None) -> str:
    answer = upload(client, os.urandom(size), name, document=document)
    assert answer.status_code == 201, answer.text
    return str(answer.get_json()["id"])


def trash(client: FlaskClient, services: Services, document: str, days: float) -> None:
    assert client.delete(f"/api/documents/{document}").status_code == 204
    with services.database.write() as session:
        moment = now() - timedelta(days=days)
        session.execute(update(Document).where(Document.id == document).values(deleted_at=moment))


def names(services: Services) -> set[str]:
    with services.database.read() as session:
        return set(session.scalars(select(Document.name)))


def versions(services: Services, document: str) -> list[int]:
    with services.database.read() as session:
        query = select(DocumentVersion.number).where(DocumentVersion.document_id == document)
        return sorted(session.scalars(query))


def files(services: Services) -> set[str]:
    return {
        str(p.relative_to(services.files.files_dir))
        for p in services.files.files_dir.rglob("*")
        if p.is_file()
    }


def known(services: Services) -> set[str]:
    with services.database.read() as session:
        return set(session.scalars(select(DocumentVersion.path)))


def test_the_trash_is_emptied_after_its_days_and_nothing_else_goes(
    client: FlaskClient, services: Services
) -> None:
    kept = store(client, "live", 1000)
    store(client, "live", 1000, kept)
    for name, days in (("old", 30.1), ("fresh", 29.9)):
        trash(client, services, store(client, name, 1000), days)
    report = retention.clean(services)
    assert (report.documents, report.versions, report.freed_bytes) == (1, 0, 1000)
    assert names(services) == {"live", "fresh"}
    assert versions(services, kept) == [1, 2]
    assert files(services) == known(services)
    assert retention.clean(services).documents == 0


def test_when_room_is_short_the_oldest_trash_goes_first_and_only_as_much_as_needed(
    client: FlaskClient, services: Services
) -> None:
    live = store(client, "live")
    for _ in range(4):
        store(client, "live", document=live)
    for name, days in (("newer", 1), ("oldest", 3), ("older", 2)):
        trash(client, services, store(client, name), days)
    store(client, "another")
    assert retention.clean(services).documents == 1
    assert names(services) == {"live", "another", "newer", "older"}
    assert versions(services, live) == [1, 2, 3, 4, 5]


def test_then_the_oldest_versions_go_and_the_last_of_a_live_document_stays(
    client: FlaskClient, services: Services
) -> None:
    first, second = store(client, "first", 2 * MEGABYTE), store(client, "second", 2 * MEGABYTE)
    trashed = store(client, "trashed", 1000)
    store(client, "first", 2 * MEGABYTE, first)
    store(client, "second", 2 * MEGABYTE, second)
    trash(client, services, trashed, 1)
    report = retention.clean(services)
    assert (report.documents, report.versions) == (1, 0), "the trash alone was enough"
    third = store(client, "third", MEGABYTE + 1)
    report = retention.clean(services)
    assert (report.documents, report.versions) == (0, 1)
    assert (versions(services, first), versions(services, second)) == ([2], [1, 2])
    assert report.used_bytes == 7 * MEGABYTE + 1
    assert str(report).endswith("70 % of the share is in use")
    assert versions(services, third) == [1]
    assert files(services) == known(services)
    assert client.get(f"/api/documents/{first}/download").status_code == 200


def test_live_documents_stay_however_full_it_is(client: FlaskClient, services: Services) -> None:
    for number in range(9):
        store(client, str(number))
    report = retention.clean(services)
    assert (report.documents, report.versions, len(names(services))) == (0, 0, 9)


def test_beyond_the_share_uploads_are_refused_and_leave_nothing(
    client: FlaskClient, services: Services
) -> None:
    for number in range(9):
        store(client, str(number))
    refused = upload(client, os.urandom(2 * MEGABYTE), "too much")
    assert (refused.status_code, refused.get_json()["type"].rpartition(":")[2]) == (507, "storage-full")
    assert files(services) == known(services)
    assert list(services.files.tmp_dir.iterdir()) == []
    store(client, "little", 1000)


def test_files_that_nobody_knows_go_when_they_are_old_enough(
    client: FlaskClient, services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    store(client, "live", 1000)
    orphan = services.files.files_dir / "zz" / "0190-orphan"
    orphan.parent.mkdir()
    orphan.write_bytes(b"x")
    leftover = services.files.tmp_dir / "leftover"
    leftover.write_bytes(b"x")
    assert retention.sweep(services) == (0, 0), "they may belong to an upload under way"
    hour = time.time() + retention.ORPHAN_SECONDS + 5
    monkeypatch.setattr(time, "time", lambda: hour)
    os.utime(leftover, (time.time() - 10 * 3600,) * 2)
    assert retention.sweep(services) == (1, 1)
    assert files(services) == known(services)
    assert len(known(services)) == 1


def test_rows_that_are_over_go_and_the_others_stay(client: FlaskClient, services: Services) -> None:
    upload(client, b"x", headers={"Idempotency-Key": "old"})
    upload(client, b"y", headers={"Idempotency-Key": "new"})
    with services.database.write() as session:
        day = now() - timedelta(hours=25)
        session.execute(update(IdempotencyKey).where(IdempotencyKey.key == "old").values(created_at=day))
        oldest = session.scalar(select(func.min(Activity.id)))
        session.execute(update(Activity).where(Activity.id == oldest).values(at=now() - timedelta(days=366)))
        session.add(
            LoginSession(
                token_hash="0", user_id=session.scalar(text("SELECT id FROM users")),
                created_at=day, expires_at=day, address="",
            )
        )  # fmt: skip
    assert retention.clean_rows(services) == 3
    with services.database.read() as session:
        assert session.scalars(select(IdempotencyKey.key)).all() == ["new"]
        assert session.scalar(select(func.count()).select_from(LoginSession)) == 1
        assert session.scalar(select(func.count()).select_from(Activity)) == 2
    again = upload(client, b"x", headers={"Idempotency-Key": "old"})
    assert again.status_code == 201


def test_a_cleaning_that_is_cut_leaves_orphans_and_no_document_without_its_file(
    client: FlaskClient, services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    trash(client, services, store(client, "old", 1000), 31)

    def die(_path: str) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(type(services.files), "remove", lambda _self, path: die(path))
    with pytest.raises(KeyboardInterrupt):
        retention.clean(services)
    monkeypatch.undo()
    assert names(services) == set()
    assert len(files(services)) == 1
