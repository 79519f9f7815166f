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

    def run(self, kind: str = "backup") -> int:
        suffix = "" if kind == "backup" else f"-{kind}"
        return int(self.host.run(f"systemctl start {self.unit}{suffix}.service").rc)

    def last(self, kind: str = "backup") -> dict[str, Any]:
        name = "last" if kind == "backup" else kind
        found: dict[str, Any] = json.loads(self.host.file(f"{self.state}/{name}.json").content_string)
        return found

    def journal(self) -> str:
        return str(self.host.run(f"journalctl -u '{self.unit}*' -n 30 --no-pager").stdout)

    def restic(self, words: str) -> str:
        return str(self.host.check_output(f"tdm-restic {words}"))

    def size(self) -> int:
        return int(self.host.check_output(f"du -sk {self.repository}").split()[0]) << 10

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


@pytest.mark.parametrize("kind", ["", "-rehearsal", "-check"])
def test_each_kind_of_work_has_its_timer_and_gives_way(backup: Backup, kind: str) -> None:
    timer = backup.host.service(f"{backup.unit}{kind}.timer")
    assert timer.is_enabled
    assert timer.is_running
    shown = backup.host.check_output(f"systemctl show {backup.unit}{kind}.service").splitlines()
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
    assert last["last_success"] == {key: last[key] for key in ("time", "snapshot", "finished_at")}
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


def fails(backup: Backup, cause: str, *words: str, kind: str = "backup") -> dict[str, Any]:
    """Run what must fail: result file and journal say why and what to type; the last success stays."""
    success = backup.last(kind)["last_success"]
    assert success
    assert backup.run(kind) != 0
    last = backup.last(kind)
    assert (last["kind"], last["status"], last["ok"], last["snapshot"]) == (kind, "failed", False, None)
    assert last["cause"] == cause, last
    assert last["last_success"] == success
    for word in words:
        assert word in last["error"], last
        assert word in backup.journal()
    assert last["next"] in backup.journal()
    return last


def test_a_wrong_password_is_told_and_makes_no_second_repository(backup: Backup) -> None:
    assert backup.run() == 0, backup.journal()
    password = f"{backup.root}/secrets/restic_password"
    backup.host.check_output(
        f"cp -a {password} {password}.kept && echo wrong >{password}.new && mv {password}.new {password}"
    )
    try:
        last = fails(backup, "lost_password", "cannot be opened", "wrong password")
        assert f"systemctl start {backup.unit}.service" in last["next"]
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
        fails(backup, "failed", "damaged")
    finally:
        backup.host.check_output(f"mv {database}.kept {database}")
    assert backup.run() == 0, backup.journal()


def test_a_missing_database_is_told(backup: Backup) -> None:
    database = f"{backup.root}/data/tencent_docs.db"
    assert backup.run() == 0, backup.journal()
    backup.host.check_output(f"mv {database} {database}.kept")
    try:
        fails(backup, "failed", f"there is no database {database}")
    finally:
        backup.host.check_output(f"mv {database}.kept {database}")


def test_two_never_run_at_once(backup: Backup) -> None:
    assert backup.run() == 0, backup.journal()
    before = backup.last()
    done = backup.host.run(f"flock {backup.state}/lock tdm-backup backup")
    assert done.rc == 75
    assert "another one is running" in done.stderr
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


def test_the_password_was_shown_and_is_not_shown_again(backup: Backup) -> None:
    assert backup.host.file(f"{backup.state}/password-shown").mode == 0o600
    assert backup.host.check_output("tdm-backup password") == ""


def test_a_rehearsal_proves_that_the_newest_snapshot_can_be_restored(backup: Backup, writer: None) -> None:
    assert backup.run() == 0, backup.journal()
    taken = backup.last()
    assert backup.run("rehearsal") == 0, backup.journal()
    last = backup.last("rehearsal")
    # The older restic prints a short id when it stores.
    assert (last["status"], last["cause"], last["snapshot"][:8]) == ("ok", "", taken["snapshot"][:8])
    assert (last["documents_sound"], last["documents_missing"], last["documents_damaged"]) == (5, 0, 0)
    assert last["rows"]["document_versions"] == 5
    assert last["rows"]["ledger"] == last["rows"]["mirror"] > 0
    assert taken["finished_at"] <= last["started_at"] <= last["finished_at"]
    assert not backup.host.file(f"{backup.state}/rehearsal").exists, "the scratch directory is gone"


