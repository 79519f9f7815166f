"""Nginx's own image and configuration change without a refused connection."""

from __future__ import annotations

import pytest
from conftest import HostState, assert_unnoticed
from steady_client import SteadyClient
from testinfra.host import Host

from tests.support.playbooks import run_playbook
from tests.support.site import ROOT

PLAYBOOK = "molecule/release/nginx.yml"
NGINX = "tencent-doc-manager-nginx-1"
RULES = "iptables-save | grep -c nginx-swap"


def image(host: Host) -> str:
    return str(host.check_output(f"docker inspect --format '{{{{.Config.Image}}}}' {NGINX}"))


def own_failures(client: SteadyClient) -> list[str]:
    """Refused connections; an idle one may be closed at any time, which its client then notices."""
    return [failure for failure in client.failures if "refused" in failure.lower() or "timed out" in failure]


def test_another_image_takes_over_without_a_refused_connection(
    host: Host, state: HostState, steady: SteadyClient
) -> None:
    before = image(host)
    with steady:
        answer = run_playbook(PLAYBOOK, "-e", "nginx_image=tencent-doc-manager/nginx:another")
    assert answer.returncode == 0, answer.stdout[-3000:]
    assert image(host) == "tencent-doc-manager/nginx:another" != before
    assert own_failures(steady) == [], steady.failures[:5]
    assert len(steady.failures) <= 2, steady.failures[:5]
    assert steady.requests > 100
    assert host.run(RULES).stdout.strip() == "0", host.run(RULES).stdout
    assert "nginx-stand-in" not in state.containers()
    assert "changed=0" in run_playbook(PLAYBOOK, "-e", "nginx_image=tencent-doc-manager/nginx:another").stdout
    back = run_playbook(PLAYBOOK)
    assert back.returncode == 0, back.stdout[-3000:]
    assert image(host) == before


def test_another_configuration_is_taken_without_a_refused_connection(
    host: Host, steady: SteadyClient
) -> None:
    started = host.check_output(f"docker inspect --format '{{{{.State.StartedAt}}}}' {NGINX}")
    with steady:
        answer = run_playbook(PLAYBOOK, "-e", "nginx_keepalive_timeout=64")
    assert answer.returncode == 0, answer.stdout[-3000:]
    assert "keepalive_timeout 64s;" in host.file(f"{ROOT}/nginx/nginx.conf").content_string
    assert host.check_output(f"docker inspect --format '{{{{.State.StartedAt}}}}' {NGINX}") == started
    assert own_failures(steady) == [], steady.failures[:5]
    assert run_playbook(PLAYBOOK).returncode == 0


def test_an_image_that_does_not_start_leaves_the_old_one_serving(
    host: Host, state: HostState, steady: SteadyClient
) -> None:
    before = image(host)
    host.check_output("docker tag $(docker image ls -q tencent-doc-manager/redis | head -n 1) broken/nginx:1")
    options = ("-e", "nginx_image=broken/nginx:1", "-e", "nginx_image_build=false")
    with steady:
        answer = run_playbook(PLAYBOOK, *options)
    assert answer.returncode != 0
    assert "does not answer" in answer.stdout or "could not be started" in answer.stdout, answer.stdout[
        -3000:
    ]
    assert_unnoticed(steady)
    assert image(host) == before
    assert "nginx-stand-in" not in state.containers()
    assert host.run(RULES).stdout.strip() == "0"
    mended = run_playbook(PLAYBOOK)
    assert mended.returncode == 0, mended.stdout[-3000:]
    assert image(host) == before


@pytest.mark.parametrize("moment", [0.5, 2.5])
def test_a_swap_that_was_killed_is_done_again(
    moment: float, host: Host, state: HostState, steady: SteadyClient
) -> None:
    host.check_output(f"sed -i 's/pids: 64/pids: 6{int(moment * 2)}/' {ROOT}/compose/nginx.yaml")
    with steady:
        host.run(f"timeout --signal=KILL {moment} {ROOT}/bin/nginx-swap")
        answer = run_playbook(PLAYBOOK)
    assert answer.returncode == 0, answer.stdout[-3000:]
    assert own_failures(steady) == [], steady.failures[:5]
    assert host.run(RULES).stdout.strip() == "0"
    assert "nginx-stand-in" not in state.containers()
