"""The base image, whichever way it came."""

from __future__ import annotations

import json
from collections.abc import Callable

from testinfra.host import Host

IMAGE = "tencent-doc-manager/base:trixie"


def inside(host: Host, command: str) -> str:
    return str(host.check_output(f"docker run --rm --network none {IMAGE} sh -c '{command}'"))


def test_is_debian_trixie_and_small(host: Host) -> None:
    assert "VERSION_CODENAME=trixie" in inside(host, "cat /etc/os-release")
    image = json.loads(host.check_output(f"docker image inspect {IMAGE}"))[0]
    assert image["Size"] < 130_000_000
    assert image["Config"]["Cmd"] == ["bash"]
    assert any(variable.startswith("PATH=/usr/local/sbin:") for variable in image["Config"]["Env"])


def test_packages_can_be_installed_on_it_from_a_signed_mirror(host: Host) -> None:
    install = "apt-get update && apt-get install --yes --no-install-recommends tree && tree --version"
    output = host.run(f"docker run --rm {IMAGE} sh -c '{install}'")
    assert output.rc == 0, output.stdout[-800:] + output.stderr[-800:]
    assert "trusted=yes" not in inside(
        host, "cat /etc/apt/sources.list /etc/apt/sources.list.d/* 2>/dev/null; true"
    )


def test_leaves_nothing_of_the_making_behind(host: Host) -> None:
    left = inside(
        host,
        "ls /usr/share/man /usr/share/doc/*/changelog* /var/lib/apt/lists /var/cache/apt 2>/dev/null; true",
    )
    assert "changelog" not in left
    assert "Packages" not in left
    assert host.run("ls -d /var/tmp/base-image.*").rc != 0


def test_came_the_way_it_was_told(host: Host) -> None:
    made_here = host.run("command -v mmdebstrap").rc == 0
    assert made_here == host.backend.get_hostname().endswith("bootstrap")


def test_says_what_to_do_when_neither_way_works(converge: Callable[..., tuple[int, str]], host: Host) -> None:
    status, output = converge(
        stack_base_image_tag="none",
        base_image_source="auto",
        base_image_name="127.0.0.1:9/library/debian:none",
        base_image_bootstrap_mirror="http://127.0.0.1:9/debian",
    )
    assert status != 0
    message = output[output.index("No base image") :]
    for word in (
        "127.0.0.1:9/library/debian:none",
        "docker_registry_mirrors",
        "http://127.0.0.1:9/debian",
        "base_image_bootstrap_mirror",
    ):
        assert word in message, message[:1500]
    assert "base:none" not in host.check_output("docker image ls --format '{{.Repository}}:{{.Tag}}'")


def test_says_what_to_do_when_the_registry_is_all_there_is(converge: Callable[..., tuple[int, str]]) -> None:
    status, output = converge(
        stack_base_image_tag="none",
        base_image_source="registry",
        base_image_name="127.0.0.1:9/library/debian:none",
    )
    assert status != 0
    assert "Set docker_registry_mirrors to one that this host reaches" in output