def test_a_rehearsal_sees_a_document_that_is_not_what_it_was(backup: Backup) -> None:
    """A byte that changed on the service's disk: each backup succeeds, and is useless for it."""
    host, files = backup.host, f"{backup.root}/data/files"
    path = host.check_output(f"find {files} -mindepth 2 -type f | sort | head -n 1")
    host.check_output(f"cp -a {path} /var/tmp/sound && printf X | dd of={path} bs=1 seek=9 conv=notrunc 2>&1")
    try:
        assert backup.run() == 0, backup.journal()
        fails(
            backup,
            "damaged_repository",
            "1 differ from their SHA-256",
            path[len(files) + 1 :],
            kind="rehearsal",
        )
    finally:
        host.check_output(f"mv /var/tmp/sound {path}")
    assert backup.run() == 0, backup.journal()
    assert backup.run("rehearsal") == 0, backup.journal()


def test_the_check_reads_the_repository_part_by_part(backup: Backup) -> None:
    assert backup.run() == 0, backup.journal()
    parts = []
    for _ in range(2):
        assert backup.run("check") == 0, backup.journal()
        parts.append(backup.last("check")["part"])
    assert parts[1] == parts[0] % backup.last("check")["parts"] + 1


@pytest.fixture
def mended(backup: Backup) -> Iterator[None]:
    """Whatever happens to the repository, it is put back."""
    assert backup.run() == 0, backup.journal()
    assert backup.run("check") == 0, backup.journal()
    backup.host.check_output(f"rm -rf /var/tmp/kept && cp -a {backup.repository} /var/tmp/kept")
    yield
    backup.host.check_output(f"rm -rf {backup.repository} && mv /var/tmp/kept {backup.repository}")
    assert backup.run() == 0, backup.journal()


def test_damaged_data_is_found_by_check_and_rehearsal(backup: Backup, mended: None, writer: None) -> None:
    host = backup.host
    host.check_output(
        f"for f in $(find {backup.repository}/data -type f); do chmod u+w $f;"
        " head -c 200 /dev/urandom | dd of=$f bs=1 seek=100 conv=notrunc status=none; done"
    )
    host.check_output(f"rm -rf {backup.state}/cache")
    last = fails(backup, "damaged_repository", kind="rehearsal")
    assert "tdm-backup check" in last["next"]
    # Every part must find it, for nothing is whole.
    fails(backup, "damaged_repository", kind="check")


@pytest.mark.parametrize("what", ["config", "keys", "index"])
def test_a_repository_without_its_head_is_damaged(backup: Backup, mended: None, what: str) -> None:
    backup.host.check_output(f"rm -rf {backup.repository}/{what} {backup.state}/cache")
    fails(backup, "damaged_repository", kind="rehearsal")


def test_a_disk_that_is_not_mounted_gets_no_second_repository(backup: Backup, mended: None) -> None:
    backup.host.check_output(f"rm -rf {backup.repository}")
    fails(backup, "damaged_repository", "is its disk mounted?")
    assert not backup.host.file(backup.repository).exists


def test_a_full_disk_of_the_backups_is_told_at_once(backup: Backup, mended: None, writer: None) -> None:
    host, repository = backup.host, backup.repository
    host.check_output(
        f"mkdir -p /var/tmp/full && mount -t tmpfs -o size={backup.size() + (4 << 20)} tmpfs /var/tmp/full"
        f" && cp -a {repository}/. /var/tmp/full/ && mount --bind /var/tmp/full {repository}"
        f" && head -c 12000000 /dev/urandom >{backup.root}/data/files/big"
    )
    try:
        last = fails(backup, "disk_full", "no space left on device")
        assert f"df -h {repository}" in last["next"]
        assert last["seconds"] < 30, "restic by itself would try for 15 minutes"
    finally:
        host.check_output(f"umount {repository} /var/tmp/full; rm -f {backup.root}/data/files/big")


def test_a_full_disk_of_the_host_is_told(backup: Backup) -> None:
    assert backup.run() == 0, backup.journal()
    host = backup.host
    host.check_output(f"mount -t tmpfs -o size=1m tmpfs {backup.state}/copy")
    try:
        last = fails(backup, "disk_full", "has no room for the copy of the database")
        assert "df -h" in last["next"]
    finally:
        host.check_output(f"umount {backup.state}/copy")
    assert backup.run() == 0, backup.journal()


def test_a_repository_that_somebody_else_holds_is_busy(backup: Backup) -> None:
    assert backup.run() == 0, backup.journal()
    host = backup.host
    # A check holds it for itself; stopped in the middle, it lives and goes on holding it.
    host.check_output("systemd-run --unit=holder --collect /usr/local/bin/tdm-restic check --read-data")
    try:
        host.check_output(
            f"for i in $(seq 100); do ls -A {backup.repository}/locks | grep -q . && break; sleep 0.05; done;"
            " systemctl kill --signal=STOP holder"
        )
        last = fails(backup, "busy", "already locked")
        assert "list locks" in last["next"]
    finally:
        host.run("systemctl kill --signal=CONT holder; systemctl stop holder")
    assert backup.run() == 0, backup.journal()
