"""A deploy and a rollback that nobody notices."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator

import requests
from conftest import HostState, Outcome, Repository, assert_unnoticed, figures
from steady_client import SteadyClient
from testinfra.host import Host

from tests.support.playbooks import run_playbook
from tests.support.service import Service
from tests.support.site import ROOT

Deploy = Callable[..., Outcome]


class SlowUpload(threading.Thread):
    """An upload whose body takes `seconds` to arrive."""

    def __init__(self, service: Service, seconds: int) -> None:
        super().__init__()
        self.service = service
        self.seconds = seconds
        self.answer: requests.Response | None = None

    def run(self) -> None:
        self.answer = self.service.request(
            "POST",
            "/api/upload",
            data=self._body(),
            headers={"Content-Type": "multipart/form-data; boundary=b"},
            timeout=120,
        )

    def _body(self) -> Iterator[bytes]:
        yield b'--b\r\nContent-Disposition: form-data; name="file"; filename="slow.txt"\r\n\r\n'
        for _ in range(self.seconds * 4):
            yield b"0123456789" * 100
            time.sleep(0.25)
        yield b"\r\n--b--\r\n"


def test_a_deploy_is_not_noticed_and_a_slow_upload_is_finished(
    host: Host,
    repository: Repository,
    deploy: Deploy,
    state: HostState,
    steady: SteadyClient,
    connect: Callable[[], Service],
) -> None:
    before, slot = state.release, state.slot
    branch = repository.variant("second", "app/wsgi.py", lambda text: text + "# The second release.\n")
    upload = SlowUpload(connect(), 20)
    upload.start()
    with steady:
        answer = deploy(branch)
    upload.join()
    assert answer.returncode == 0, answer.stdout[-3000:]
    assert_unnoticed(steady)
    assert upload.answer is not None
    assert upload.answer.status_code == 201, upload.answer.text
    assert upload.answer.json()["size"] == 80_000
    assert state.release != before
    assert state.slot != slot
    assert state.previous == before
    assert state.running() >= {f"app-{state.slot}", "worker", "nginx"}
    assert f"app-{slot}" not in state.running()
    assert f"{before} -> {state.release}" in answer.stdout
    assert 0 < figures(answer.stdout)["serving"] <= figures(answer.stdout)["seconds"]
    for service in (f"app-{state.slot}", "worker"):
        label = host.check_output(
            f"docker inspect --format '{{{{.Config.Labels.release}}}}' tencent-doc-manager-{service}-1"
        )
        assert label == state.release, service
    memory = "/sys/fs/cgroup/memory/tencent-doc-manager-build/memory.max_usage_in_bytes"
    if host.file(memory).exists:
        assert int(host.file(memory).content_string) > 1_000_000, "the build ran somewhere else"
    last = state.audit()[-1]
    assert (last["what"], last["from"], last["to"], last["result"]) == ("deploy", before, state.release, "ok")
    assert "@" in last["who"]
    assert last["seconds"] > 0
    assert last["time"]


def test_the_same_release_again_changes_nothing(deploy: Deploy, state: HostState) -> None:
    slot = state.slot
    answer = deploy("second", "--check", "--diff")
    assert "changed=0" in answer.stdout, answer.stdout[-3000:]
    answer = deploy("second")
    assert "changed=0" in answer.stdout, answer.stdout[-3000:]
    assert state.slot == slot


def test_a_rollback_is_not_noticed_and_returns_to_the_release_before(
    state: HostState, steady: SteadyClient
) -> None:
    left, target = state.release, state.previous
    with steady:
        answer = run_playbook("playbooks/rollback.yml")
    assert answer.returncode == 0, answer.stdout[-3000:]
    assert_unnoticed(steady)
    assert (state.release, state.previous) == (target, left)
    assert 0 < figures(answer.stdout)["serving"] <= figures(answer.stdout)["seconds"]
    assert state.audit()[-1]["what"] == "rollback"
    assert state.audit()[-1]["to"] == target


def test_a_rollback_takes_the_name_of_a_release(state: HostState) -> None:
    target = state.previous
    answer = run_playbook("playbooks/rollback.yml", "-e", f"release={target}")
    assert answer.returncode == 0, answer.stdout[-3000:]
    assert state.release == target


def test_an_unknown_release_is_refused_with_the_names_of_those_there_are(state: HostState) -> None:
    before, slot = state.release, state.slot
    answer = run_playbook("playbooks/rollback.yml", "-e", "release=9.9.9-none-none")
    assert answer.returncode != 0
    assert "there is no release 9.9.9-none-none on this host" in answer.stdout
    assert state.previous in answer.stdout
    assert (state.release, state.slot) == (before, slot)


def test_what_is_live_is_started_again_when_a_secret_changes(
    deploy: Deploy, state: HostState, steady: SteadyClient
) -> None:
    """Another key is no other release: the same one is started in the other slot."""
    first = deploy("second", "-e", "app_claude_api_key=k7Jd92mXq0vLz81PbTn4Yw")
    assert first.returncode == 0, first.stdout[-3000:]
    slot, release = state.slot, state.release
    with steady:
        answer = deploy("second", "-e", "app_claude_api_key=Zq4Tn8wYb2Lk6Vd1Rc3Hx9")
    assert answer.returncode == 0, answer.stdout[-3000:]
    assert_unnoticed(steady)
    assert state.slot != slot
    assert state.release == release
    back = deploy("second")
    assert back.returncode == 0, back.stdout[-3000:]
    assert state.release != release


def test_pruning_keeps_the_live_release_and_the_one_before(
    host: Host, repository: Repository, deploy: Deploy, state: HostState
) -> None:
    before = state.release
    branch = repository.variant("third", "app/wsgi.py", lambda text: text + "# The third release.\n")
    answer = deploy(branch, "-e", "app_keep_releases=2")
    assert answer.returncode == 0, answer.stdout[-3000:]
    assert set(host.check_output(f"ls {ROOT}/releases").split()) == {before, state.release}
    images = host.check_output("docker image ls --format '{{.Tag}}' tencent-doc-manager/app").split()
    assert set(images) == {name.rpartition("-")[0] for name in (before, state.release)}
