"""A rollback with its data: what the release left comes back, and today's data is kept."""

from __future__ import annotations

from collections.abc import Callable

from conftest import HostState, Outcome, Repository
from testinfra.host import Host

from tests.support.playbooks import PROJECT, run_playbook
from tests.support.service import Service
from tests.support.site import ROOT

Deploy = Callable[..., Outcome]


def names(service: Service) -> set[str]:
    answer = service.request("GET", "/api/documents")
    assert answer.status_code == 200, answer.text
    return {item["name"] for item in answer.json()["items"]}


def query(host: Host, file: str, statement: str) -> str:
    opened = f"sqlite3.connect('file:{file}?mode=ro', uri=True)"
    script = f"import sqlite3; print({opened}.execute('{statement}').fetchone())"
    return str(host.check_output(f'python3 -c "{script}"'))


def test_a_migration_leaves_a_snapshot_that_a_rollback_brings_back(
    host: Host,
    repository: Repository,
    deploy: Deploy,
    state: HostState,
    connect: Callable[[], Service],
) -> None:
    service = connect()
    newest = max(path.name[:4] for path in (PROJECT / "app/migrations/versions").glob("[0-9]*.py"))
    following = f"{int(newest) + 1:04}"
    step = (
        "from alembic import op\nimport sqlalchemy as sa\n\n"
        f'revision = "{following}"\ndown_revision = "{newest}"\n\n\ndef upgrade() -> None:\n'
        '    op.create_table("further", sa.Column("id", sa.Integer, primary_key=True))\n'
    )
    repository.variant("migrating", f"app/migrations/versions/{following}_further.py", lambda _: step)
    init = repository.path / "app/migrations/__init__.py"
    init.write_text(init.read_text().replace(f'HEAD = "{newest}"', f'HEAD = "{following}"'))
    repository.git("commit", "--all", "--quiet", "--message", "head")

    assert service.upload("before.txt", b"before").status_code == 201
    old = state.release
    answer = deploy("migrating")
    assert answer.returncode == 0, answer.stdout[-3000:]
    assert f"take a snapshot of the data as {old} leaves it" in answer.stdout
    new = state.release
    snapshot = f"{ROOT}/releases/{old}/snapshot.db"
    assert host.file(snapshot).mode == 0o600
    version = "select version_num from alembic_version"
    assert query(host, snapshot, version) == f"('{newest}',)"
    assert query(host, f"{ROOT}/data/tencent_docs.db", version) == f"('{following}',)"
    assert service.upload("after.txt", b"after").status_code == 201
    assert {"before.txt", "after.txt"} <= names(service)

    refused = run_playbook("playbooks/rollback.yml", "-e", "restore_data=true")
    assert refused.returncode != 0
    assert "Nothing was changed" in refused.stdout
    assert state.release == new

    answer = run_playbook("playbooks/rollback.yml", "-e", "restore_data=true", "-e", "confirm=true")
    assert answer.returncode == 0, answer.stdout[-3000:]
    assert state.release == old
    service = connect()
    assert "before.txt" in names(service)
    assert "after.txt" not in names(service)
    assert query(host, f"{ROOT}/data/tencent_docs.db", version) == f"('{newest}',)"
    kept = f"{ROOT}/releases/{new}/snapshot.db"
    found = query(
        host, kept, "select count(*) from documents where name = char(97,102,116,101,114,46,116,120,116)"
    )
    assert found == "(1,)", found
    assert service.upload("later.txt", b"later").status_code == 201
    assert host.file(f"{ROOT}/data/tencent_docs.db").uid == 10001

    # And forth again, without data: the migration is still due, and is made.
    answer = deploy("migrating")
    assert answer.returncode == 0, answer.stdout[-3000:]
    assert query(host, f"{ROOT}/data/tencent_docs.db", version) == f"('{following}',)"
    assert "later.txt" in names(connect())

    # The tests that follow begin with the schema of the start.
    answer = run_playbook("playbooks/rollback.yml", "-e", "restore_data=true", "-e", "confirm=true")
    assert answer.returncode == 0, answer.stdout[-3000:]
    assert query(host, f"{ROOT}/data/tencent_docs.db", version) == f"('{newest}',)"


def test_data_of_a_release_without_a_snapshot_cannot_be_asked_for(state: HostState) -> None:
    release = state.release
    answer = run_playbook(
        "playbooks/rollback.yml", "-e", "release=none", "-e", "restore_data=true", "-e", "confirm=true"
    )
    assert answer.returncode != 0
    assert state.release == release
