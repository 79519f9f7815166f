"""What cannot work is refused with one clear message, and nothing is changed."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

import pytest
from conftest import Run, refused
from testinfra.host import Host

testinfra_hosts = ["tdm-stack-trixie"]


def test_too_small_a_machine_shows_the_sizing_table(host: Host, run: Run) -> None:
    output = refused(host, run, "-e", "stack_memory_max_mb=600")
    assert "This machine is too small for the service." in output
    assert "Too small: memory: 600 MB, needed 960 MB." in output
    assert "redis-queue" in output


@pytest.fixture
def another_distribution(host: Host) -> Iterator[None]:
    """A host that calls itself Ubuntu 18.04."""
    host.check_output(
        "cp -a /etc/os-release /etc/os-release.kept && rm /etc/os-release && "
        'printf \'ID=ubuntu\\nVERSION_ID="18.04"\\nPRETTY_NAME="Ubuntu 18.04.6 LTS"\\n\' >/etc/os-release'
    )
    yield
    host.check_output("mv -f /etc/os-release.kept /etc/os-release")


@pytest.mark.usefixtures("another_distribution")
def test_an_unsupported_release_is_named_with_those_that_work(host: Host, run: Run) -> None:
    output = refused(host, run)
    assert "This host runs Ubuntu 18.04.6 LTS, which is not supported" in output
    assert "Ubuntu 20.04, 22.04, 24.04; Debian 11, 12, 13" in output


@pytest.fixture
def small_disk(host: Host) -> Iterator[str]:
    """A path on a file system with next to no room."""
    host.check_output("mkdir -p /mnt/small && mount -t tmpfs -o size=16m tmpfs /mnt/small")
    yield "/mnt/small/service"
    host.check_output("umount /mnt/small && rmdir /mnt/small")


def test_a_full_disk_is_named(host: Host, run: Run, small_disk: str) -> None:
    output = refused(host, run, "-e", f"stack_root={small_disk}")
    assert f"The disk that holds {small_disk} has 16 MB free" in output
    assert "stack_disk_free_install_mb" in output
    assert not host.file(small_disk).exists


@pytest.fixture
def web_server(host: Host) -> Iterator[None]:
    """A process of somebody else on port 80."""
    host.check_output(
        "systemd-run --unit tdm-somebody --collect python3 -m http.server 80 "
        "&& timeout 20 sh -c 'until curl -so /dev/null http://127.0.0.1/; do sleep 0.2; done'"
    )
    yield
    host.check_output("systemctl stop tdm-somebody")


@pytest.mark.usefixtures("web_server")
def test_a_process_on_port_80_is_named(host: Host, run: Run) -> None:
    pid = host.check_output("systemctl show --value -p MainPID tdm-somebody")
    output = refused(host, run)
    assert "Port 80 is taken by the process python3" in output
    assert f"(pid {pid}," in output
    assert "stack_http_port" in output


@contextlib.contextmanager
def published(host: Host, project: str) -> Iterator[None]:
    """While a container of the project publishes port 443, without a proxy process that listens."""
    label = f"com.docker.compose.project={project}"
    name = f"{project}-web-1"
    try:
        host.check_output(
            f"docker run -d --name {name} --label {label} -p 443:443 sleeper /usr/bin/sleep 600"
        )
        assert "docker-proxy" not in host.check_output("ps -eo comm")
        yield
    finally:
        host.check_output(f"docker rm -f {name}")


def test_a_container_of_somebody_else_on_port_443_is_named(host: Host, run: Run) -> None:
    with published(host, "shop"):
        output = refused(host, run)
    assert "Port 443 is taken by the container shop-web-1 of the Compose project shop" in output


def test_our_own_container_does_not_stand_in_the_way(host: Host, run: Run) -> None:
    with published(host, "tencent-doc-manager"):
        done = run()
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize(
    ("option", "message"),
    [
        ("stack_domain=https://docs.company.com/", "leave out the scheme and the path"),
        ("stack_domian=docs.company.com", "Did you mean stack_domain?"),
        ("stack_uid_app=many", "argument 'stack_uid_app' is of type str"),
    ],
)
def test_bad_variables_are_explained(host: Host, run: Run, option: str, message: str) -> None:
    assert message in refused(host, run, "-e", option)
