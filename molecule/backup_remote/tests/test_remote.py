"""Backup, rehearsal and restore over real SFTP and S3 servers, and what happens when they are away."""

from __future__ import annotations

import pytest
from conftest import DATABASE, NAME, ROOT, SERVICES, STATE, Service
from testinfra.host import Host

testinfra_hosts = SERVICES


def test_a_backup_goes_to_the_other_side_and_a_rehearsal_reads_it_from_there(service: Service) -> None:
    assert service.run() == 0, service.journal()
    assert service.last()["status"] == "ok", service.journal()
    assert service.run("-rehearsal") == 0, service.journal()
    rehearsal = service.last("rehearsal")
    assert rehearsal["snapshot"] == service.last()["snapshot"] or rehearsal["snapshot"].startswith(
        service.last()["snapshot"]
    )
    assert (rehearsal["documents_sound"], rehearsal["rows"]["documents"]) == (5, 5)
    assert service.run("-check") == 0, service.journal()


def test_the_snapshot_is_on_the_other_side_and_unreadable_there(service: Service, storage: Host) -> None:
    assert service.run() == 0, service.journal()
    place = "/var/lib/rgw" if service.is_s3 else "/srv/keeper/backups"
    assert storage.run(f"grep -raq 'CREATE TABLE' {place}/restic").rc != 0
    if not service.is_s3:
        assert int(storage.check_output(f"find {place}/restic/snapshots -type f | wc -l")) >= 1
    else:
        assert int(storage.check_output(f"du -sk {place} | cut -f1")) > 1000


def test_all_comes_back_from_the_other_side(service: Service) -> None:
    """The host has lost its data; the state directory and the cache are gone as well."""
    host = service.host
    assert service.run() == 0, service.journal()
    host.check_output(f"rm -rf {STATE}/copy {STATE}/cache {ROOT}/data/files")
    plan = service.stage()
    assert (plan["whole"], plan["documents_sound"]) == (True, 5)
    host.check_output("tdm-backup swap")
    assert host.check_output(f"stat -c %u {DATABASE} {ROOT}/data/files | sort -u") == "10001"
    assert service.run() == 0, service.journal()
    assert service.last()["status"] == "ok", service.journal()


def test_a_server_that_is_away_is_unreachable_and_told_soon(service: Service, storage: Host) -> None:
    assert service.run() == 0, service.journal()
    success = service.last()["last_success"]
    stop, start = (
        ("stop ssh.service ssh.socket", "start ssh.service") if not service.is_s3 else ("stop s3", "start s3")
    )
    storage.check_output(f"systemctl {stop}")
    try:
        assert service.run() != 0
        last = service.last()
        assert (last["status"], last["cause"]) == ("failed", "unreachable"), last
        assert last["last_success"] == success
        assert last["seconds"] < 60, "restic by itself would try for 15 minutes"
        assert "tdm-backup list" in last["next"]
        assert service.run("-rehearsal") != 0
        assert service.last("rehearsal")["cause"] == "unreachable"
    finally:
        storage.check_output(f"systemctl {start}; sleep 2")
    assert service.run() == 0, service.journal()


def test_a_login_that_is_refused_is_named_and_makes_nothing_new(service: Service) -> None:
    host = service.host
    assert service.run() == 0, service.journal()
    file = f"{ROOT}/secrets/{'restic_environment' if service.is_s3 else 'restic_ssh_key'}"
    change = (
        f"sed 's/^AWS_SECRET_ACCESS_KEY=.*/AWS_SECRET_ACCESS_KEY=wrong/' {file} >{file}.new"
        if service.is_s3
        else f"rm -f {file}.new && ssh-keygen -q -t ed25519 -N '' -f {file}.new"
    )
    host.check_output(
        f"cp -a {file} {file}.kept && {change} && chmod 0400 {file}.new && mv {file}.new {file}"
    )
    try:
        assert service.run() != 0
        last = service.last()
        assert last["cause"] == "unreachable", last
        words = "signature" if service.is_s3 else "unable to start the sftp session"
        assert words in last["error"], last
    finally:
        host.check_output(f"mv {file}.kept {file}")
    assert service.run() == 0, service.journal()


def test_keys_are_in_no_command_line_and_for_root_alone(service: Service) -> None:
    host = service.host
    for name in ("restic_password", "restic_environment" if service.is_s3 else "restic_ssh_key"):
        file = host.file(f"{ROOT}/secrets/{name}")
        assert (file.user, file.mode) == ("root", 0o400)
    secrets = [host.file(f"{ROOT}/secrets/restic_password").content_string.strip()]
    if service.is_s3:
        lines = host.file(f"{ROOT}/secrets/restic_environment").content_string.splitlines()
        secrets += [line.partition("=")[2] for line in lines if line.startswith("AWS_SECRET")]
    host.check_output(
        f"systemctl start --no-block {NAME}-backup.service; for i in $(seq 40); do"
        " cat /proc/[0-9]*/cmdline | tr '\\0' ' ' >>/var/tmp/seen; sleep 0.05; done"
    )
    seen = host.check_output("cat /var/tmp/seen; rm /var/tmp/seen")
    assert "restic" in seen, "restic was not caught at work, or the test proves nothing"
    for secret in secrets:
        assert len(secret) > 20
        assert secret not in seen
        assert secret not in host.check_output("journalctl --no-pager")


@pytest.mark.parametrize("unit", ["backup", "backup-rehearsal", "backup-check"])
def test_the_units_reach_the_network_and_nothing_else_more(service: Service, unit: str) -> None:
    shown = service.host.check_output(f"systemctl show {NAME}-{unit}.service").splitlines()
    for line in ("PrivateNetwork=no", "ProtectSystem=strict", "NoNewPrivileges=yes", "Nice=19"):
        assert line in shown
