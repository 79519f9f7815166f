"""The signed repository, on the host that takes its packages from one."""

from __future__ import annotations

from testinfra.host import Host


def elsewhere(host: Host) -> bool:
    """Whether this host takes the distribution's packages, which test_docker.py is about."""
    return not str(host.backend.get_hostname()).endswith("upstream")


def test_the_pinned_version_is_installed_and_stays(host: Host) -> None:
    if elsewhere(host):
        return
    assert host.package("docker-ce").version.startswith("5:28.")
    assert "5:29.0.0-1" in host.check_output("apt-cache madison docker-ce")
    candidate = host.check_output("apt-cache policy docker-ce | sed -n 's/ *Candidate: //p'")
    assert candidate.startswith("5:28.")
    assert not host.package("docker.io").is_installed


def test_one_entry_is_left_and_apt_is_content(host: Host) -> None:
    if elsewhere(host):
        return
    entries = host.check_output(
        "grep -rl /srv/docker-repository /etc/apt/sources.list /etc/apt/sources.list.d; true"
    )
    assert entries.split() == ["/etc/apt/sources.list.d/docker.sources"]
    update = host.run("apt-get update")
    assert update.rc == 0, update.stderr
    assert "W:" not in update.stderr


def test_what_belongs_to_others_is_left_alone(host: Host) -> None:
    if elsewhere(host):
        return
    assert "a line that stays" in host.file("/etc/apt/sources.list.d/docker-by-hand.list").content_string
    assert "somebody-elses" in host.file("/etc/apt/sources.list.d/several.sources").content_string


def test_a_repository_changed_behind_its_signature_is_refused(host: Host) -> None:
    if elsewhere(host):
        return
    release = "/srv/docker-repository/InRelease"
    tamper = f"sed -i 's/^Date: .*/Date: Mon, 01 Jan 2024 00:00:00 UTC/' {release}"
    host.check_output(f"cp {release} /var/tmp/InRelease && {tamper}")
    update = host.run("apt-get update")
    host.check_output(f"mv /var/tmp/InRelease {release}")
    assert "signature verification failed" in update.stderr, update.stderr
