"""A release that is killed at any step is taken up by the next one, and is not noticed either."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest
from conftest import HostState, Outcome, Repository, assert_unnoticed
from steady_client import SteadyClient
from testinfra.host import Host

from tests.support.site import ROOT

Deploy = Callable[..., Outcome]
OUTPUT = "/tmp/interrupted.log"
# What the program says when it begins the step that it is killed in.
STEPS = ["start app-", "smoke-test app-", "serves", "replace the worker", "drain and stop"]


@pytest.fixture(scope="module")
def two_releases(host: Host, repository: Repository, deploy: Deploy) -> list[str]:
    """Two releases on the host, images built, with nothing to migrate between them."""
    names = []
    for name in ("one", "two"):
        branch = repository.variant(
            name, "app/wsgi.py", lambda text, name=name: text + f"# Release {name}.\n"
        )
        answer = deploy(branch)
        assert answer.returncode == 0, answer.stdout[-3000:]
        names.append(HostState(host).release)
    return names


def kill_at(host: Host, release: str, step: str) -> str:
    """Starts a deploy on the host and kills its program at a step; what it had said."""
    host.check_output(f"rm -f {OUTPUT}")
    host.check_output(
        f"sh -c 'setsid {ROOT}/bin/release --who test deploy {release} >{OUTPUT} 2>&1 </dev/null & echo $!'"
    )
    script = (
        f"for i in $(seq 600); do grep -q -- '{step}' {OUTPUT} && "
        f"kill -9 $(cat {ROOT}/releases/.lock) && exit 0; sleep 0.05; done; exit 1"
    )
    done = host.run(f'bash -c "{script}"')
    said = str(host.file(OUTPUT).content_string)
    assert done.rc == 0, said
    return said


@pytest.mark.parametrize("step", STEPS)
def test_a_killed_release_is_taken_up_by_the_next_one(
    step: str, host: Host, two_releases: list[str], deploy: Deploy, state: HostState, steady: SteadyClient
) -> None:
    target = next(name for name in two_releases if name != state.release)
    origin = state.release
    with steady:
        said = kill_at(host, target, step)
        time.sleep(1)
        branch = "one" if target == two_releases[0] else "two"
        answer = deploy(branch)
    assert answer.returncode == 0, answer.stdout[-3000:]
    assert_unnoticed(steady)
    assert state.release == target, said
    assert state.previous == origin
    assert state.running() == {f"app-{state.slot}", "worker", "nginx", "redis-queue", "redis-cache"}
    assert next(line["result"] for line in state.audit()[-2:]) == "interrupted", state.audit()[-2:]
    again = deploy(branch)
    assert "changed=0" in again.stdout, again.stdout[-2000:]
