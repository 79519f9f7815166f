"""Full disks, constant memory, leftovers, and many writers at once."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import sqlite3
import subprocess
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import func, select, text
from sqlalchemy.exc import OperationalError

from app import accounts, documents, migrations
from app.database import Database
from app.factory import create_app
from app.models import Document, User
from app.services import Services
from app.storage import FileStore
from tests.unit.app.stack import PASSWORD, ROOT, Stack, close, log_in, upload


@pytest.fixture
def small_disk(stack: Stack) -> Iterator[Path]:
    """The data directory on a file system of 4 MB."""
    data = stack.directory / "data"
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=4m", "tmpfs", str(data)], check=True)
    yield data
    subprocess.run(["umount", "--lazy", str(data)], check=True)


def fill(path: Path) -> None:
    """Takes all the room that is left."""
    with contextlib.suppress(OSError), path.open("wb", buffering=0) as file:
        while True:
            file.write(bytes(4096))
    assert shutil.disk_usage(path).free == 0


@pytest.mark.parametrize("reserve", ["0", "3"])
def test_a_full_disk_answers_507_and_leaves_nothing(stack: Stack, small_disk: Path, reserve: str) -> None:
    stack.extra["MIN_FREE_MB"] = "0"
    app = create_app(stack.config())
    services: Services = app.extensions["services"]
    migrations.up(services.database)
    with services.database.write() as session:
        accounts.add_user(session, "editor", PASSWORD, "editor")
    client = log_in(app, "editor")
    kept = upload(client, b"x" * 100_000).get_json()["id"]
    close(services)

    stack.extra["MIN_FREE_MB"] = reserve
    app = create_app(stack.config())
    client = log_in(app, "editor")
    answer = upload(client, b"y" * 6_000_000)
    assert answer.status_code == 507, answer.text
    assert answer.get_json()["type"].endswith("storage-full")
    assert client.get(f"/api/documents/{kept}/download").data == b"x" * 100_000
    assert len(client.get("/api/documents").get_json()["items"]) == 1
    filler = small_disk / "filler"
    fill(filler)
    health = client.get("/api/health")
    assert (health.status_code, health.get_json()["checks"]["disk"]["status"]) == (503, "failed")
    assert "room" in health.get_json()["checks"]["disk"]["detail"]
    assert client.get(f"/api/documents/{kept}/download").data == b"x" * 100_000
    filler.unlink()
    close(app.extensions["services"])
    stored = [path.stat().st_size for path in small_disk.glob("*/**/*") if path.is_file()]
    assert stored == [100_000]


def test_leftovers_of_cut_uploads_are_swept_and_fresh_ones_stay(tmp_path: Path) -> None:
    store = FileStore(tmp_path / "files", tmp_path / "tmp")
    store.prepare()
    old, fresh = tmp_path / "tmp" / "old", tmp_path / "tmp" / "fresh"
    for path in (old, fresh):
        path.write_bytes(b"x")
    os.utime(old, (time.time() - 7200, time.time() - 7200))
    assert store.remove_stale(3600) == 1
    assert (old.exists(), fresh.exists()) == (False, True)


def test_the_memory_of_an_upload_does_not_grow_with_its_size(stack: Stack) -> None:
    """In a process of its own: 90 MB stream through the application, peak memory grows by less than 12 MB."""
    code = f"""
import io, json, resource
from werkzeug.test import create_environ, run_wsgi_app
from app import accounts, migrations
from app.config import Config
from app.factory import create_app

class Body(io.RawIOBase):
    def __init__(self, size):
        self.left = size
        self.head = b'--X\\r\\nContent-Disposition: form-data; name="file"; filename="a"\\r\\n\\r\\n'
        self.tail = b'\\r\\n--X--\\r\\n'
    def readable(self): return True
    def readinto(self, buffer):
        for name in ("head", "left", "tail"):
            rest = getattr(self, name)
            if rest:
                part = rest[:len(buffer)] if name != "left" else bytes(min(rest, len(buffer)))
                buffer[:len(part)] = part
                setattr(self, name, rest[len(part):] if name != "left" else rest - len(part))
                return len(part)
        return 0

app = create_app(Config.from_environ())
services = app.extensions["services"]
migrations.up(services.database)
with services.database.write() as session:
    accounts.add_user(session, "editor", {PASSWORD!r}, "editor")
