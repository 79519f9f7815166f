"""The operator's way back, on the running service: a backup, a loss, and playbooks/restore.yml."""

from __future__ import annotations

import hashlib
import os
from typing import Any

from tests.support.playbooks import run_playbook
from tests.support.service import Service
from tests.support.site import ROOT

RESTORE = "playbooks/restore.yml"


def test_documents_come_back_alone_and_with_all_others(admin: Service, host: Any) -> None:
    content = os.urandom(200_000)
    kept = admin.upload("kept.bin", content).json()["id"]
    taken = run_playbook("playbooks/backup.yml")
    assert taken.returncode == 0, taken.stdout
    assert "are new" in taken.stdout
    later = admin.upload("later.bin", b"later").json()["id"]

    # One document, while the service goes on.
    assert admin.request("DELETE", f"/api/documents/{kept}").status_code == 204
    digest = hashlib.sha256(content).hexdigest()
    host.check_output(f"cd {ROOT}/data/files && rm $(sha256sum */* | grep ^{digest} | cut -c67-)")
    answer = run_playbook(RESTORE, "-e", f"document={kept}")
    assert answer.returncode == 0, answer.stdout
    assert '"kept.bin" is back' in answer.stdout
    assert "1 files restored" in answer.stdout
    assert admin.download(kept) == content
    assert admin.download(later) == b"later"

    # Without a confirmation nothing is replaced; an unknown snapshot is answered with those there are.
    assert run_playbook(RESTORE).returncode != 0
    unknown = run_playbook(RESTORE, "-e", "snapshot=deadbeef", "-e", "confirm=true")
    assert unknown.returncode != 0
    assert "there is no snapshot deadbeef. There are:" in unknown.stdout
    listed = run_playbook(RESTORE, "-e", "list=true")
    assert listed.returncode == 0, listed.stdout
    assert "docs.company.com" in listed.stdout
    assert admin.download(later) == b"later"

    # All of it: the later document is not in the snapshot, and comes back with the replaced state.
    whole = run_playbook(RESTORE, "-e", "confirm=true")
    assert whole.returncode == 0, whole.stdout
    assert "app and worker were away for" in whole.stdout
    assert admin.download(kept) == content
    assert admin.request("GET", f"/api/documents/{later}").status_code == 404
    assert admin.request("GET", "/api/health").json()["status"] == "ok"
    undone = run_playbook(RESTORE, "-e", "confirm=true", "-e", "source=replaced")
    assert undone.returncode == 0, undone.stdout
    assert admin.download(later) == b"later"
    owners = host.check_output(f"stat -c %u {ROOT}/data/files {ROOT}/data/tencent_docs.db*").split()
    assert set(owners) == {"10001"}
    # Nginx, which went on, sends what came after the restore, too.
    fresh = admin.upload("fresh.bin", b"fresh").json()["id"]
    assert admin.download(fresh) == b"fresh"
    job = admin.request("POST", "/api/jobs", json={"kind": "export", "documents": [later]})
    assert job.status_code == 202, job.text
    assert admin.wait_for_job(job.json()["id"])["status"] == "succeeded"
