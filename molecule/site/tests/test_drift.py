"""What changes by itself is no drift: rotated logs, security updates, samples, backups."""

from __future__ import annotations

from typing import Any

from tests.support.playbooks import run_playbook


def test_nothing_differs_after_rotation_and_an_automatic_update(host: Any) -> None:
    host.check_output("logrotate --force /etc/logrotate.conf")
    # A package as an automatic update would bring it: the same units run, the same files are there.
    host.check_output("apt-get install --reinstall --yes logrotate && unattended-upgrade")
    host.check_output(
        "systemctl start tencent-doc-manager-monitoring.service tencent-doc-manager-backup.service"
    )
    found = run_playbook("playbooks/drift.yml")
    assert found.returncode == 0, found.stdout[-3000:]
    assert "Nothing differs" in found.stdout
