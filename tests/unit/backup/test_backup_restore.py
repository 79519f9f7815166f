"""Backup, rehearsal and restore with a real restic repository and the app's own tables."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session
from tdm_backup import backup, document, problems, rehearsal, restic, restore, results
from tdm_backup.problems import Problem
from tdm_backup.settings import Settings

from app.models import Document, now
from tests.support.backup_parts import Data, settings_of


@pytest.fixture
def settings(service: Data) -> Settings:
    return settings_of(service.root)


def trash(service: Data, identity: str) -> None:
    with Session(service.engine) as session, session.begin():
        session.get_one(Document, identity).deleted_at = now()


def execute(service: Data, statement: str, identity: str) -> None:
    with service.engine.begin() as connection:
        connection.execute(text(statement), {"id": identity})


def bring_all_back(settings: Settings, source: str = "snapshot", moment: str = "") -> dict[str, Any]:
    restore.stage(settings, source, "latest", moment)
    return restore.swap(settings, accept_damage=False)


def test_a_restore_brings_back_what_was_and_can_itself_be_taken_back(
    service: Data, settings: Settings
) -> None:
    first = service.identity("first")
    content = service.path(first).read_bytes()
    trash(service, first)
    service.path(first).unlink()
    third = service.add("third", b"later")
    service.engine.dispose()
    plan = bring_all_back(settings)
    assert service.names() == ["first", "second"]
    assert service.path(first).read_bytes() == content
    assert (plan["documents_sound"], plan["whole"], plan["rows"]["documents"]) == (2, True, 2)
    assert len(restore.replaced(settings)) == 1
    service.engine.dispose()
    with pytest.raises(Problem, match=r"1 files of documents are missing.*accept_damage=true"):
        bring_all_back(settings, "replaced")
    restore.swap(settings, accept_damage=True)
    assert service.names() == ["second", "third"]
    assert service.path(third).read_bytes() == b"later"
    assert len(restore.replaced(settings)) == 2
    restore.drop_replaced(settings)
    assert restore.replaced(settings) == []


def test_a_successful_backup_removes_the_replaced_state(service: Data, settings: Settings) -> None:
    (restore.directory(settings) / "replaced/20260101T000000Z/files").mkdir(parents=True)
    assert len(restore.replaced(settings)) == 1
    backup.take(settings)
    assert restore.replaced(settings) == []


def test_a_snapshot_is_found_by_id_and_by_time(settings: Settings) -> None:
    old = restic.snapshots(settings)[-1]
    backup.take(settings._replace(keep={"last": 20}))
    new = restic.snapshots(settings)[-1]
    assert new.time > old.time
    between = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(old.time + 1))
    assert restore.choose(settings, "latest", "") == new
    assert restore.choose(settings, old.identity[:8], "") == old
    if new.time > old.time + 2:
        assert restore.choose(settings, "latest", between) == old
    listed = rf"(?s)there is no snapshot .*{new.identity[:8]}.*{old.identity[:8]}"
    for identity, moment in (("deadbeef", ""), ("latest", "2001-01-01 00:00")):
        with pytest.raises(Problem, match=listed):
            restore.choose(settings, identity, moment)


def test_a_time_that_cannot_be_read_is_refused(settings: Settings) -> None:
    with pytest.raises(Problem, match="write it as 2026-11-20 03:00"):
        restore.choose(settings, "latest", "yesterday")


def test_one_document_comes_back_into_the_running_service(service: Data, settings: Settings) -> None:
    first, second = service.identity("first"), service.identity("second")
    content = service.path(first).read_bytes()
    service.add("second", b"newer", document=second)
    service.path(first).unlink()
    execute(service, "DELETE FROM document_versions WHERE document_id = :id", first)
    execute(service, "DELETE FROM documents WHERE id = :id", first)
    answer = document.bring_back(settings, first, restic.snapshots(settings)[-1])
    assert (answer["files_restored"], answer["versions_added"]) == (1, 1)
    assert service.names() == ["first", "second"]
    assert service.path(first).read_bytes() == content
    assert service.path(second).read_bytes() == b"newer"


def test_a_document_in_the_trash_comes_out_of_it_and_a_damaged_file_is_replaced(
    service: Data, settings: Settings
) -> None:
    second = service.identity("second")
    trash(service, second)
    service.path(second).write_bytes(b"as it wAs")
    answer = document.bring_back(settings, second, restic.snapshots(settings)[-1])
    assert (answer["files_restored"], answer["versions_added"]) == (1, 0)
    assert service.names() == ["first", "second"]
    assert service.path(second).read_bytes() == b"as it was"


def test_an_unknown_document_is_named(settings: Settings) -> None:
    with pytest.raises(Problem, match="holds no document nobody"):
        document.bring_back(settings, "nobody", restic.snapshots(settings)[-1])


def test_a_rehearsal_counts_and_leaves_nothing(settings: Settings) -> None:
    result = rehearsal.rehearse(settings)
    assert (result["documents_sound"], result["documents_missing"], result["documents_damaged"]) == (2, 0, 0)
    assert result["rows"]["document_versions"] == 2
    assert not settings.state("rehearsal").exists()


def test_a_rehearsal_finds_a_file_that_differs_from_the_database(service: Data, settings: Settings) -> None:
    service.path(service.identity("second")).write_bytes(b"as it wAs")
    backup.take(settings)
    with pytest.raises(Problem, match="1 differ from their SHA-256"):
        rehearsal.rehearse(settings)
    assert not settings.state("rehearsal").exists()


def test_rows_that_point_nowhere_fail_a_rehearsal(service: Data, settings: Settings) -> None:
    execute(service, "DELETE FROM documents WHERE id = :id", service.identity("second"))
    backup.take(settings)
    with pytest.raises(Problem, match=r"rows of the database point to rows that are gone.*document_versions"):
        rehearsal.rehearse(settings)


def test_a_document_without_file_is_told_by_the_backup_that_is_taken_all_the_same(
    service: Data, settings: Settings
) -> None:
    service.path(service.identity("second")).unlink()
    with pytest.raises(Problem, match=r"snapshot [0-9a-f]{8} was taken, but 1 documents"):
        backup.take(settings)
    assert len(restic.snapshots(settings)) > 1


def test_a_restore_without_room_touches_nothing(
    service: Data, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tdm_backup.restic.restored_bytes", lambda *_: 1 << 60)
    with pytest.raises(Problem, match="has no room for the restored snapshot") as caught:
        bring_all_back(settings)
    assert caught.value.cause == problems.DISK_FULL
    assert service.names() == ["first", "second"]


def test_the_check_reads_another_part_each_time(settings: Settings) -> None:
    parts = []
    for _ in range(3):
        details = rehearsal.check(settings._replace(check_parts=2))
        results.record(settings, "check", 1.0, details)
        parts.append(details["part"])
    assert parts == [1, 2, 1]


def test_a_repository_that_is_gone_is_not_made_anew(settings: Settings) -> None:
    """A disk that is not mounted must not hide that all snapshots are elsewhere."""
    Path(settings.repository).rename(settings.repository + ".away")
    with pytest.raises(Problem, match="is its disk mounted") as caught:
        backup.take(settings)
    assert caught.value.cause == problems.DAMAGED
    assert not Path(settings.repository).exists()


@pytest.mark.parametrize("what", ["config", "keys"])
def test_a_repository_without_its_head_is_damaged_neither_locked_nor_new(
    settings: Settings, what: str
) -> None:
    settings.state("repository").unlink()
    Path(settings.repository, what).rename(settings.state("away"))
    with pytest.raises(Problem) as caught:
        backup.take(settings)
    assert caught.value.cause == problems.DAMAGED, caught.value


def test_the_directory_of_restores_must_be_ones_own(service: Data, settings: Settings) -> None:
    """The service owns the directory above, and must not lead root elsewhere."""
    (service.root / "data/.restore").symlink_to(service.root / "state")
    with pytest.raises(Problem, match="not a directory of root"):
        restore.directory(settings)


def test_a_cut_exchange_is_made_up_for_by_the_next_restore(
    service: Data, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    service.engine.dispose()
    restore.stage(settings, "snapshot", "latest", "")
    later = service.path(service.add("later", b"later"))
    service.engine.dispose()
    files = Path(settings.files).stat().st_ino

    def cut(directory: Path) -> None:
        raise KeyboardInterrupt

    # The last thing before the superfluous files are removed.
    monkeypatch.setattr("tdm_backup.restore.disk.remove", cut)
    with pytest.raises(KeyboardInterrupt):
        restore.swap(settings, accept_damage=False)
    monkeypatch.undo()
    assert later.exists(), "no file is removed before the new database is durable"
    bring_all_back(settings)
    assert service.names() == ["first", "second"]
    assert service.path(service.identity("second")).read_bytes() == b"as it was"
    assert Path(settings.files).stat().st_ino == files, "the containers have this directory mounted"


def test_what_is_restored_belongs_to_the_service(service: Data, settings: Settings) -> None:
    if os.geteuid() != 0:
        pytest.fail("the tests of restores need root, as restores do")
    service.engine.dispose()
    restore.stage(settings._replace(owner=10001, group=10001), "snapshot", "latest", "")
    staged = service.root / "data/.restore/staged"
    assert {path.stat().st_uid for path in staged.rglob("*")} == {10001}
    assert (staged / "tencent_docs.db").stat().st_mode & 0o777 == 0o640
