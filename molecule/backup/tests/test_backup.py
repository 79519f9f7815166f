"""A backup taken under writes can be restored whole; a failing one says why and harms nobody."""

from __future__ import annotations

import json
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from testinfra.host import Host


@dataclass
class Backup:
    """The backup of one test host: its names, its commands, its result."""

    host: Host
    name: str
    root: str
    repository: str

    @property
    def unit(self) -> str:
        return f"{self.name}-backup"

    @property
    def state(self) -> str:
        return f"/var/lib/{self.unit}"

    def run(self) -> int:
        return int(self.host.run(f"systemctl start {self.unit}.service").rc)

    def last(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.host.file(f"{self.state}/last.json").content_string)
        return found

    def journal(self) -> str:
        return str(self.host.run(f"journalctl -u {self.unit} -n 30 --no-pager").stdout)

    def restic(self, words: str) -> str:
        return str(self.host.check_output(f"tdm-restic {words}"))

    def python(self, code: str) -> str:
        return str(self.host.check_output(f"python3 -c {shlex.quote(code)}"))

    def rows(self, database: str) -> dict[str, Any]:
        """Return the integrity check, the rows of both tables and whether they are the same."""
        code = f"import sqlite3; d = sqlite3.connect('file:{database}?mode=ro', uri=True)"
        for query in (
            "PRAGMA integrity_check",
            "SELECT count(*) FROM ledger",
            "SELECT count(*) FROM mirror",
            "SELECT count(*) FROM (SELECT * FROM ledger EXCEPT SELECT * FROM mirror)",
        ):
            code += f"; print(d.execute('{query}').fetchone()[0])"
        integrity, ledger, mirror, odd = self.python(code).split()
        return {"integrity": integrity, "ledger": int(ledger), "mirror": int(mirror), "odd": int(odd)}


@pytest.fixture
def backup(host: Host) -> Backup:
    if host.file("/srv/other").exists:
        return Backup(host, "other-name", "/srv/other", "/srv/backups/repository")
    root = "/opt/tencent-doc-manager"
    return Backup(host, "tencent-doc-manager", root, "/opt/backups/tencent-doc-manager/restic")


@pytest.fixture
def writer(host: Host) -> Iterator[None]:
    """Somebody who writes rows all the time."""
    host.check_output("systemctl start writer.service")
    yield
    assert host.service("writer").is_running, "the backup disturbed the writer"
    host.check_output("systemctl stop writer.service")


def test_the_timer_is_set(backup: Backup) -> None:
    timer = backup.host.service(f"{backup.unit}.timer")
    assert timer.is_enabled
    assert timer.is_running
    shown = backup.host.check_output(
        f"systemctl show {backup.unit}.timer -p TimersCalendar -p RandomizedDelayUSec -p Persistent"
    )
    expected = ("04:00:00", "=1min") if backup.name == "other-name" else ("02:30:00", "=30min")
    for part in (*expected, "Persistent=yes"):
        assert part in shown


def test_the_unit_is_confined_and_gives_way(backup: Backup) -> None:
    shown = backup.host.check_output(f"systemctl show {backup.unit}.service").splitlines()
    memory = 300 if backup.name == "other-name" else 256
    for line in (
        "ProtectSystem=strict",
        "NoNewPrivileges=yes",
        "PrivateNetwork=yes",
        "Nice=19",
        "IOSchedulingClass=3",
        f"MemoryMax={memory << 20}",
    ):
        assert line in shown


def test_only_root_reads_the_password_and_the_repository(backup: Backup) -> None:
    password = backup.host.file(f"{backup.root}/secrets/restic_password")
    assert (password.user, password.mode) == ("root", 0o400)
    assert len(password.content_string.strip()) >= 32
    assert backup.host.file(backup.repository.rpartition("/")[0]).mode == 0o700


def test_a_backup_under_writes_restores_whole(backup: Backup, writer: None) -> None:
    host, data = backup.host, f"{backup.root}/data"
    before = backup.rows(f"{data}/tencent_docs.db")["ledger"]
    assert backup.run() == 0, backup.journal()
    after = backup.rows(f"{data}/tencent_docs.db")["ledger"]
    last = backup.last()
    assert (last["ok"], last["error"]) == (True, ""), backup.journal()
    assert last["bytes"] > 1_500_000, "the documents and the database"
    assert last["last_success"] == {"time": last["time"], "snapshot": last["snapshot"]}
    host.check_output("rm -rf /var/tmp/restored")
    backup.restic(f"restore {last['snapshot']} --target /var/tmp/restored")
    rows = backup.rows(f"/var/tmp/restored{backup.state}/copy/tencent_docs.db")
    assert rows["integrity"] == "ok"
    assert rows["odd"] == 0
    assert rows["ledger"] == rows["mirror"]
    assert before <= rows["ledger"] <= after
    assert after > before, "somebody wrote meanwhile, or the test proves nothing"
    sums = "cd '{}' && find . -type f | sort | xargs -d '\\n' sha256sum"
    assert host.check_output(sums.format(f"/var/tmp/restored{data}/files")) == host.check_output(
        sums.format(f"{data}/files")
    )
    assert "no errors were found" in backup.restic("check --read-data")