client = app.test_client()
client.post("/api/login", json={{"username": "editor", "password": {PASSWORD!r}}})
token = client.post("/api/tokens", json={{"name": "x"}}).get_json()["token"]
headers = {{"Authorization": "Bearer " + token}}
peaks = []
for size in (1_000_000, 90_000_000):
    environ = create_environ("/api/upload", method="POST", headers=headers)
    environ.pop("CONTENT_LENGTH", None)
    environ["CONTENT_TYPE"] = "multipart/form-data; boundary=X"
    environ.update({{"wsgi.input": Body(size), "wsgi.input_terminated": True}})
    body, status, _ = run_wsgi_app(app, environ, buffered=True)
    assert status.startswith("201"), list(body)
    assert json.loads(b"".join(body))["size"] == size
    peaks.append(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
print(json.dumps(peaks))
"""
    process = stack.run("-c", code)
    output, errors = process.communicate(timeout=120)
    assert process.returncode == 0, errors
    small, large = json.loads(output)
    assert large - small < 12_000, (small, large)


WRITER = """
import sys
from app import documents
from app.database import Database
from app.models import new_id
database = Database(sys.argv[1])
for number in range(int(sys.argv[3])):
    with database.write() as session:
        # A transaction that reads first cannot get the write lock later, unless it took it at its begin.
        documents.page(session, None, 1)
        stored = documents.StoredFile(new_id(), number, "0" * 64)
        documents.add(session, f"{number}", sys.argv[2], stored)
"""


def test_many_processes_write_at_once_and_none_is_refused(stack: Stack) -> None:
    url = f"sqlite:///{stack.directory}/data/tencent_docs.db"
    database = Database(url)
    migrations.up(database)
    with database.write() as session:
        user = accounts.add_user(session, "editor", PASSWORD, "editor")
        session.flush()
        owner = user.id
    writers = [stack.run("-c", WRITER, url, owner, "60") for _ in range(4)]
    for writer in writers:
        errors = writer.communicate(timeout=120)[1]
        assert writer.returncode == 0, errors
    with database.read() as session:
        assert session.scalar(select(func.count()).select_from(Document)) == 240
    database.dispose()


def test_threads_share_one_writer_without_refusals(stack: Stack) -> None:
    database = Database(f"sqlite:///{stack.directory}/data/tencent_docs.db")
    migrations.up(database)
    with database.write() as session:
        owner = accounts.add_user(session, "editor", PASSWORD, "editor")
        session.flush()
    failures: list[BaseException] = []

    def write(name: str) -> None:
        try:
            for number in range(20):
                with database.write() as session:
                    stored = documents.StoredFile(f"{name}{number}", 1, "0" * 64)
                    documents.add(session, name, owner.id, stored)
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=write, args=(f"t{n}-",)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    database.dispose()
    assert failures == []


def test_commits_are_durable_and_the_reader_cannot_write(stack: Stack) -> None:
    database = Database(f"sqlite:///{stack.directory}/data/tencent_docs.db")
    migrations.up(database)
    with database.write() as session:
        connection = session.connection()
        assert connection.scalar(text("PRAGMA journal_mode")) == "wal"
        assert connection.scalar(text("PRAGMA synchronous")) == 2
        assert connection.scalar(text("PRAGMA foreign_keys")) == 1
    with database.read() as session:
        session.add(User(username="x", password_hash="x"))
        with pytest.raises(OperationalError, match="readonly"):
            session.flush()
    database.dispose()


def test_a_failed_migration_leaves_the_database_as_it_was(stack: Stack) -> None:
    path = stack.directory / "data" / "tencent_docs.db"
    with sqlite3.connect(path) as foreign:
        foreign.execute("CREATE TABLE jobs (id TEXT)")
    foreign.close()
    database = Database(f"sqlite:///{path}")
    with pytest.raises(OperationalError, match="jobs"):
        migrations.up(database)
    with database.read() as session:
        tables = session.scalars(text("SELECT name FROM sqlite_master WHERE type = 'table'")).all()
    database.dispose()
    assert tables == ["jobs"]


def test_two_processes_migrate_at_once(stack: Stack) -> None:
    runs = [stack.run("-m", "flask", "--app", "app", "migrate", "up") for _ in range(2)]
    results = [json.loads(run.communicate(timeout=60)[0]) for run in runs]
    assert sorted(result["changed"] for result in results) == [False, True]


def search_table(name: str | None) -> bool:
    """SQLite's full-text index and the tables it keeps for itself are no models."""
    return str(name).startswith("search_index")


def test_the_migrations_make_what_the_models_say(stack: Stack) -> None:
    from alembic.autogenerate import compare_metadata
    from alembic.runtime.migration import MigrationContext
    from alembic.script import ScriptDirectory

    from app.models import Base

    database = Database(f"sqlite:///{stack.directory}/data/tencent_docs.db")
    assert migrations.up(database) == (None, migrations.HEAD)
    options = {"include_name": lambda name, kind, _: kind != "table" or not search_table(name)}
    with database.reader.connect() as connection:
        context = MigrationContext.configure(connection, opts=options)
        assert compare_metadata(context, Base.metadata) == []
    database.dispose()
    assert ScriptDirectory.from_config(migrations.alembic_config()).get_current_head() == migrations.HEAD
    steps = sorted((ROOT / "app/migrations/versions").glob("*.py"))
    assert [step.name[:4] for step in steps] == [f"{number:04}" for number in range(1, len(steps) + 1)]