def test_the_files_of_the_database_stay_the_services(backup: Backup, writer: None) -> None:
    """SQLite run by root must leave no file behind that the service cannot write."""
    assert backup.run() == 0, backup.journal()
    owners = backup.host.check_output(f"stat -c %u {backup.root}/data/tencent_docs.db*").split()
    assert set(owners) == {"10001"}


def test_the_result_is_for_everybody_and_the_copy_for_root(backup: Backup) -> None:
    assert backup.run() == 0, backup.journal()
    assert backup.host.check_output(f"setpriv --reuid=65534 --clear-groups cat {backup.state}/last.json")
    assert backup.host.run(f"setpriv --reuid=65534 --clear-groups ls {backup.state}/copy").rc != 0


def test_old_snapshots_go(backup: Backup) -> None:
    for _ in range(5):
        assert backup.run() == 0, backup.journal()
    kept = len(json.loads(backup.restic("snapshots --json")))
    # Newer versions of restic keep the oldest one, too, until a period is full.
    assert kept in ((2,) if backup.name == "other-name" else (3, 4))


def fails(backup: Backup, *words: str) -> None:
    """Run a backup that must fail: result file and journal say why, and the last success stays known."""
    success = backup.last()["last_success"]
    assert success
    assert backup.run() != 0
    last = backup.last()
    assert last["ok"] is False
    assert last["snapshot"] is None
    assert last["last_success"] == success
    for word in words:
        assert word in last["error"], last
        assert word in backup.journal()


def test_a_wrong_password_is_told_and_makes_no_second_repository(backup: Backup) -> None:
    assert backup.run() == 0, backup.journal()
    password = f"{backup.root}/secrets/restic_password"
    backup.host.check_output(
        f"cp -a {password} {password}.kept && echo wrong >{password}.new && mv {password}.new {password}"
    )
    try:
        fails(backup, "cannot be opened", "wrong password")
    finally:
        backup.host.check_output(f"mv {password}.kept {password}")
    assert backup.run() == 0, backup.journal()


def test_a_damaged_database_is_not_taken_for_a_good_one(backup: Backup) -> None:
    assert backup.run() == 0, backup.journal()
    database = f"{backup.root}/data/tencent_docs.db"
    backup.host.check_output(f"cp -a {database} {database}.kept")
    try:
        # Pages in the middle of the file: the header still looks well.
        backup.host.check_output(
            f"dd if=/dev/urandom of={database} bs=4096 seek=5 count=20 conv=notrunc 2>&1"
        )
        fails(backup, "damaged")
    finally:
        backup.host.check_output(f"mv {database}.kept {database}")
    assert backup.run() == 0, backup.journal()


def test_a_missing_database_is_told(backup: Backup) -> None:
    database = f"{backup.root}/data/tencent_docs.db"
    assert backup.run() == 0, backup.journal()
    backup.host.check_output(f"mv {database} {database}.kept")
    try:
        fails(backup, f"there is no database {database}")
    finally:
        backup.host.check_output(f"mv {database}.kept {database}")


def test_two_never_run_at_once(backup: Backup) -> None:
    assert backup.run() == 0, backup.journal()
    before = backup.last()
    command = f"python3 -I {backup.root}/backup/backup.py --config {backup.root}/backup/config.json"
    done = backup.host.run(f"flock {backup.state}/lock {command}")
    assert done.rc == 75
    assert "another backup is running" in done.stderr
    assert backup.last() == before


def test_a_backup_that_was_killed_leaves_the_next_one_alone(backup: Backup) -> None:
    """SIGKILL in the middle, with restic's lock in the repository and a half-made copy."""
    backup.host.check_output(f"systemctl start --no-block {backup.unit}.service; sleep 0.7")
    backup.host.run(f"systemctl kill --signal=SIGKILL {backup.unit}.service")
    backup.host.run(f"systemctl reset-failed {backup.unit}.service")
    assert backup.run() == 0, backup.journal()
    assert backup.last()["ok"] is True


def test_the_environment_reaches_restic_as_it_was_given(backup: Backup) -> None:
    if backup.name != "other-name":
        assert not backup.host.file(f"{backup.root}/secrets/restic_environment").exists
        return
    file = f"{backup.root}/secrets/restic_environment"
    assert backup.host.file(file).mode == 0o400
    wanted = 'it\'s $HOME "quoted"'
    assert backup.host.check_output(f'. {file}; printf %s "$PASSING"') == wanted
    shown = backup.host.check_output(
        f"systemd-run --wait --pipe -q -p EnvironmentFile={file} printenv PASSING"
    )
    assert shown == wanted
